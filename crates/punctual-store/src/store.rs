//! The contract between a scheduler and what keeps its jobs.

use std::fmt;
use std::pin::Pin;

use punctual_core::{JobId, Run, RunId};

use crate::{
    Changes, ClaimReply, ClaimRequest, Error, Insert, JobFilter, Lease, NodeInfo, OpenRun, Peer,
    RecoverRequest, Recovered, Renewal, Retention, RunFilter, Statistics, StoredJob, UnreadableJob,
    Update, Window, WindowRequest,
};

/// An answer that may take its time.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// What a store is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreTraits {
    /// Whether jobs survive the process; then their tasks need stable names.
    pub persistent: bool,
    /// Whether other processes may use it at the same time; then nodes renew leases.
    pub shared: bool,
}

/// Keeps jobs, opens and closes their runs, and remembers what became of every fire time.
///
/// The store holds the truth: whatever a node decides counts only once the store has accepted it.
/// Every method is one transaction, all or nothing, and safe against every other call from any
/// node. After [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) the caller does not know
/// whether the change was made: repeating the call must then be harmless, and is, because claims
/// and updates carry the revision that they were decided on, no key of a run is used twice, and an
/// end mark is applied once. The protocol as a whole, with its crash points, is written down in
/// `docs/design/claims.md`.
///
/// # Cancel safety
///
/// A future that is dropped before it answered may or may not have made its change, never a part
/// of it.
///
/// Every store has to pass [`conformance`](crate::conformance).
pub trait JobStore: fmt::Debug + Send + Sync + 'static {
    /// What the store is like.
    fn traits(&self) -> StoreTraits;

    /// Adds jobs, each by itself: one that is refused does not hold up the others. A new job gets
    /// an incarnation that no job of this store ever had, greater than all before.
    fn add(&self, jobs: Vec<Insert>) -> Reply<'_, Vec<Result<StoredJob, Error>>>;

    /// Reads a job.
    fn get(&self, id: JobId) -> Reply<'_, Option<StoredJob>>;

    /// Lists jobs in the order of their ids, [unreadable](Self::unreadable) ones left out.
    fn list(&self, filter: JobFilter) -> Reply<'_, Vec<StoredJob>>;

    /// Changes a job if its revision is still the one that was read, else fails as
    /// [`Stale`](crate::ErrorKind::Stale).
    fn update(&self, update: Update) -> Reply<'_, StoredJob>;

    /// Removes a job. Its runs stay: those under way go on, those that ended stay in the ledger.
    fn remove(&self, id: JobId) -> Reply<'_, Option<StoredJob>>;

    /// Removes all jobs and says how many there were. Unreadable ones stay.
    fn clear(&self) -> Reply<'_, u64>;

    /// Lists up to so many jobs that cannot be understood, in the order of their ids. They are in
    /// no other answer; calls that name one fail as
    /// [`Unreadable`](crate::ErrorKind::Unreadable). A store whose rows cannot be damaged has none.
    fn unreadable(&self, limit: usize) -> Reply<'_, Vec<UnreadableJob>> {
        let _ = limit;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Reads the jobs that are due soon, unreadable ones left out.
    fn window(&self, request: WindowRequest) -> Reply<'_, Window>;

    /// Records ends of runs, then decides claims, in their order.
    ///
    /// Atomic for each job: the row is locked (in the order of ids), its revision compared, its
    /// count of running instances compared with the limit of its policies, the row advanced and
    /// the runs opened. Of any number of claims on one revision exactly one wins; the count never
    /// exceeds the limit. Run numbers grow with every claim.
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> Reply<'a, ClaimReply>;

    /// Enters a node; a node of the same name loses its epoch.
    fn register(&self, node: NodeInfo) -> Reply<'_, Lease>;

    /// Counts a node's heartbeat up and tells it what concerns it.
    fn renew(&self, lease: Lease) -> Reply<'_, Renewal>;

    /// Takes a node out. One that has open runs stays listed, without a beat, until somebody
    /// [recovers](Self::recover) them.
    fn leave(&self, lease: Lease) -> Reply<'_, ()>;

    /// All registered nodes. An earlier epoch of a name that has open runs is listed as a peer of
    /// its own: nobody beats for it, so it is found dead.
    fn nodes(&self) -> Reply<'_, Vec<Peer>>;

    /// The open runs of a node.
    fn open_runs(&self, node: Lease) -> Reply<'_, Vec<OpenRun>>;

    /// Ends the epoch of a dead node, unless its beats have moved on, and settles the open runs of
    /// this and of earlier epochs of its name, each exactly once however many nodes try.
    ///
    /// A run whose job says [`Rerun`](punctual_core::OnLost::Rerun), and was not rerun so often
    /// yet, becomes a run of the node that asks, under a new number, if that node can run its
    /// task; else it stays as it is, and the dead node stays listed. All others are recorded as
    /// lost, which frees their instances.
    fn recover(&self, request: RecoverRequest) -> Reply<'_, Recovered>;

    /// Asks the owner of a run to cancel it: it learns so at every [renewal](Self::renew) until the
    /// run is over. `false` if it is over.
    fn request_cancel(&self, run: RunId) -> Reply<'_, bool>;

    /// Lists runs, the newest first: in the falling order of their numbers.
    fn runs(&self, filter: RunFilter) -> Reply<'_, Vec<Run>>;

    /// Forgets up to `batch` entries of the ledger that may go, the oldest first, and says how many
    /// they were: fewer than `batch` when no more is to be done. Statistics of jobs stay.
    fn purge(&self, retention: Retention, batch: usize) -> Reply<'_, u64>;

    /// What became of all fire times of a job.
    fn statistics(&self, id: JobId) -> Reply<'_, Statistics>;

    /// Waits until jobs were added, changed or removed since the counter stood at `since` (claims
    /// do not count), and says which.
    fn changes(&self, since: u64) -> Reply<'_, Changes>;
}
