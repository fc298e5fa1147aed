//! The connections of a store, by what they are for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use punctual_store::Error;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Sqlite, Transaction};

use super::error::{failed, is_locked};
use super::file_identity::Files;

/// Connections of a scheduler that only read.
const READERS: u32 = 3;
/// Connections for lists: that many run beside each other, further ones wait.
const LISTERS: u32 = 2;
/// How long the writer leaves the wait for a lock to SQLite, which sleeps the longer the longer it waits,
/// up to 100 ms: eight nodes would leave the lock unused for a fifth of the time.
const ASK: Duration = Duration::from_millis(4);
/// How long a call waits for its turn in this process.
const TURN: Duration = Duration::from_secs(30);
/// How often each connection is looked at before one is given up.
const LOOKS: u32 = 16;
/// Takes the lock of the database when a transaction begins.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Hands out connections, and none to a file that was put in the place of the one that was opened.
pub(super) struct Pools {
    /// One connection: writers of this process wait for their turn here, not for a lock.
    writer: SqlitePool,
    /// For what a scheduler reads to go on: lists that take long never wait before it.
    readers: SqlitePool,
    /// For lists and pages, which people ask for.
    listers: SqlitePool,
    files: Arc<Files>,
    /// How long a call asks again for a lock that another process has. Connections of the application
    /// wait by themselves.
    patience: Duration,
}

impl Pools {
    /// Pools of their own. They never make a file anew: the one that was there is deleted.
    pub(super) fn of_file(connect: SqliteConnectOptions, patience: Duration) -> Self {
        let files = Arc::new(Files::with_log(connect.get_filename()));
        let asking = connect.clone().busy_timeout(patience.min(ASK));
        let writer = writer_options(&files).connect_lazy_with(asking);
        let readers = options(READERS, &files).connect_lazy_with(connect.clone());
        let listers = options(LISTERS, &files).connect_lazy_with(connect);
        Self {
            writer,
            readers,
            listers,
            files,
            patience,
        }
    }

    /// One pool of the application for all.
    pub(super) fn of_application(pool: SqlitePool) -> Self {
        let files = Files::without_log(pool.connect_options().get_filename());
        Self {
            writer: pool.clone(),
            readers: pool.clone(),
            listers: pool,
            files: Arc::new(files),
            patience: Duration::ZERO,
        }
    }

    /// A connection for what a scheduler reads.
    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.connection_of(&self.readers).await
    }

    /// A connection for a list.
    pub(super) async fn lister(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.connection_of(&self.listers).await
    }

    async fn connection_of(&self, pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, Error> {
        self.files.check_database()?;
        let acquired = pool.acquire().await;
        // It may be new, and the file another by now.
        self.files.check_database()?;
        // What lies beside the file goes with its last connection.
        if self.writer.size() > 0 {
            self.files.check_beside()?;
        }
        acquired.map_err(failed)
    }

    /// A transaction that has the lock of the database from its beginning: what it reads stays
    /// true until it ends.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        self.files.check_database()?;
        let begun = self.begin_on_any().await;
        self.files.check_database()?;
        let transaction = begun?;
        self.files.check_locked()?;
        Ok(transaction)
    }

    async fn begin_on_any(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        // A connection that was refused goes back to its pool by and by: meanwhile it is another one
        // that is looked at, and may be sound.
        let mut looks = LOOKS * self.writer.options().get_max_connections();
        let began = Instant::now();
        loop {
            match self.writer.begin_with(BEGIN).await {
                Err(sqlx::Error::InvalidSavePointStatement) if looks > 0 => {
                    looks -= 1;
                    self.close_stuck().await.map_err(failed)?;
                }
                Err(error) if is_locked(&error) && began.elapsed() < self.patience => {}
                begun => return begun.map_err(failed),
            }
        }
    }

    /// SQLite ends a transaction by itself when it cannot write. The driver believes it still open,
    /// and would refuse to begin another on that connection for good.
    async fn close_stuck(&self) -> Result<(), sqlx::Error> {
        let connection = self.writer.acquire().await?;
        if connection.is_in_transaction() {
            connection.close().await?;
        }
        Ok(())
    }

    /// SQLite opens a file that may not be written for reading, without a word, and the connection
    /// stays like that when it may be written again. Another one takes its place.
    pub(super) async fn close_read_only(&self) -> Result<(), sqlx::Error> {
        tracing::debug!("a connection that may only read is closed, the next call opens another");
        self.writer.acquire().await?.close().await
    }

    /// Writes what the log holds into the file, and cuts the log off: who copies the file alone, after a
    /// clean end, gets all of it. Other connections are waited for no longer than milliseconds; what they
    /// keep from being written stays in the log, where it is as safe.
    pub(super) async fn empty_log(&self) {
        // The log of an application is its own.
        if !self.files.has_log() {
            return;
        }
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = emptied.execute(&self.writer).await {
            tracing::debug!(%error, "the write-ahead log was not emptied");
        }
    }

    /// Closes all connections once those who use them have finished.
    pub(super) async fn close(&self) {
        self.listers.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The file as it was named.
    pub(super) fn path(&self) -> PathBuf {
        self.writer.connect_options().get_filename().to_owned()
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> [&SqlitePool; 3] {
        [&self.writer, &self.readers, &self.listers]
    }

    #[cfg(test)]
    pub(super) fn listers(&self) -> u32 {
        self.listers.options().get_max_connections()
    }
}

/// The settings of the connection that writes. It stays open, and the log with it.
fn writer_options(files: &Arc<Files>) -> SqlitePoolOptions {
    let files = Arc::clone(files);
    pool_options(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |_, _| {
            files.begin_log_anew();
            let checked = still_there(&files);
            Box::pin(async { checked })
        })
}

/// The settings of the other pools.
fn options(size: u32, files: &Arc<Files>) -> SqlitePoolOptions {
    let files = Arc::clone(files);
    pool_options(size).after_connect(move |_, _| {
        let checked = still_there(&files);
        Box::pin(async { checked })
    })
}

/// Whether a new connection has found the file of the store. One that has not is never used.
fn still_there(files: &Files) -> Result<(), sqlx::Error> {
    let checked = files.check_database();
    checked.map_err(|error| sqlx::Error::Configuration(Box::new(error)))
}

fn pool_options(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(TURN)
        .test_before_acquire(false)
}
