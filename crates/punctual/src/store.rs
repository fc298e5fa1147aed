//! Where jobs and the ledger are kept, and the contract for a store of your own.

pub use punctual_core::{Declared, RunKey};
#[cfg(feature = "sqlite")]
pub use punctual_sqlx::{SqliteOptions, SqliteStore};
pub use punctual_store::{
    BatchLimits, Beat, Call, CancelAnswer, CancelRequest, ChangedJobs, Changes, Claim, ClaimAnswer,
    ClaimKind, ClaimReply, ClaimRequest, Drift, DueCursor, DueJob, DueJobs, DueRequest, EndText,
    Error as StoreError, ErrorKind as StoreErrorKind, Handed, Insert, JobCursor, JobFilter,
    JobPage, JobStore, KnownTasks, Layered, Lease, LedgerLimits, MemoryStore, NodeInfo, OnConflict,
    OpenRequest, OpenRun, OpenState, Peer, RecentRequest, RecountRequest, Recounted,
    RecoverRequest, Recovered, RenewRequest, Renewal, Replaced, Retention, RunCursor, RunEnd,
    RunFeed, RunFilter, RunsSince, StoreCapabilities, StoreFuture, StoreLayer, StoredJob,
    UnreadableJob, Update, WaitingJob, Won,
};
pub use punctual_store::{batch, checker, conformance};

#[cfg(feature = "sqlite")]
pub use crate::open_stores::open_stores;
