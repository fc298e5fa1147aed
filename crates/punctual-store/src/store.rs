//! The contract between a scheduler and its store.

use std::fmt;

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId, Run};

use crate::{
    CancelAnswer, CancelRequest, Changes, ClaimReply, ClaimRequest, DueJobs, DueRequest, Error,
    Insert, JobFilter, JobPage, Lease, NodeInfo, OpenRequest, OpenRun, Peer, RecentRequest,
    RecountRequest, Recounted, RecoverRequest, Recovered, RenewRequest, Renewal, Retention,
    RunFeed, RunFilter, RunsSince, Statistics, StoreCapabilities, StoreFuture, StoredJob,
    UnreadableJob, Update,
};

/// Keeps jobs, opens and closes their runs, and records the outcome of each fire time.
///
/// The store holds the truth. A decision of a node counts only after the store has accepted it.
/// `docs/design/claims.md` describes the whole protocol with its crash points, and
/// `docs/writing-a-store.md` how to write a store. Every store has to pass
/// [`conformance`](crate::conformance).
///
/// # Atomicity
///
/// A change is atomic for each job. The changes that a call makes to one job, its runs and its
/// counts happen together or not at all, and are safe against concurrent calls from any node. A
/// call that names several jobs may stop between two of them. Its answer then names what it did not
/// try.
///
/// # Errors
///
/// The kind of an [`Error`] tells the caller whether repeating the call helps.
///
/// - After [`Error::is_unknown`] the caller does not know which part of the change was made.
///   Repeating the call must be harmless. It is, because claims and updates carry the revision that
///   they were decided on, each key of a run is used once, and an end is applied once.
/// - After [`Error::is_refused`] repeating the same request does not help.
///
/// # Time
///
/// Every call ends within a bound. The caller stops waiting after some seconds, drops the future
/// and treats the answer as unknown.
///
/// # Cancel safety
///
/// A future that is dropped before it is ready may or may not have made its change, for each job as
/// a whole.
pub trait JobStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the properties of the store.
    fn capabilities(&self) -> StoreCapabilities;

    /// Adds jobs independently of each other. A job that is refused does not hold up the rest.
    ///
    /// A new job gets a birth and an incarnation that no job of this store ever had, greater than
    /// all before. Its fencing tokens begin above all tokens that were given out for its id.
    ///
    /// A job that is [replaced](crate::OnConflict::Replace) by one with another trigger has its
    /// overdue fire times [decided](StoredJob::passed_over) in the same change.
    fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>>;

    /// Returns the job with this id, if there is one.
    fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>>;

    /// Lists jobs page by page in the order that the filter names. [Unreadable](Self::unreadable)
    /// jobs are left out.
    ///
    /// A job whose place in that order changes between two pages may be in both or in neither. An
    /// order other than by id may cost a look at all jobs for each page.
    fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage>;

    /// Changes a job.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Stale`](crate::ErrorKind::Stale) if the revision of the job is
    /// not the one that the caller read.
    fn update(&self, update: Update) -> StoreFuture<'_, StoredJob>;

    /// Removes a job at `now` and returns it, if there was one.
    ///
    /// Its overdue fire times are [decided](StoredJob::passed_over), and its waiting runs end as
    /// cancelled by the user. Runs under way go on, and ended runs stay in the ledger. The
    /// declaration of the job is [remembered](Self::removed) in the same change.
    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>>;

    /// Removes all jobs as [`remove`](Self::remove) does, and returns their number. Unreadable jobs
    /// stay.
    fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64>;

    /// Returns the declaration of the job that was removed under this id, unless a job was added
    /// under it since.
    ///
    /// A job that ends by itself does not count as removed. The default remembers nothing and
    /// returns `None`, so declared jobs that were removed come back with the next start.
    fn removed(&self, id: JobId) -> StoreFuture<'_, Option<Declared>> {
        let _ = id;
        StoreFuture::ready(Ok(None))
    }

    /// Forgets that a job was [removed](Self::removed).
    fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
        let _ = id;
        StoreFuture::ready(Ok(()))
    }

    /// Lists up to `limit` jobs that cannot be decoded, in the order of their ids.
    ///
    /// They are in no other answer. Calls that name one fail as
    /// [`Unreadable`](crate::ErrorKind::Unreadable). The default, for stores whose rows cannot be
    /// damaged, returns none.
    fn unreadable(&self, limit: usize) -> StoreFuture<'_, Vec<UnreadableJob>> {
        let _ = limit;
        StoreFuture::ready(Ok(Vec::new()))
    }

    /// Returns the jobs that are due soon and the jobs with waiting runs that may start. Unreadable
    /// jobs are left out.
    fn due(&self, request: DueRequest) -> StoreFuture<'_, DueJobs>;

    /// Records the ends of runs, decides claims in their order, then hands out waiting runs to the
    /// node.
    ///
    /// The call is atomic for each job. The store locks the rows in the order of ids, compares the
    /// revision, and compares the count of running instances with the limit of the job's policies.
    /// Then it advances the row and opens the runs. [`batch`](crate::batch) has these rules as
    /// code.
    ///
    /// - Of any number of claims on one revision exactly one wins.
    /// - Neither the instances nor the queue ever exceed their limits.
    /// - The check of the lease is serialised with [`recover`](Self::recover). No run is opened for
    ///   a node whose epoch has ended.
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply>;

    /// Registers a node and returns its lease. An earlier node of the same name loses its epoch.
    fn register(&self, node: NodeInfo) -> StoreFuture<'_, Lease>;

    /// Renews the lease of a node.
    ///
    /// The store increments the node's beat, keeps the time of the node's clock with it, and
    /// returns what concerns the node.
    fn renew(&self, request: RenewRequest) -> StoreFuture<'_, Renewal>;

    /// Removes a node from the list of nodes.
    ///
    /// A node with open runs stays listed without a beat until another node
    /// [recovers](Self::recover) the runs.
    fn leave(&self, lease: Lease) -> StoreFuture<'_, ()>;

    /// Lists all registered nodes.
    ///
    /// An earlier epoch of a name that has open runs is listed as a separate peer. Its beats stand
    /// still, so other nodes find it dead.
    fn nodes(&self) -> StoreFuture<'_, Vec<Peer>>;

    /// Lists the open runs of a node, page by page in the order of their numbers. Waiting runs
    /// belong to no node.
    fn open_runs(&self, request: OpenRequest) -> StoreFuture<'_, Vec<OpenRun>>;

    /// Ends the epoch of a dead node and settles up to `request.limit` of its open runs.
    ///
    /// The call does nothing if the node's beats have moved on, or if the epoch was never given
    /// out. The runs of earlier epochs of the name are settled too. Each run is settled exactly
    /// once, however many nodes try.
    ///
    /// An instance waits for any node that knows its task if its job has the policy
    /// [`Rerun`](punctual_core::OnLost::Rerun) and reruns are left. Other instances are recorded as
    /// lost, which frees them. The node stays listed until none of its runs is left.
    fn recover(&self, request: RecoverRequest) -> StoreFuture<'_, Recovered>;

    /// Cancels a run.
    ///
    /// A waiting run ends immediately. The owner of a run under way is told at every
    /// [renewal](Self::renew) until the run is over.
    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, CancelAnswer>;

    /// Lists runs, the newest first.
    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<Run>>;

    /// Returns the newest entries of each job in the request, with its open runs and ranges, and
    /// all its older open runs.
    ///
    /// The answer is grouped by job in the order of the request. Within a job the newest entry
    /// comes first, as in [`runs`](Self::runs). A job that is gone has the entries that are left of
    /// it. Ids without entries are skipped.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Refused`](crate::ErrorKind::Refused) if the request [exceeds its
    /// limits](RecentRequest::distinct).
    fn recent(&self, request: RecentRequest) -> StoreFuture<'_, Vec<Run>>;

    /// Returns up to `limit` runs that any node has opened or ended after a position.
    ///
    /// The store returns at least one if there is one, and may return fewer than `limit`. It
    /// returns each run at least once, as the run stands when it is read, unless the run was purged
    /// in between. The order of commits decides which runs come after the position, and no clock. A
    /// caller that goes on from [`next`](RunsSince::next) gets nothing while nothing happens.
    ///
    /// A position beyond the end counts as the end. From [`RunFeed::END`] the answer is the current
    /// position.
    fn runs_since(&self, since: RunFeed, limit: usize) -> StoreFuture<'_, RunsSince>;

    /// Purges up to `batch` entries of the ledger that `retention` selects, the oldest first.
    ///
    /// Returns the number of purged entries, which is less than `batch` when no entries are left to
    /// purge. Statistics of jobs stay.
    fn purge(&self, retention: Retention, batch: usize) -> StoreFuture<'_, u64>;

    /// Returns the statistics of all fire times of a job.
    fn statistics(&self, id: JobId) -> StoreFuture<'_, Statistics>;

    /// Waits until jobs are added, changed or removed after the counter stood at `since`, and
    /// returns them. Claims do not count.
    fn changes(&self, since: u64) -> StoreFuture<'_, Changes>;

    /// Compares the counts of running and waiting instances in rows with the open runs, and
    /// corrects those that differ.
    ///
    /// Returns the corrected counts. The default, for stores whose counts cannot drift, finds none.
    fn recount(&self, request: RecountRequest) -> StoreFuture<'_, Recounted> {
        let _ = request;
        StoreFuture::ready(Ok(Recounted::default()))
    }

    /// Returns the time of the store's own clock, if it has one that all its nodes share. They go by
    /// it then, so that their own clocks may differ.
    fn time(&self) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        StoreFuture::ready(Ok(None))
    }

    /// Notes the time on the caller's clock, and returns the time that was noted before, by this
    /// call or by a [renewal](Self::renew).
    ///
    /// The next node notices by it that a clock ran ahead and was set back while no node was alive.
    /// The default notes nothing and returns `None`.
    fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        let _ = now;
        StoreFuture::ready(Ok(None))
    }

    /// Releases the resources of the store after the calls under way are answered. Later calls
    /// fail.
    fn close(&self) -> StoreFuture<'_, ()> {
        StoreFuture::ready(Ok(()))
    }
}
