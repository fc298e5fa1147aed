//! The database of a measurement, a file of SQLite or a schema of PostgreSQL.

use std::path::Path;
use std::sync::Arc;

use punctual::store::{JobStore, PostgresStore, SqliteStore};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Outcome;

/// The database of a measurement, which has nothing in it at the beginning.
pub(crate) enum Place<'u> {
    /// A file, which stays.
    File(&'u str),
    /// A schema of its own, which is dropped by [`Place::clear`].
    Schema(&'u str, String),
}

/// A store of a measurement.
pub(crate) enum Opened {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl<'u> Place<'u> {
    /// Returns the database of an address. Each measurement begins with a new one, so that all begin
    /// alike.
    pub(crate) fn new(url: &'u str) -> Outcome<Self> {
        if url.starts_with("postgres") {
            return Ok(Self::Schema(url, format!("bench_{}", std::process::id())));
        }
        match url.strip_prefix("sqlite:") {
            Some(path) if !Path::new(path).exists() => Ok(Self::File(url)),
            _ => Err(format!(
                "`{url}` should be `sqlite:` and a file that is not there, or `postgres://` and a server"
            )
            .into()),
        }
    }

    /// Returns the file, for measurements that know no other database.
    pub(crate) fn file(&self) -> Option<&'u str> {
        match self {
            Self::File(url) => Some(url),
            Self::Schema(..) => None,
        }
    }

    pub(crate) async fn open(&self, prefix: &str) -> Outcome<Opened> {
        Ok(match self {
            Self::File(url) => Opened::Sqlite(SqliteStore::open(*url).prefix(prefix).await?),
            Self::Schema(url, schema) => {
                let store = PostgresStore::open(*url).schema(schema).prefix(prefix);
                Opened::Postgres(store.await?)
            }
        })
    }

    /// Leaves nothing on a server.
    pub(crate) async fn clear(&self) -> Outcome<()> {
        if let Self::Schema(url, schema) = self {
            let mut connection = Box::pin(PgConnection::connect(url)).await?;
            let drop =
                format!("SET client_min_messages = error; DROP SCHEMA IF EXISTS {schema} CASCADE");
            let dropped = sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection);
            Box::pin(dropped).await?;
        }
        Ok(())
    }
}

impl Opened {
    pub(crate) fn store(&self) -> Arc<dyn JobStore> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
