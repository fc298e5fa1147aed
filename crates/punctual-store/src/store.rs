//! The contract between a scheduler and what keeps its jobs.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId, Run};

use crate::{
    CancelAnswer, CancelRequest, Changes, ClaimReply, ClaimRequest, DueJobs, DueRequest, Error,
    Insert, JobFilter, JobPage, Lease, NodeInfo, OpenRequest, OpenRun, Peer, RecentRequest,
    RecountRequest, Recounted, RecoverRequest, Recovered, RenewRequest, Renewal, Retention,
    RunFeed, RunFilter, RunsSince, Statistics, StoreCapabilities, StoreFuture, StoredJob,
    UnreadableJob, Update,
};

/// Keeps jobs, opens and closes their runs, and remembers what became of every fire time.
///
/// The store holds the truth: whatever a node decides counts only once the store has accepted it.
/// The protocol as a whole, with its crash points, is written down in `docs/design/claims.md`; how
/// to write a store, in `docs/writing-a-store.md`.
///
/// # Atomicity
///
/// A change is atomic for each job: all that a call does to one job, its runs and its counts
/// happens together or not at all, and is safe against every other call from any node. A call that
/// names many jobs may stop between two of them, and says in its answer what it did not try.
///
/// # Errors
///
/// An [`Error`] says what repeating can achieve. After [`Error::is_unknown`] the caller does not
/// know which part of the change was made. Repeating the call must then be harmless, and is:
/// claims and updates carry the revision that they were decided on, each key of a run is used
/// once, and an end is applied once. After [`Error::is_refused`] repeating the same request cannot
/// help.
///
/// # Time
///
/// Every call ends within a bound: the caller stops waiting after some seconds, drops the future,
/// and takes the answer as unknown.
///
/// # Cancel safety
///
/// A future that is dropped before it answered may or may not have made its change, for each job
/// as a whole.
///
/// Every store has to pass [`conformance`](crate::conformance).
pub trait JobStore: fmt::Debug + Send + Sync + 'static {
    /// Says what the store is like.
    fn capabilities(&self) -> StoreCapabilities;

    /// Adds jobs, each by itself: one that is refused does not hold up the others. A new job gets
    /// a birth and an incarnation that no job of this store ever had, greater than all before, and
    /// its fencing tokens begin above all that were given out for its id.
    ///
    /// A job that is [replaced](crate::OnConflict::Replace) by one with another trigger has its
    /// overdue fire times [decided](StoredJob::passed_over) in the same change.
    fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>>;

    /// Reads a job.
    fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>>;

    /// Lists jobs page by page in the order that the filter names, [unreadable](Self::unreadable)
    /// ones left out. A job that moves in that order between two pages may be in both or in none.
    ///
    /// An order other than that of ids may cost a look at all jobs for each page.
    fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage>;

    /// Changes a job if its revision is still the one that was read, else fails as
    /// [`Stale`](crate::ErrorKind::Stale).
    fn update(&self, update: Update) -> StoreFuture<'_, StoredJob>;

    /// Removes a job at `now`. Its overdue fire times are [decided](StoredJob::passed_over), its
    /// waiting runs end as cancelled by the user. Runs under way go on, and what ended stays in the
    /// ledger. What code declared of it is [remembered](Self::removed) in the same change.
    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>>;

    /// Removes all jobs as [`remove`](Self::remove) does, and says how many there were. Unreadable
    /// ones stay.
    fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64>;

    /// Says what code declared of the job that was removed under this id, if none was added under it
    /// since. A job that ends by itself is not removed. A store that remembers nothing answers none,
    /// and declared jobs that were removed come back with the next start.
    fn removed(&self, id: JobId) -> StoreFuture<'_, Option<Declared>> {
        let _ = id;
        StoreFuture::ready(Ok(None))
    }

    /// Forgets that a job was [removed](Self::removed).
    fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
        let _ = id;
        StoreFuture::ready(Ok(()))
    }

    /// Lists up to `limit` jobs that cannot be understood, in the order of their ids. They are in
    /// no other answer; calls that name one fail as
    /// [`Unreadable`](crate::ErrorKind::Unreadable). A store whose rows cannot be damaged has none.
    fn unreadable(&self, limit: usize) -> StoreFuture<'_, Vec<UnreadableJob>> {
        let _ = limit;
        StoreFuture::ready(Ok(Vec::new()))
    }

    /// Reads the jobs that are due soon, unreadable ones left out, and those with waiting runs that
    /// may start.
    fn due(&self, request: DueRequest) -> StoreFuture<'_, DueJobs>;

    /// Records what became of runs, then decides claims, in their order, then hands waiting runs
    /// to the node.
    ///
    /// Atomic for each job: its row is locked (in the order of ids), its revision compared, its
    /// count of running instances compared with the limit of its policies, the row advanced and
    /// the runs opened. Of any number of claims on one revision exactly one wins; neither the
    /// instances nor the queue ever exceed their limits. The check of the lease is serialised with
    /// [`recover`](Self::recover): no run is opened for a node whose epoch has ended.
    /// [`batch`](crate::batch) has these rules as code.
    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply>;

    /// Enters a node; a node of the same name loses its epoch.
    fn register(&self, node: NodeInfo) -> StoreFuture<'_, Lease>;

    /// Counts a node's heartbeat up, keeps what its clock shows beside it, and tells the node what
    /// concerns it.
    fn renew(&self, request: RenewRequest) -> StoreFuture<'_, Renewal>;

    /// Takes a node out. One that has open runs stays listed, without a beat, until another node
    /// [recovers](Self::recover) them.
    fn leave(&self, lease: Lease) -> StoreFuture<'_, ()>;

    /// Lists all registered nodes. An earlier epoch of a name that has open runs is listed as a
    /// peer of its own: its beats stand still, so it is found dead.
    fn nodes(&self) -> StoreFuture<'_, Vec<Peer>>;

    /// Lists the open runs of a node, page by page in the order of their numbers. Waiting runs
    /// belong to no node.
    fn open_runs(&self, request: OpenRequest) -> StoreFuture<'_, Vec<OpenRun>>;

    /// Ends the epoch of a dead node, unless its beats have moved on or it was never given out, and
    /// settles up to
    /// `request.limit` open runs of this and of earlier epochs of its name, each exactly once
    /// however many nodes try.
    ///
    /// An instance whose job says [`Rerun`](punctual_core::OnLost::Rerun), and was not rerun as
    /// often as that allows, waits for any node that knows its task. All others are recorded as
    /// lost, which frees their instances. The node stays listed until none of its runs is left.
    fn recover(&self, request: RecoverRequest) -> StoreFuture<'_, Recovered>;

    /// Cancels a run. One that waits ends here; the owner of one that is under way learns of it at
    /// every [renewal](Self::renew) until the run is over.
    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, CancelAnswer>;

    /// Lists runs, the newest first.
    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<Run>>;

    /// Reads the newest entries of each job that is named, open runs and ranges included, and all
    /// its open runs beyond those.
    ///
    /// The answer goes by job in the order of the request, and within a job the newest come first,
    /// as in [`runs`](Self::runs). A job that is gone has the entries that are left of it. Ids that
    /// no entry has are passed over. A request for
    /// [too much](RecentRequest::distinct) is refused.
    fn recent(&self, request: RecentRequest) -> StoreFuture<'_, Vec<Run>>;

    /// Tells of runs that were opened or have ended after a position, whichever node did it: up to
    /// `limit` of them, one at least, or fewer if the store so likes.
    ///
    /// Each of them is told once at least, as it stands when it is read, unless it was forgotten in
    /// between. Whether it comes after the position is judged by the order of commits and not by any
    /// clock. Who goes on from [`next`](RunsSince::next) is told of nothing while nothing happens.
    ///
    /// A position beyond the end counts as the end: from [`RunFeed::END`] the answer is the present
    /// position.
    fn runs_since(&self, since: RunFeed, limit: usize) -> StoreFuture<'_, RunsSince>;

    /// Forgets up to `batch` entries of the ledger that may go, the oldest first, and says how many
    /// they were: fewer than `batch` when nothing is left to do. Statistics of jobs stay.
    fn purge(&self, retention: Retention, batch: usize) -> StoreFuture<'_, u64>;

    /// Says what became of all fire times of a job.
    fn statistics(&self, id: JobId) -> StoreFuture<'_, Statistics>;

    /// Waits until jobs were added, changed or removed since the counter stood at `since` (claims
    /// do not count), and says which.
    fn changes(&self, since: u64) -> StoreFuture<'_, Changes>;

    /// Compares the counts of running and waiting instances in the rows of jobs with their open
    /// runs, mends those that differ, and says which they were. A store whose counts cannot drift
    /// finds none.
    fn recount(&self, request: RecountRequest) -> StoreFuture<'_, Recounted> {
        let _ = request;
        StoreFuture::ready(Ok(Recounted::default()))
    }

    /// Tells the time of a store that has a clock of its own, which nodes compare theirs with.
    fn time(&self) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        StoreFuture::ready(Ok(None))
    }

    /// Notes what the clock of the caller shows, and answers what was noted before this, here or by
    /// a [renewal](Self::renew). So a clock that had run ahead, and was set back while no node lived,
    /// is noticed by the next one. A store that notes nothing answers none.
    fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        let _ = now;
        StoreFuture::ready(Ok(None))
    }

    /// Gives back what the store holds, once the calls under way are answered. Calls after that
    /// fail.
    fn close(&self) -> StoreFuture<'_, ()> {
        StoreFuture::ready(Ok(()))
    }
}

