//! Prepares a file, which has to be writable and to hold the tables.

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::error::{opening, unopened, was_locked};
use super::missing::IfMissing;
use super::schema;
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// The time between attempts to open a locked file, since not all of them wait for the lock by
/// themselves.
const PAUSE: Duration = Duration::from_millis(20);

/// The steps before a store is open.
pub(super) struct Preparation<'a> {
    pub(super) way: Way<'a>,
    pub(super) creates: IfMissing,
    pub(super) prefix: &'a Prefix,
    pub(super) file: String,
}

/// The way to the file.
pub(super) enum Way<'a> {
    /// By a connection that is closed again.
    File(&'a SqliteConnectOptions),
    /// By a connection of the application, whose settings stay as they are.
    Pool(&'a SqlitePool),
}

impl Preparation<'_> {
    /// Tries for at most `patience` until other processes let it.
    pub(super) async fn run(&self, patience: Duration) -> Result<(), Error> {
        let file = &*self.file;
        let started = Instant::now();
        let mut is_told = false;
        loop {
            match self.attempt().await {
                Err(error) if was_locked(&error) => {
                    if started.elapsed() >= patience {
                        return Err(kept_locked(file, patience).telling(error));
                    }
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::warn!(
                            file,
                            ?patience,
                            "another process keeps the database locked; waiting to open it"
                        );
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                prepared => return prepared,
            }
        }
    }

    async fn attempt(&self) -> Result<(), Error> {
        let failed = |error| opening(&self.file, error);
        match self.way {
            Way::File(options) => {
                let path = options.get_filename();
                let connected = options.connect().await;
                let mut first = connected.map_err(|error| unopened(path, self.creates, error))?;
                self.prepare(&mut first).await?;
                use_wal(&mut first, &self.file).await?;
                first.close().await.map_err(failed)
            }
            Way::Pool(pool) => {
                let options = pool.connect_options();
                let path = options.get_filename();
                let acquired = pool.acquire().await;
                let mut own = acquired.map_err(|error| unopened(path, self.creates, error))?;
                self.prepare(&mut own).await
            }
        }
    }

    async fn prepare(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        check_writable(connection, &self.file).await?;
        schema::prepare(connection, self.prefix, &self.file).await
    }
}

/// Switches the file to the write-ahead log. Readers and the writer then do not wait for each
/// other.
async fn use_wal(connection: &mut SqliteConnection, file: &str) -> Result<(), Error> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| opening(file, error))?;
    if mode != "wal" {
        tracing::warn!(file, mode, "no write-ahead log; readers wait for writers");
    }
    Ok(())
}

/// Returns the error for a file that another process kept locked until the opening timeout.
fn kept_locked(file: &str, patience: Duration) -> Error {
    Error::of(
        ErrorKind::Unavailable,
        format!(
            "`{file}` is locked by another process for longer than {patience:?} \
             (`OpenSqlite::opening_timeout`); stop that process, or try again later"
        ),
    )
}

/// Checks that the file can be written.
///
/// SQLite silently opens a write-protected file and takes its lock, and refuses only a write. This
/// check therefore writes a value that is there already, and rolls back.
async fn check_writable(connection: &mut SqliteConnection, file: &str) -> Result<(), Error> {
    let failed = |error| opening(file, error);
    let begun = connection.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begun.map_err(failed)?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    let same = AssertSqlSafe(format!("PRAGMA user_version = {version}"));
    sqlx::query(same)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    transaction.rollback().await.map_err(failed)
}
