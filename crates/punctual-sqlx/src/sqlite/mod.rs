//! Jobs in an SQLite file.

mod add;
mod address;
mod cancel;
mod changes;
mod checkpoint;
mod claim;
mod columns;
mod due;
#[cfg(test)]
mod durable;
mod edit;
mod fault;
mod feed;
mod file;
mod ledger;
mod list;
#[cfg(test)]
mod lists;
mod load;
mod missing;
mod nodes;
mod open;
mod options;
mod parameters;
#[cfg(test)]
mod plans;
mod prepare;
mod read;
mod recent;
mod recount;
mod recover;
mod remove;
mod removed;
mod retention;
mod save;
mod save_runs;
mod schema;
mod store;
mod values;
mod waiting;

pub use options::SqliteOptions;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use punctual_store::Error;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::watch;

use self::fault::{failed, is_locked};
use self::file::{OpenFile, OpenLog};
use self::load::At;
use crate::prefix::Prefix;

/// Takes the lock of the database at once.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Keeps jobs and their ledger in an SQLite file.
///
/// It is a file and nothing else: SQLite is built in. Several schedulers, in one process or in
/// many on the same machine, may share it; a file on a network drive may not be shared. A change
/// is on the disk before it is answered (`synchronous = FULL`). Clones are the same store.
///
/// By itself it forgets no run: [`purge`](punctual_store::JobStore::purge) is told what may go. A scheduler tells it
/// every minute, by default what is older than 90 days and all but the newest 10,000 of a job.
///
/// ```no_run
/// # async fn open() -> Result<(), punctual_sqlx::Error> {
/// use punctual_sqlx::SqliteStore;
///
/// let store = SqliteStore::open("sqlite:jobs.db").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    /// One connection: writers of this process wait for their turn here, not for a lock.
    writer: SqlitePool,
    /// For what a scheduler reads to go on: lists that take long never wait before it.
    readers: SqlitePool,
    /// For lists and pages, which people ask for.
    listers: SqlitePool,
    file: OpenFile,
    /// Nothing in a pool of the application, which may close all its connections, and their log
    /// with them.
    log: Option<Arc<OpenLog>>,
    prefix: Prefix,
    /// How long a call asks again for a lock that another process has. Connections of the application
    /// wait by themselves.
    patience: Duration,
    poll: Duration,
    /// The last edit that this process made.
    edited: watch::Sender<u64>,
}

/// The connections of a store, by what they are for.
struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
    listers: SqlitePool,
}

impl Inner {
    fn new(
        pools: Pools,
        log: Option<Arc<OpenLog>>,
        prefix: Prefix,
        patience: Duration,
        poll: Duration,
    ) -> Self {
        let Pools {
            writer,
            readers,
            listers,
        } = pools;
        Self {
            file: OpenFile::at(writer.connect_options().get_filename()),
            writer,
            readers,
            listers,
            log,
            prefix,
            patience,
            poll,
            edited: watch::Sender::new(0),
        }
    }

    fn at<'c>(&'c self, connection: &'c mut SqliteConnection) -> At<'c> {
        At {
            connection,
            prefix: &self.prefix,
        }
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.readers.acquire().await.map_err(failed)
    }

    async fn lister(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.listers.acquire().await.map_err(failed)
    }

    /// A transaction that has the lock of the database from its beginning: what it reads stays
    /// true until it ends.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        self.file.check()?;
        let transaction = self.begin_on_any().await?;
        if let Some(log) = &self.log {
            log.check()?;
        }
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

    /// SQLite opens a file that may not be written for reading, without a word, and the connection
    /// stays like that when it may be written again. Another one takes its place.
    async fn close_read_only(&self) -> Result<(), sqlx::Error> {
        tracing::debug!("a connection that may only read is closed, the next call opens another");
        self.writer.acquire().await?.close().await
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
}

/// How often each connection is looked at before one is given up.
const LOOKS: u32 = 16;

impl SqliteStore {
    /// Opens a file, as `sqlite:jobs.db`; [`SqliteOptions`] has more to choose.
    ///
    /// # Errors
    ///
    /// As [`SqliteOptions::open`].
    pub async fn open(url: &str) -> Result<Self, crate::Error> {
        SqliteOptions::new(url).open().await
    }

    fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Closes the connections once those who use them have finished, and tidies the file. Calls
    /// after that fail as unavailable. A pool that was given to
    /// [`open_in`](SqliteOptions::open_in) is closed too.
    pub async fn close(&self) {
        self.0.listers.close().await;
        self.0.readers.close().await;
        self.0.writer.close().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.0.writer.connect_options();
        f.debug_struct("SqliteStore")
            .field("file", &file.get_filename())
            .field("prefix", &self.0.prefix)
            .finish_non_exhaustive()
    }
}
