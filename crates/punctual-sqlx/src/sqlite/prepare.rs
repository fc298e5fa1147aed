//! A file is made ready: it can be written, and the tables are there.

use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::error::{opening, unopened, was_locked};
use super::missing::IfMissing;
use super::schema;
use crate::prefix::Prefix;
use crate::{Error, ErrorKind};

/// Between attempts to open a file that is locked, not all of which wait for the lock by themselves.
const PAUSE: Duration = Duration::from_millis(20);

/// What is to be done before a store is open.
pub(super) struct Preparation<'a> {
    pub(super) way: Way<'a>,
    pub(super) creates: IfMissing,
    pub(super) prefix: &'a Prefix,
    pub(super) file: String,
}

/// How the file is reached.
pub(super) enum Way<'a> {
    /// By a connection that is closed again.
    File(&'a SqliteConnectOptions),
    /// By one of the application, whose settings stay as they are.
    Pool(&'a SqlitePool),
}

impl Preparation<'_> {
    /// Tries until other processes let it, for so long at most.
    pub(super) async fn run(&self, patience: Duration) -> Result<(), Error> {
        let file = &*self.file;
        let started = Instant::now();
        let mut is_told = false;
        loop {
            match self.attempt().await {
                Err(error) if was_locked(&error) => {
                    if started.elapsed() >= patience {
                        return Err(kept_locked(file, patience).because(error));
                    }
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::warn!(
                            file,
                            ?patience,
                            "another process keeps the database locked: waiting to open it"
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

/// Switches to the write-ahead log, once for the file: readers and the writer then do not wait for
/// each other.
async fn use_wal(connection: &mut SqliteConnection, file: &str) -> Result<(), Error> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| opening(file, error))?;
    if mode != "wal" {
        tracing::warn!(file, mode, "no write-ahead log: readers will wait");
    }
    Ok(())
}

/// Another process kept the file locked for as long as one who opens it waits.
fn kept_locked(file: &str, patience: Duration) -> Error {
    Error::of(
        ErrorKind::Unavailable,
        format!(
            "`{file}` is kept locked by another process, and opening it waits {patience:?} at most \
             (`SqliteOptions::opening_timeout`): end that process, or try again later"
        ),
    )
}

/// A file that may only be read is opened, and its lock taken, without a word: only a write is
/// refused. This one writes what is there, and takes it back.
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
