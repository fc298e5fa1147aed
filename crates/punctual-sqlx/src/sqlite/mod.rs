//! A store in an SQLite file.

mod add;
mod address;
mod at;
mod batch_read;
mod batch_write;
mod batch_write_runs;
mod cancel;
mod changes;
mod claim;
mod columns;
mod due;
#[cfg(test)]
mod durable;
mod edit;
mod error;
mod feed;
mod file_identity;
mod ledger;
mod list;
#[cfg(test)]
mod lists;
mod missing;
mod nodes;
mod open;
mod open_runs;
#[cfg(test)]
mod plans;
mod pools;
mod prepare;
mod purge;
mod read;
mod recent;
mod recount;
mod recover;
mod remove;
mod removed;
mod schema;
mod store;
mod values;
mod waiting;

pub use open::OpenSqlite;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use punctual_store::Error;
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::watch;

use self::at::At;
use self::pools::Pools;
use crate::prefix::Prefix;

/// Keeps jobs and their ledger in an SQLite file.
///
/// SQLite is built in. Several schedulers on the same machine may share the file, in one process or
/// in several. A file on a network drive must not be shared. A change is on the disk before it is
/// answered (`synchronous = FULL`). Clones are the same store.
///
/// The store does not purge runs by itself. A caller of [`purge`](punctual_store::JobStore::purge)
/// says which entries it may delete. A scheduler calls it every minute. By default it purges
/// entries that are older than 90 days, and all but the newest 10,000 of a job.
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
    pools: Pools,
    prefix: Prefix,
    poll: Duration,
    /// The last edit that this process made.
    edited: watch::Sender<u64>,
}

impl Inner {
    fn new(pools: Pools, prefix: Prefix, poll: Duration) -> Self {
        Self {
            pools,
            prefix,
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
        self.pools.reader().await
    }

    async fn lister(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.pools.lister().await
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        self.pools.begin().await
    }
}

impl SqliteStore {
    /// Opens a file by an address such as `sqlite:jobs.db` or `sqlite:///var/lib/app/jobs.db`.
    ///
    /// The file and the tables are made if they are missing. Any number of processes may do this
    /// at the same time. With `?mode=rw` at its end, the file has to be there. In an address `%` and
    /// `?` have a meaning, and a file name that contains them writes `%25` and `%3F`.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), punctual_sqlx::Error> {
    /// use std::time::Duration;
    ///
    /// use punctual_sqlx::SqliteStore;
    ///
    /// let store = SqliteStore::open("sqlite:jobs.db")
    ///     .prefix("billing_")
    ///     .poll_interval("5s")
    ///     .await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(url: impl Into<String>) -> OpenSqlite {
        OpenSqlite::address(url.into())
    }

    /// Opens a file by its path, which is taken as it is. A missing file is made.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), punctual_sqlx::Error> {
    /// use punctual_sqlx::SqliteStore;
    ///
    /// let store = SqliteStore::open_file("/var/lib/app/100% jobs?.db").await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn open_file(path: impl Into<PathBuf>) -> OpenSqlite {
        OpenSqlite::path(path.into())
    }

    /// Opens the store in a pool of the application.
    ///
    /// The settings of the pool are left as they are. Use a write-ahead log, `synchronous = FULL`
    /// and a busy timeout, as [`open`](Self::open) does. The store watches only the database file
    /// and does not notice a deleted log.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// use punctual_sqlx::SqliteStore;
    /// use punctual_sqlx::sqlx::sqlite::SqlitePool;
    ///
    /// let pool = SqlitePool::connect("sqlite:app.db").await?;
    /// let store = SqliteStore::open_in(pool).prefix("billing_").await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "with-sqlx-0_9")]
    #[cfg_attr(docsrs, doc(cfg(feature = "with-sqlx-0_9")))]
    pub fn open_in(pool: sqlx::sqlite::SqlitePool) -> OpenSqlite {
        OpenSqlite::pool(pool)
    }

    fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Closes the connections after the calls under way have finished, and empties the write-ahead
    /// log.
    ///
    /// Later calls fail and say so. A pool of the application is closed too.
    pub async fn close(&self) {
        self.0.pools.close().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("file", &self.0.pools.path())
            .field("prefix", &self.0.prefix)
            .finish_non_exhaustive()
    }
}
