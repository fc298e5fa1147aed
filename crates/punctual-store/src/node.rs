//! Scheduler instances that share a store.

use std::sync::Arc;

use punctual_core::{JobId, RunId, RunKey};

use crate::StoredJob;

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its name, unique among the living.
    pub name: Arc<str>,
    /// The tasks it can run; due jobs of others are not its business.
    pub tasks: Vec<Arc<str>>,
    /// The version of its time zone database: a difference between nodes is a warning.
    pub zones: String,
}

/// The right of a node to claim, until its epoch ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The node.
    pub node: Arc<str>,
    /// Grows with every registration under the name; writes of an older one are refused.
    pub epoch: u64,
}

/// A node as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// What it said of itself.
    pub info: NodeInfo,
    /// Its epoch.
    pub epoch: u64,
    /// Counts its renewals. A peer is dead when it stands still for too long on the observer's own
    /// monotonic clock: no two clocks are compared.
    pub beats: u64,
}

/// What a node learns when it renews its lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewal {
    /// All registered nodes, itself included.
    pub peers: Vec<Peer>,
    /// Its open runs that somebody asked to cancel, as long as they are open.
    pub cancels: Vec<RunId>,
}

/// A run that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// Its number.
    pub id: RunId,
    /// Its job.
    pub job: JobId,
    /// What it answers for.
    pub key: RunKey,
    /// Whether it waits for an instance.
    pub is_queued: bool,
    /// Whether the instance ends with it. The runs of an instance have numbers that follow each
    /// other.
    pub ends_instance: bool,
    /// How often it was begun by nodes that died.
    pub reruns: u32,
}

/// A node that stands still, and who has noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverRequest {
    /// Who asks. An old epoch is refused as fenced.
    pub by: Lease,
    /// The tasks that it can run again.
    pub tasks: Vec<Arc<str>>,
    /// The node as it was seen.
    pub dead: Peer,
    /// When it asks, in microseconds since 1970.
    pub now: i64,
}

/// What became of the open runs of a dead node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recovered {
    /// Recorded as lost, as they were.
    pub lost: Vec<OpenRun>,
    /// To be run again, by the node that asked: they are its own now, in the order of their numbers.
    pub taken: Vec<TakenRun>,
    /// Jobs that left the store because their last run was lost.
    pub removed: Vec<StoredJob>,
}

/// A run of a dead node that goes to another one.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenRun {
    /// The run under its new number.
    pub run: OpenRun,
    /// Its job.
    pub job: StoredJob,
}
