//! The database of a measurement, a file of SQLite, a schema of PostgreSQL or a database of MariaDB.

use std::path::Path;
use std::sync::Arc;

use punctual::store::{JobStore, MysqlStore, PostgresStore, SqliteStore};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Outcome;

/// The database of a measurement, which has nothing in it at the beginning.
pub(crate) enum Place<'u> {
    /// A file, which stays.
    File(&'u str),
    /// A schema of its own, which is dropped by [`Place::clear`].
    Schema(&'u str, String),
    /// The same for a database.
    Database(&'u str, String),
}

/// A store of a measurement.
pub(crate) enum Opened {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
    Mysql(MysqlStore),
}

impl<'u> Place<'u> {
    /// Returns the database of an address. Each measurement begins with a new one, so that all begin
    /// alike.
    pub(crate) fn new(url: &'u str) -> Outcome<Self> {
        let name = format!("bench_{}", std::process::id());
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => return Ok(Self::Schema(url, name)),
            Some(("mysql" | "mariadb", _)) => return Ok(Self::Database(url, name)),
            _ => {}
        }
        match url.strip_prefix("sqlite:") {
            Some(path) if !Path::new(path).exists() => Ok(Self::File(url)),
            _ => Err(format!(
                "`{url}` should be `sqlite:` and a file that is not there, or `postgres://` or `mysql://` \
                 and a server"
            )
            .into()),
        }
    }

    /// Returns the file, for measurements that know no other database.
    pub(crate) fn file(&self) -> Option<&'u str> {
        match self {
            Self::File(url) => Some(url),
            _ => None,
        }
    }

    pub(crate) async fn open(&self, prefix: &str) -> Outcome<Opened> {
        Ok(match self {
            Self::File(url) => Opened::Sqlite(SqliteStore::open(*url).prefix(prefix).await?),
            Self::Schema(url, schema) => {
                let store = PostgresStore::open(*url).schema(schema).prefix(prefix);
                Opened::Postgres(store.await?)
            }
            Self::Database(url, name) => {
                let make = format!("CREATE DATABASE IF NOT EXISTS {name}");
                Box::pin(on_mysql(url, make)).await?;
                let (server, _) = url.rsplit_once('/').unwrap_or((url, ""));
                let store = MysqlStore::open(format!("{server}/{name}")).prefix(prefix);
                Opened::Mysql(store.await?)
            }
        })
    }

    /// Leaves nothing on a server.
    pub(crate) async fn clear(&self) -> Outcome<()> {
        match self {
            Self::File(_) => Ok(()),
            Self::Schema(url, schema) => {
                let drop = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
                let drop = format!("SET client_min_messages = error; {drop}");
                Box::pin(on_postgres(url, drop)).await
            }
            Self::Database(url, name) => {
                Box::pin(on_mysql(url, format!("DROP DATABASE IF EXISTS {name}"))).await
            }
        }
    }
}

async fn on_postgres(url: &str, statement: String) -> Outcome<()> {
    let mut connection = Box::pin(PgConnection::connect(url)).await?;
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement.execute(&mut connection).await?;
    Ok(())
}

async fn on_mysql(url: &str, statement: String) -> Outcome<()> {
    let mut connection = Box::pin(MySqlConnection::connect(url)).await?;
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement.execute(&mut connection).await?;
    Ok(())
}

impl Opened {
    pub(crate) fn store(&self) -> Arc<dyn JobStore> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::Mysql(store) => Arc::new(store.clone()),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
            Self::Mysql(store) => store.close().await,
        }
    }
}
