//! Jobs in an SQLite file.

mod add;
mod changes;
mod claim;
mod columns;
#[cfg(test)]
mod durable;
mod edit;
mod fault;
mod file;
mod ledger;
mod load;
mod nodes;
mod options;
mod read;
mod recover;
mod retention;
mod save;
mod schema;
mod window;

pub use options::SqliteOptions;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{JobId, Run, RunId};
use punctual_store::{
    Changes, ClaimReply, ClaimRequest, Error, Insert, JobFilter, JobStore, Lease, NodeInfo,
    OpenRun, Peer, RecoverRequest, Recovered, Renewal, Reply, Retention, RunFilter, Statistics,
    StoreTraits, StoredJob, UnreadableJob, Update, Window, WindowRequest,
};
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Sqlite, Transaction};
use tokio::sync::watch;

use self::fault::failed;
use self::file::OpenFile;
use crate::prefix::Prefix;

/// Takes the lock of the database at once.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Keeps jobs and their ledger in an SQLite file.
///
/// It is a file and nothing else: SQLite is built in. Several schedulers, in one process or in
/// many on the same machine, may share it; a file on a network drive may not be shared. A change
/// is on the disk before it is answered (`synchronous = FULL`). Clones are the same store.
///
/// By itself it forgets no run: [`purge`](JobStore::purge) is told what may go. A scheduler tells it
/// every ten minutes, by default what is older than 90 days and all but the newest 10,000 of a job.
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
    readers: SqlitePool,
    file: OpenFile,
    prefix: Prefix,
    poll: Duration,
    /// The last edit that this process made.
    edited: watch::Sender<u64>,
}

impl Inner {
    fn new(writer: SqlitePool, readers: SqlitePool, prefix: Prefix, poll: Duration) -> Self {
        Self {
            file: OpenFile::at(writer.connect_options().get_filename()),
            writer,
            readers,
            prefix,
            poll,
            edited: watch::Sender::new(0),
        }
    }

    /// A transaction that has the lock of the database from its beginning: what it reads stays
    /// true until it ends.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        self.file.check()?;
        // A connection that was refused goes back to its pool by and by: meanwhile it is another one
        // that is looked at, and may be sound.
        for _ in 0..LOOKS * self.writer.options().get_max_connections() {
            match self.writer.begin_with(BEGIN).await {
                Err(sqlx::Error::InvalidSavePointStatement) => {
                    self.close_stuck().await.map_err(failed)?;
                }
                begun => return begun.map_err(failed),
            }
        }
        self.writer.begin_with(BEGIN).await.map_err(failed)
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

impl JobStore for SqliteStore {
    fn traits(&self) -> StoreTraits {
        StoreTraits {
            persistent: true,
            shared: true,
        }
    }

    fn add(&self, jobs: Vec<Insert>) -> Reply<'_, Vec<Result<StoredJob, Error>>> {
        Box::pin(self.0.add(jobs))
    }

    fn get(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        Box::pin(self.0.get(id))
    }

    fn list(&self, filter: JobFilter) -> Reply<'_, Vec<StoredJob>> {
        Box::pin(self.0.list(filter))
    }

    fn update(&self, update: Update) -> Reply<'_, StoredJob> {
        Box::pin(self.0.update(update))
    }

    fn remove(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        Box::pin(self.0.remove(id))
    }

    fn clear(&self) -> Reply<'_, u64> {
        Box::pin(self.0.clear())
    }

    fn unreadable(&self, limit: usize) -> Reply<'_, Vec<UnreadableJob>> {
        Box::pin(self.0.unreadable(limit))
    }

    fn window(&self, request: WindowRequest) -> Reply<'_, Window> {
        Box::pin(self.0.window(request))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> Reply<'a, ClaimReply> {
        Box::pin(self.0.claim(request))
    }

    fn register(&self, node: NodeInfo) -> Reply<'_, Lease> {
        Box::pin(self.0.register(node))
    }

    fn renew(&self, lease: Lease) -> Reply<'_, Renewal> {
        Box::pin(self.0.renew(lease))
    }

    fn leave(&self, lease: Lease) -> Reply<'_, ()> {
        Box::pin(self.0.leave(lease))
    }

    fn nodes(&self) -> Reply<'_, Vec<Peer>> {
        Box::pin(self.0.nodes())
    }

    fn open_runs(&self, node: Lease) -> Reply<'_, Vec<OpenRun>> {
        Box::pin(self.0.open_runs(node))
    }

    fn recover(&self, request: RecoverRequest) -> Reply<'_, Recovered> {
        Box::pin(self.0.recover(request))
    }

    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        Box::pin(self.0.request_cancel(run))
    }

    fn runs(&self, filter: RunFilter) -> Reply<'_, Vec<Run>> {
        Box::pin(self.0.runs(filter))
    }

    fn purge(&self, retention: Retention, batch: usize) -> Reply<'_, u64> {
        Box::pin(self.0.purge(retention, batch))
    }

    fn statistics(&self, id: JobId) -> Reply<'_, Statistics> {
        Box::pin(self.0.statistics(id))
    }

    fn changes(&self, since: u64) -> Reply<'_, Changes> {
        Box::pin(self.0.changes(since))
    }
}
