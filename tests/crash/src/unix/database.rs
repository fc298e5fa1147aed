//! The database as another program sees it.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _};

use crate::unix::story::LONGEST;

/// Keeps all other connections from writing. They can read.
pub(crate) enum Lock {
    File(SqliteConnection),
    Tables(PgConnection),
}

impl Lock {
    /// Takes the lock of a database as soon as it is free.
    pub(crate) async fn of(url: &str) -> Self {
        Self::within(url, LONGEST).await.unwrap()
    }

    async fn within(url: &str, patience: Duration) -> Result<Self, sqlx::Error> {
        if url.starts_with("postgres:") {
            return Ok(Self::Tables(tables(url, patience).await?));
        }
        let options = SqliteConnectOptions::from_str(url)?.busy_timeout(patience);
        let mut connection = options.connect().await?;
        connection.execute("BEGIN EXCLUSIVE").await?;
        Ok(Self::File(connection))
    }

    pub(crate) async fn release(self) {
        match self {
            Self::File(mut connection) => {
                connection.execute("ROLLBACK").await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Tables(mut connection) => {
                connection.execute("ROLLBACK").await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

/// Locks all tables in a transaction that stays open.
async fn tables(url: &str, patience: Duration) -> Result<PgConnection, sqlx::Error> {
    let mut connection = Box::pin(PgConnection::connect(url)).await?;
    let names = "SELECT string_agg(quote_ident(tablename), ', ') AS names \
        FROM pg_tables WHERE schemaname = 'public'";
    let names: String = connection.fetch_one(names).await?.try_get("names")?;
    connection.execute("BEGIN").await?;
    let patience = format!("SET LOCAL lock_timeout = {}", patience.as_millis());
    connection.execute(sqlx::AssertSqlSafe(patience)).await?;
    let lock = format!("LOCK TABLE {names} IN EXCLUSIVE MODE");
    connection.execute(sqlx::AssertSqlSafe(lock)).await?;
    Ok(connection)
}

/// Whether a connection keeps the lock of a database, for longer than a transaction takes.
pub(crate) async fn is_locked(url: &str) -> bool {
    match Lock::within(url, Duration::from_secs(2)).await {
        Ok(lock) => {
            lock.release().await;
            false
        }
        Err(_) => true,
    }
}
