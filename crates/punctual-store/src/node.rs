//! Scheduler instances that share a store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, JobId, RunId, RunKey};

use crate::{KnownTasks, StoredJob, WaitingJob};

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its name, unique among the living.
    pub name: Arc<str>,
    /// The tasks it can run; due jobs of others are not its business.
    pub tasks: Vec<Arc<str>>,
    /// The version of its time zone database: a difference between nodes is a warning.
    pub zones: String,
    /// The release of its program, a number that grows; 0 without one.
    pub release: u64,
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
    /// monotonic clock, whatever the clock of the peer shows.
    pub beats: u64,
}

/// A node that says that it is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewRequest {
    /// Its lease. An old epoch is refused as fenced.
    pub lease: Lease,
    /// The tasks whose waiting runs it could start; `None` for all.
    pub tasks: Option<KnownTasks>,
    /// What its clock shows: runs wait by it, and others compare it with theirs.
    pub now: DateTime<Utc>,
}

/// What a node learns when it renews its lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewal {
    /// The beats of all registered nodes, itself included.
    pub beats: Vec<Beat>,
    /// Its open runs that are to be cancelled, and why, as long as they are open.
    pub cancels: Vec<(RunId, CancelReason)>,
    /// Some of the jobs whose waiting runs may start.
    pub waiting: Vec<WaitingJob>,
}

/// The sign of life of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The node and its epoch.
    pub node: Lease,
    /// Counts its renewals.
    pub count: u64,
    /// What its clock showed at the last one: the time in that [request](RenewRequest::now). `None`
    /// before the first, and for an earlier epoch of a name.
    pub clock: Option<DateTime<Utc>>,
}

/// Which open runs of a node are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// The node.
    pub node: Lease,
    /// Only runs with a greater number: the last one of the page before.
    pub after: Option<RunId>,
    /// At most this many.
    pub limit: usize,
}

/// A run that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenRun {
    /// Its number.
    pub id: RunId,
    /// Its fencing token.
    pub token: u64,
    /// Its job.
    pub job: JobId,
    /// The birth of its job.
    pub birth: u64,
    /// What it answers for.
    pub key: RunKey,
    /// Where it stands.
    pub state: OpenState,
    /// Whether the instance ends with it. The runs of an instance have numbers that follow each
    /// other.
    pub ends_instance: bool,
    /// How often it was begun by nodes that died.
    pub reruns: u32,
    /// How many attempts were begun, those of dead nodes included.
    pub attempts: u32,
    /// When its first attempt started, in microseconds since 1970.
    pub started: Option<i64>,
    /// Why its last attempt failed.
    pub failure: Option<Box<str>>,
    /// Why it is to be cancelled, if it is.
    pub cancel: Option<CancelReason>,
}

impl OpenRun {
    /// A run that was just opened and is under way.
    #[must_use]
    pub fn new(id: RunId, token: u64, job: JobId, birth: u64, key: RunKey) -> Self {
        Self {
            id,
            token,
            job,
            birth,
            key,
            state: OpenState::Running,
            ends_instance: true,
            reruns: 0,
            attempts: 0,
            started: None,
            failure: None,
            cancel: None,
        }
    }
}

/// Where an open run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenState {
    /// It waits for room, and belongs to no node.
    Queued,
    /// A node has it: an attempt is under way, or it comes after another run of its instance.
    Running,
    /// It waits for its next attempt, in an instance that it holds, and belongs to no node.
    Retrying {
        /// When the attempt is due, in microseconds since 1970.
        due: i64,
    },
}

/// A node that stands still, and who has noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverRequest {
    /// Who asks. An old epoch is refused as fenced.
    pub by: Lease,
    /// The node and the epoch that are dead.
    pub dead: Lease,
    /// Its beats as they were seen.
    pub beats: u64,
    /// When it asks, in microseconds since 1970.
    pub now: i64,
    /// At most this many runs are settled by one request. The last instance may exceed it.
    pub limit: usize,
}

/// What became of the open runs of a dead node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recovered {
    /// Recorded as lost, as they were.
    pub lost: Vec<OpenRun>,
    /// Jobs whose runs wait now for a node that begins them again.
    pub waiting: Vec<WaitingJob>,
    /// Jobs that left the store because their last run was lost.
    pub removed: Vec<StoredJob>,
    /// Whether some of its runs are left for a further request.
    pub has_more: bool,
}

/// Which counts are compared with the open runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecountRequest {
    /// Only jobs after this id, in the order of ids.
    pub after: Option<JobId>,
    /// At most this many jobs.
    pub limit: usize,
}

/// Counts that were wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recounted {
    /// The jobs whose counts were mended.
    pub mended: Vec<Drift>,
    /// The last job that was looked at, if there are more.
    pub next: Option<JobId>,
}

/// A job whose counts were not those of its open runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The job.
    pub job: JobId,
    /// The instances under way and those that waited, as the row said.
    pub counted: (u32, u32),
    /// The same as its open runs say, and the row says now.
    pub open: (u32, u32),
}
