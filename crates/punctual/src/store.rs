//! Where jobs and the ledger are kept, and the contract for a store of your own.

pub use punctual_core::{Declared, RunKey};
/// The version of `sqlx` whose pools `SqliteStore::open_in` and its siblings take.
#[cfg(feature = "with-sqlx-0_9")]
#[cfg_attr(docsrs, doc(cfg(feature = "with-sqlx-0_9")))]
pub use punctual_sqlx::sqlx;
#[cfg(feature = "mysql")]
#[cfg_attr(docsrs, doc(cfg(feature = "mysql")))]
pub use punctual_sqlx::{MysqlStore, OpenMysql};
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use punctual_sqlx::{OpenPostgres, PostgresStore};
#[cfg(feature = "sqlite")]
pub use punctual_sqlx::{OpenSqlite, SqliteStore};
pub use punctual_store::{
    BatchLimits, Beat, CancelAnswer, CancelRequest, ChangedJobs, Changes, Claim, ClaimAnswer,
    ClaimKind, ClaimReply, ClaimRequest, Drift, DueCursor, DueJob, DueJobs, DueRequest, EndText,
    Error as StoreError, ErrorKind as StoreErrorKind, Handed, Insert, JobCursor, JobFilter,
    JobPage, JobStore, KnownTasks, Layered, Lease, LedgerLimits, MemoryStore, NodeInfo, OnConflict,
    OpenRequest, OpenRun, OpenState, Peer, RecentRequest, RecountRequest, Recounted,
    RecoverRequest, Recovered, RenewRequest, Renewal, Replaced, Retention, RunCursor, RunEnd,
    RunFeed, RunFilter, RunOverrides, RunsSince, StoreCall, StoreCapabilities, StoreFuture,
    StoreLayer, StoredJob, UnreadableJob, Update, WaitingJob, Won,
};
pub use punctual_store::{batch, checker, conformance};

pub use crate::open::open;
