//! The connections of a store, by purpose.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use punctual_store::Error;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Sqlite, Transaction};

use super::error::{failed, is_locked};
use super::file_identity::Files;

/// The number of connections of a scheduler that only read.
const READERS: u32 = 3;
/// The number of connections for lists. Further lists wait.
const LISTERS: u32 = 2;
/// The time for which the writer leaves the wait for a lock to SQLite. SQLite sleeps longer with
/// each try, up to 100 ms, with which eight nodes would leave the lock unused for a fifth of the
/// time.
const ASK: Duration = Duration::from_millis(4);
/// The time for which a call waits for its turn in this process.
const TURN: Duration = Duration::from_secs(30);
/// The number of times that each connection is tried before the call fails.
const LOOKS: u32 = 16;
/// Takes the lock of the database when a transaction begins.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Hands out connections, and none to a file that replaced the opened one.
pub(super) struct Pools {
    /// One connection. Writers of this process wait for their turn here, and not for a lock.
    writer: SqlitePool,
    /// For the reads that a scheduler needs to go on. Long lists never hold these up.
    readers: SqlitePool,
    /// For lists and pages, which people ask for.
    listers: SqlitePool,
    files: Arc<Files>,
    /// The time for which a call asks again for a lock that another process has. Connections of the
    /// application wait by themselves.
    patience: Duration,
}

impl Pools {
    /// Returns pools for a file. They never create the file anew, so a deleted file is noticed.
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

    /// Returns one pool of the application for all purposes.
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

    /// Returns a connection for the reads of a scheduler.
    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.connection_of(&self.readers).await
    }

    /// Returns a connection for a list.
    pub(super) async fn lister(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.connection_of(&self.listers).await
    }

    async fn connection_of(&self, pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, Error> {
        self.files.check_database()?;
        let acquired = pool.acquire().await;
        // The connection may be new, and the file another one by now.
        self.files.check_database()?;
        // The log and its index are deleted with the last connection.
        if self.writer.size() > 0 {
            self.files.check_beside()?;
        }
        acquired.map_err(failed)
    }

    /// Begins a transaction that has the lock of the database from its beginning. What it reads
    /// stays true until it ends.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        self.files.check_database()?;
        let begun = self.begin_on_any().await;
        self.files.check_database()?;
        let transaction = begun?;
        self.files.check_locked()?;
        Ok(transaction)
    }

    async fn begin_on_any(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        // A connection that failed returns to its pool after a while. In the meantime another one
        // is tried, which may be sound.
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

    /// Closes a connection with a transaction that SQLite has ended.
    ///
    /// SQLite ends a transaction by itself when it cannot write. The driver believes that it is
    /// still open, and would never begin another one on that connection.
    async fn close_stuck(&self) -> Result<(), sqlx::Error> {
        let connection = self.writer.acquire().await?;
        if connection.is_in_transaction() {
            connection.close().await?;
        }
        Ok(())
    }

    /// Closes the connection that is read-only, and lets another one take its place.
    ///
    /// SQLite silently opens a write-protected file for reading, and the connection stays read-only
    /// after the protection is lifted.
    pub(super) async fn close_read_only(&self) -> Result<(), sqlx::Error> {
        tracing::debug!("closing a read-only connection; the next call opens another");
        self.writer.acquire().await?.close().await
    }

    /// Writes the content of the log into the file, and truncates the log. After a clean end, a
    /// copy of the file alone is then complete.
    ///
    /// The call waits a few milliseconds at most for other connections. What they keep from being
    /// written stays in the log, where it is as safe.
    pub(super) async fn empty_log(&self) {
        // The log of an application's pool is left to the application.
        if !self.files.has_log() {
            return;
        }
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = emptied.execute(&self.writer).await {
            tracing::debug!(%error, "the write-ahead log was not emptied");
        }
    }

    /// Closes all connections after the calls under way have finished.
    pub(super) async fn close(&self) {
        self.listers.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Returns the path of the file as it was named.
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

/// Returns the settings of the writing connection. It stays open, and keeps the log open.
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

/// Returns the settings of the other pools.
fn options(size: u32, files: &Arc<Files>) -> SqlitePoolOptions {
    let files = Arc::clone(files);
    pool_options(size).after_connect(move |_, _| {
        let checked = still_there(&files);
        Box::pin(async { checked })
    })
}

/// Checks that a new connection has found the file of the store. A connection that has not is never
/// used.
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
