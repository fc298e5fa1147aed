//! The database as another program sees it.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::mysql::{MySqlConnection, MySqlDatabaseError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _};

use crate::unix::story::LONGEST;

/// Keeps all other connections from writing. They can read.
pub(crate) enum Lock {
    File(SqliteConnection),
    Tables(PgConnection),
    Rows(MySqlConnection),
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
        if url.starts_with("mysql:") {
            return Ok(Self::Rows(rows(url, patience).await?));
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
            Self::Rows(mut connection) => {
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

/// Locks all rows of all tables and the gaps between them, in a transaction that stays open.
async fn rows(url: &str, patience: Duration) -> Result<MySqlConnection, sqlx::Error> {
    loop {
        let mut connection = Box::pin(MySqlConnection::connect(url)).await?;
        match lock_rows(&mut connection, patience).await {
            Ok(()) => return Ok(connection),
            // The server ended it in favour of another transaction.
            Err(error) if is_deadlock(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn lock_rows(
    connection: &mut MySqlConnection,
    patience: Duration,
) -> Result<(), sqlx::Error> {
    let names = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";
    let names = connection.fetch_all(sqlx::raw_sql(names)).await?;
    let patience = patience.as_secs();
    let begin = format!(
        "SET SESSION innodb_lock_wait_timeout = {patience}; \
         SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE; START TRANSACTION"
    );
    let begin = sqlx::raw_sql(sqlx::AssertSqlSafe(begin));
    connection.execute(begin).await?;
    for row in names {
        let name: String = row.try_get_unchecked(0)?;
        let lock = format!("SELECT COUNT(*) FROM (SELECT * FROM {name} FOR UPDATE) AS every");
        let lock = sqlx::raw_sql(sqlx::AssertSqlSafe(lock));
        connection.execute(lock).await?;
    }
    Ok(())
}

fn is_deadlock(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    let error = error.and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
    error.is_some_and(|error| error.number() == 1213)
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
