//! The store interface of the Punctual job scheduler.
//!
//! - [`JobStore`] is the contract for jobs, claims, runs and nodes. Each method says what must be
//!   atomic.
//! - [`batch`] decides what a request makes of rows, the same in every store.
//! - [`StoreLayer`] stands in front of a store and changes some of its calls.
//! - [`MemoryStore`] keeps jobs as long as the process lives.
//! - [`conformance`] is the suite that every store has to pass.
//! - [`checker`] checks the ledger of any store.
//! - `testing`, behind the feature of that name, is a store whose calls fail as a test asks.
//!
//! This crate depends on no runtime. A store returns futures that any runtime may poll.

#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::partial_pub_fields
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod address;
pub mod batch;
mod call;
mod capabilities;
mod changes;
pub mod checker;
mod claim;
pub mod conformance;
mod error;
mod feed;
mod future;
mod job;
mod last_run;
mod layer;
mod ledger;
pub mod limits;
mod list;
#[doc(hidden)]
pub mod lock;
mod memory;
mod node;
mod overrides;
mod recent;
mod statistics;
mod store;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;

pub use call::StoreCall;
pub use capabilities::{BatchLimits, StoreCapabilities};
pub use changes::{ChangedJobs, Changes};
pub use claim::{
    CancelAnswer, CancelRequest, Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, EndText,
    Handed, RunEnd, Won,
};
pub use error::{Error, ErrorKind};
pub use feed::{RunFeed, RunsSince};
pub use future::StoreFuture;
pub use job::{
    DueCursor, DueJob, DueJobs, DueRequest, Insert, KnownTasks, OnConflict, Replaced, StoredJob,
    UnreadableJob, Update, WaitingJob,
};
pub use last_run::LastRun;
pub use layer::{Layered, StoreLayer};
pub use ledger::{Retention, RunCursor, RunFilter};
pub use list::{JobCursor, JobFilter, JobOrder, JobPage};
pub use memory::{LedgerLimits, MemoryStore};
pub use node::{
    Beat, Drift, Lease, NodeInfo, OpenRequest, OpenRun, OpenState, Peer, RecountRequest, Recounted,
    RecoverRequest, Recovered, RenewRequest, Renewal,
};
pub use overrides::RunOverrides;
pub use recent::RecentRequest;
pub use statistics::Statistics;
pub use store::JobStore;

/// The examples of the page on writing a store run as those of a crate outside.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/writing-a-store.md")]
struct WritingAStore;
