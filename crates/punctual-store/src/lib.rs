//! What the Punctual job scheduler asks of a store.
//!
//! - [`JobStore`] is the contract: jobs, claims, runs, nodes. Every method says what must be atomic.
//! - [`MemoryStore`] keeps jobs as long as the process lives.
//! - [`conformance`] is the suite that every store has to pass.
//! - [`checker`] judges a ledger, whichever store it comes from.
//!
//! This crate knows no runtime: a store answers with futures, whoever polls them.

mod changes;
pub mod checker;
mod claim;
pub mod conformance;
mod error;
mod job;
mod ledger;
mod memory;
mod node;
mod store;

pub use changes::{ChangedJobs, Changes};
pub use claim::{Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, EndText, RunEnd, Won};
pub use error::{Error, ErrorKind};
pub use job::{
    Insert, JobFilter, OnConflict, StoredJob, UnreadableJob, Update, Window, WindowRequest,
};
pub use ledger::{Retention, RunFilter, Statistics};
pub use memory::{LedgerLimits, MemoryStore};
pub use node::{Lease, NodeInfo, OpenRun, Peer, RecoverRequest, Recovered, Renewal, TakenRun};
pub use store::{JobStore, Reply, StoreTraits};
