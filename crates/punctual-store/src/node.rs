//! Nodes, which are the started schedulers that share a store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{CancelReason, JobId, RunId, RunKey};

use crate::{KnownTasks, StoredJob, WaitingJob};

/// The description that a node registers with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// The name, unique among living nodes.
    pub name: Arc<str>,
    /// The tasks that the node can run. It is told of no due jobs of other tasks.
    pub tasks: Vec<Arc<str>>,
    /// The version of its time zone database. Nodes warn if their versions differ.
    pub zones: String,
    /// The release of its program, a number that grows. 0 means no release.
    pub release: u64,
}

impl NodeInfo {
    /// Returns the description of a node that can run no task.
    #[must_use]
    pub fn new(name: Arc<str>) -> Self {
        Self {
            name,
            tasks: Vec::new(),
            zones: String::new(),
            release: 0,
        }
    }

    /// Sets [`tasks`](#structfield.tasks).
    #[must_use]
    pub fn tasks(self, tasks: Vec<Arc<str>>) -> Self {
        Self { tasks, ..self }
    }

    /// Sets [`zones`](#structfield.zones).
    #[must_use]
    pub fn zones(self, zones: String) -> Self {
        Self { zones, ..self }
    }

    /// Sets [`release`](#structfield.release).
    #[must_use]
    pub fn release(self, release: u64) -> Self {
        Self { release, ..self }
    }
}

/// The right of a node to claim, until its epoch ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The name of the node.
    pub node: Arc<str>,
    /// A number that grows with each registration under the name. The store refuses writes of an
    /// older epoch.
    pub epoch: u64,
}

impl Lease {
    /// Returns a lease.
    #[must_use]
    pub fn new(node: Arc<str>, epoch: u64) -> Self {
        Self { node, epoch }
    }
}

/// A node as other nodes see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The description that the node registered with.
    pub info: NodeInfo,
    /// The epoch of the node.
    pub epoch: u64,
    /// The number of its renewals.
    ///
    /// A node takes a peer for dead when this number stands still for too long on the node's own
    /// monotonic clock. The clock of the peer does not matter.
    pub beats: u64,
}

impl Peer {
    /// Returns a registered node.
    #[must_use]
    pub fn new(info: NodeInfo, epoch: u64, beats: u64) -> Self {
        Self { info, epoch, beats }
    }
}

/// A request of a node to keep its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenewRequest {
    /// The lease of the node. An old epoch is refused as fenced.
    pub lease: Lease,
    /// The tasks whose waiting runs the node could start, or `None` for all tasks.
    pub tasks: Option<KnownTasks>,
    /// The time on the clock of the node. Runs wait until their time on this clock, and other nodes
    /// compare it with their own.
    pub now: DateTime<Utc>,
}

impl RenewRequest {
    /// Returns a request of a node that can run all tasks.
    #[must_use]
    pub fn new(lease: Lease, now: DateTime<Utc>) -> Self {
        Self {
            lease,
            tasks: None,
            now,
        }
    }

    /// Sets [`tasks`](#structfield.tasks).
    #[must_use]
    pub fn tasks(self, tasks: Option<KnownTasks>) -> Self {
        Self { tasks, ..self }
    }
}

/// The answer to the renewal of a lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// The beats of all registered nodes, with the node itself.
    pub beats: Vec<Beat>,
    /// The open runs of the node that are to be cancelled, with the reasons. Each is reported as long as it is open.
    pub cancels: Vec<(RunId, CancelReason)>,
    /// Some of the jobs whose waiting runs may start.
    pub waiting: Vec<WaitingJob>,
}

impl Renewal {
    /// Returns the answer to a node that has nothing to do.
    #[must_use]
    pub fn new(beats: Vec<Beat>) -> Self {
        Self {
            beats,
            cancels: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Sets [`cancels`](#structfield.cancels).
    #[must_use]
    pub fn cancels(self, cancels: Vec<(RunId, CancelReason)>) -> Self {
        Self { cancels, ..self }
    }

    /// Sets [`waiting`](#structfield.waiting).
    #[must_use]
    pub fn waiting(self, waiting: Vec<WaitingJob>) -> Self {
        Self { waiting, ..self }
    }
}

/// The sign that a node is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beat {
    /// The node and its epoch.
    pub node: Lease,
    /// The number of its renewals.
    pub count: u64,
    /// The time on its clock at the last renewal, as given in the [request](RenewRequest::now).
    /// `None` before the first renewal and for an earlier epoch of a name.
    pub clock: Option<DateTime<Utc>>,
}

impl Beat {
    /// Returns the sign of a node without a clock.
    #[must_use]
    pub fn new(node: Lease, count: u64) -> Self {
        Self {
            node,
            count,
            clock: None,
        }
    }

    /// Sets [`clock`](#structfield.clock).
    #[must_use]
    pub fn clock(self, clock: Option<DateTime<Utc>>) -> Self {
        Self { clock, ..self }
    }
}

/// A filter of the open runs of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenRequest {
    /// The lease of the node.
    pub node: Lease,
    /// Selects runs with a greater number than this, which is the last of the page before.
    pub after: Option<RunId>,
    /// The maximum number of runs.
    pub limit: usize,
}

impl OpenRequest {
    /// Returns a request for the first page.
    #[must_use]
    pub fn new(node: Lease, limit: usize) -> Self {
        Self {
            node,
            after: None,
            limit,
        }
    }