/// Forwards every method, those with a default included.
macro_rules! forward {
    ($pointer:ident) => {
        impl<S: JobStore + ?Sized> JobStore for $pointer<S> {
            fn capabilities(&self) -> StoreCapabilities {
                (**self).capabilities()
            }
            fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
                (**self).add(jobs)
            }
            fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>> {
                (**self).get(id)
            }
            fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage> {
                (**self).list(filter)
            }
            fn update(&self, update: Update) -> StoreFuture<'_, StoredJob> {
                (**self).update(update)
            }
            fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>> {
                (**self).remove(id, now)
            }
            fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64> {
                (**self).clear(now)
            }
            fn removed(&self, id: JobId) -> StoreFuture<'_, Option<Declared>> {
                (**self).removed(id)
            }
            fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
                (**self).forget_removed(id)
            }
            fn unreadable(&self, limit: usize) -> StoreFuture<'_, Vec<UnreadableJob>> {
                (**self).unreadable(limit)
            }
            fn due(&self, request: DueRequest) -> StoreFuture<'_, DueJobs> {
                (**self).due(request)
            }
            fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
                (**self).claim(request)
            }
            fn register(&self, node: NodeInfo) -> StoreFuture<'_, Lease> {
                (**self).register(node)
            }
            fn renew(&self, request: RenewRequest) -> StoreFuture<'_, Renewal> {
                (**self).renew(request)
            }
            fn leave(&self, lease: Lease) -> StoreFuture<'_, ()> {
                (**self).leave(lease)
            }
            fn nodes(&self) -> StoreFuture<'_, Vec<Peer>> {
                (**self).nodes()
            }
            fn open_runs(&self, request: OpenRequest) -> StoreFuture<'_, Vec<OpenRun>> {
                (**self).open_runs(request)
            }
            fn recover(&self, request: RecoverRequest) -> StoreFuture<'_, Recovered> {
                (**self).recover(request)
            }
            fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, CancelAnswer> {
                (**self).cancel(request)
            }
            fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<Run>> {
                (**self).runs(filter)
            }
            fn recent(&self, request: RecentRequest) -> StoreFuture<'_, Vec<Run>> {
                (**self).recent(request)
            }
            fn runs_since(&self, since: RunFeed, limit: usize) -> StoreFuture<'_, RunsSince> {
                (**self).runs_since(since, limit)
            }
            fn purge(&self, retention: Retention, batch: usize) -> StoreFuture<'_, u64> {
                (**self).purge(retention, batch)
            }
            fn statistics(&self, id: JobId) -> StoreFuture<'_, Statistics> {
                (**self).statistics(id)
            }
            fn changes(&self, since: u64) -> StoreFuture<'_, Changes> {
                (**self).changes(since)
            }
            fn recount(&self, request: RecountRequest) -> StoreFuture<'_, Recounted> {
                (**self).recount(request)
            }
            fn time(&self) -> StoreFuture<'_, Option<DateTime<Utc>>> {
                (**self).time()
            }
            fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
                (**self).note_time(now)
            }
            fn close(&self) -> StoreFuture<'_, ()> {
                (**self).close()
            }
        }
    };
}

forward!(Arc);
forward!(Box);
