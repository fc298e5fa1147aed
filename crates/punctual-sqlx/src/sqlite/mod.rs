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
mod open_runs;
mod options;
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

pub use options::SqliteOptions;

use std::fmt;
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
    /// Opens a file, such as `sqlite:jobs.db`. [`SqliteOptions`] has more settings.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`SqliteOptions::open`].
    pub async fn open(url: &str) -> Result<Self, crate::Error> {
        SqliteOptions::new(url).open().await
    }

    fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Closes the connections after the calls under way have finished, and empties the write-ahead
    /// log.
    ///
    /// Later calls fail as unavailable. A pool that was given to
    /// [`open_in`](SqliteOptions::open_in) is closed too.
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