    /// Sets [`after`](#structfield.after).
    #[must_use]
    pub fn after(self, after: Option<RunId>) -> Self {
        Self { after, ..self }
    }
}

/// A run without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenRun {
    /// The number of the run.
    pub id: RunId,
    /// The fencing token.
    pub token: u64,
    /// The id of the job.
    pub job: JobId,
    /// The birth of the job.
    pub birth: u64,
    /// The key of the run, with its fire time.
    pub key: RunKey,
    /// The time of the request that opened the run. A node tells by it whether the run was opened by a
    /// claim whose answer was lost.
    pub opened: DateTime<Utc>,
    /// The state of the run.
    pub state: OpenState,
    /// True if the instance ends with this run. The runs of an instance have consecutive numbers.
    pub ends_instance: bool,
    /// The number of times that a node died with this run and it was begun again.
    pub reruns: u32,
    /// The number of attempts that began, also on nodes that died.
    pub attempts: u32,
    /// The start of the first attempt, in microseconds since 1970.
    pub started: Option<i64>,
    /// The error text of the last attempt.
    pub failure: Option<Box<str>>,
    /// The reason for which the run is to be cancelled, if it is.
    pub cancel: Option<CancelReason>,
    /// The arguments of a run by hand as JSON text, if they are not those of the job. A store may
    /// leave them out of runs that it reports as lost or ended.
    pub args: Option<Arc<str>>,
}

impl OpenRun {
    /// Returns a run that was just opened and is under way.
    #[must_use]
    pub fn new(id: RunId, token: u64, job: JobId, birth: u64, key: RunKey) -> Self {
        Self {
            id,
            token,
            job,
            birth,
            key,
            opened: DateTime::default(),
            state: OpenState::Running,
            ends_instance: true,
            reruns: 0,
            attempts: 0,
            started: None,
            failure: None,
            cancel: None,
            args: None,
        }
    }
}

/// The state of an open run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum OpenState {
    /// The run waits for room and belongs to no node.
    Queued,
    /// A node has the run. An attempt is under way, or another run of the instance comes first.
    Running,
    /// The run waits for its next attempt. It holds its instance and belongs to no node.
    Retrying {
        /// The time at which the attempt is due, in microseconds since 1970.
        due: i64,
    },
}

/// A request to end the epoch of a node that stands still and to settle its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoverRequest {
    /// The lease of the node that asks. An old epoch is refused as fenced.
    pub by: Lease,
    /// The node and the epoch that are dead.
    pub dead: Lease,
    /// The beats of the dead node as the asking node saw them.
    pub beats: u64,
    /// The time of the request, in microseconds since 1970.
    pub now: i64,
    /// The maximum number of runs to settle. The last instance may exceed it.
    pub limit: usize,
}

impl RecoverRequest {
    /// Returns a request.
    #[must_use]
    pub fn new(by: Lease, dead: Lease, beats: u64, now: i64, limit: usize) -> Self {
        Self {
            by,
            dead,
            beats,
            now,
            limit,
        }
    }
}

/// The result of settling the open runs of a dead node.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Recovered {
    /// The runs that were recorded as lost, as they were before.
    pub lost: Vec<OpenRun>,
    /// The jobs whose runs now wait for a node that begins them again.
    pub waiting: Vec<WaitingJob>,
    /// The jobs that left the store because their last run was lost.
    pub removed: Vec<StoredJob>,
    /// True if runs are left for a further request.
    pub has_more: bool,
}

impl Recovered {
    /// Sets [`lost`](#structfield.lost).
    #[must_use]
    pub fn lost(self, lost: Vec<OpenRun>) -> Self {
        Self { lost, ..self }
    }

    /// Sets [`waiting`](#structfield.waiting).
    #[must_use]
    pub fn waiting(self, waiting: Vec<WaitingJob>) -> Self {
        Self { waiting, ..self }
    }

    /// Sets [`removed`](#structfield.removed).
    #[must_use]
    pub fn removed(self, removed: Vec<StoredJob>) -> Self {
        Self { removed, ..self }
    }

    /// Sets [`has_more`](#structfield.has_more).
    #[must_use]
    pub fn has_more(self, has_more: bool) -> Self {
        Self { has_more, ..self }
    }
}

/// A request to compare the counts of jobs with their open runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecountRequest {
    /// Selects jobs after this id, in the order of ids.
    pub after: Option<JobId>,
    /// The maximum number of jobs.
    pub limit: usize,
}

impl RecountRequest {
    /// Returns a request for the first page.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// Sets [`after`](#structfield.after).
    #[must_use]
    pub fn after(self, after: Option<JobId>) -> Self {
        Self { after, ..self }
    }
}

/// The result of comparing counts with open runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recounted {
    /// The jobs whose counts were corrected.
    pub mended: Vec<Drift>,
    /// The last job that was compared, if more jobs follow.
    pub next: Option<JobId>,
}

impl Recounted {
    /// Returns the result of the last page.
    #[must_use]
    pub fn new(mended: Vec<Drift>) -> Self {
        Self { mended, next: None }
    }

    /// Sets [`next`](#structfield.next).
    #[must_use]
    pub fn next(self, next: Option<JobId>) -> Self {
        Self { next, ..self }
    }
}

/// A job whose counts differed from its open runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The id of the job.
    pub job: JobId,
    /// The instances under way and those that waited, as the row said before.
    pub counted: (u32, u32),
    /// The same counts of its open runs. The row now has these.
    pub open: (u32, u32),
}

impl Drift {
    /// Returns a difference.
    #[must_use]
    pub fn new(job: JobId, counted: (u32, u32), open: (u32, u32)) -> Self {
        Self { job, counted, open }
    }
}
