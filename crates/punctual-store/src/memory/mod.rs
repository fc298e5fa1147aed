//! A store of jobs that live as long as the process.

mod cancel;
mod changes;
mod claim;
mod edit;
mod ledger;
mod list;
mod names;
mod node_list;
mod nodes;
mod open_runs;
mod recover;
mod rows;
mod runs;
mod state;
mod waiting;

pub use ledger::LedgerLimits;

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, MutexGuard};
use std::task::{Poll, Waker};

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId, Run};

use self::changes::Edit;
use self::state::State;
use crate::limits;
use crate::lock::Mutex;
use crate::{
    BatchLimits, CancelAnswer, CancelRequest, Changes, ClaimReply, ClaimRequest, DueJobs,
    DueRequest, Error, Insert, JobFilter, JobPage, JobStore, Lease, NodeInfo, OpenRequest, OpenRun,
    Peer, RecentRequest, RecoverRequest, Recovered, RenewRequest, Renewal, Retention, RunFeed,
    RunFilter, RunsSince, Statistics, StoreCapabilities, StoreFuture, StoredJob, Update,
};

/// Keeps jobs and a bounded ledger in memory.
///
/// No call blocks for longer than one batch takes. Several schedulers of one process may share the
/// store, since clones are the same store.
///
/// ```
/// use punctual_store::{LedgerLimits, MemoryStore};
///
/// let small = MemoryStore::with_ledger(LedgerLimits::new(1_000, 10));
/// # let _ = small;
/// ```
#[derive(Clone)]
pub struct MemoryStore(Arc<Mutex<State>>);

impl MemoryStore {
    /// Returns an empty store that keeps 100,000 ended runs, 1,000 of any one job.
    #[must_use]
    pub fn new() -> Self {
        Self::with_ledger(LedgerLimits::default())
    }

    /// Returns an empty store that keeps as many ended runs as `limits` allow.
    #[must_use]
    pub fn with_ledger(limits: LedgerLimits) -> Self {
        Self(Arc::new(Mutex::new(State::new(limits))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    /// Makes a change, and wakes the waiting tokio tasks after the lock is released.
    fn edit<T>(&self, edit: impl FnOnce(&mut State) -> (T, Vec<Waker>)) -> T {
        let (answer, waiting) = edit(&mut self.state());
        waiting.into_iter().for_each(Waker::wake);
        answer
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs = self.state().rows.len();
        f.debug_struct("MemoryStore").field("jobs", &jobs).finish()
    }
}

impl JobStore for MemoryStore {
    /// Returns `shared` as true once a second node has registered.
    ///
    /// It stays true when only one node is left. A node that was taken for dead may come back and
    /// has to be told of changes.
    fn capabilities(&self) -> StoreCapabilities {
        let limits = BatchLimits::new(512, usize::MAX, usize::MAX);
        StoreCapabilities::default()
            .persistent(false)
            .shared(self.state().is_shared)
            .limits(limits)
            .answers_in_place(true)
    }

    fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        let sizes: Vec<_> = jobs
            .iter()
            .map(|insert| limits::check(&insert.job))
            .collect();
        let answers = self.edit(|state| {
            let answers = jobs.into_iter().zip(sizes);
            let answers: Vec<_> = answers
                .map(|(insert, size)| size.and_then(|()| state.add(insert)))
                .collect();
            let added = answers.iter().flatten();
            let waiting = state
                .edits
                .note(added.map(|stored| stored.state.incarnation));
            (answers, waiting)
        });
        StoreFuture::ready(Ok(answers))
    }

    fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>> {
        StoreFuture::ready(Ok(self.state().get(&id)))
    }

    fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage> {
        StoreFuture::new(async { Ok(self.list_in_pieces(filter).await) })
    }

    fn update(&self, update: Update) -> StoreFuture<'_, StoredJob> {
        if let Err(error) = limits::check(&update.job) {
            return StoreFuture::ready(Err(error));
        }
        StoreFuture::ready(self.edit(|state| {
            let answer = state.update(&update);
            let changed = answer.iter().map(|stored| stored.state.incarnation);
            let waiting = state.edits.note(changed);
            (answer, waiting)
        }))
    }

    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>> {
        StoreFuture::ready(Ok(self.edit(|state| {
            let slot = state.rows.find(&id);
            let removed = slot.and_then(|slot| state.remove(slot, now));
            let gone = removed.iter().map(|stored| stored.state.incarnation);
            let waiting = state.edits.note(gone);
            (removed, waiting)
        })))
    }

    fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64> {
        StoreFuture::ready(Ok(self.edit(|state| state.clear(now))))
    }

    fn due(&self, request: DueRequest) -> StoreFuture<'_, DueJobs> {
        StoreFuture::ready(Ok(self.state().due(&request)))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        let mut state = self.state();
        state.seen = Some(request.now);
        StoreFuture::ready(state.claim(request))
    }

    fn register(&self, node: NodeInfo) -> StoreFuture<'_, Lease> {
        StoreFuture::ready(Ok(self.edit(|state| {
            let lease = state.register(node);
            let waiting = if state.is_shared {
                state.edits.note_one(Edit::Node)
            } else {
                Vec::new()
            };
            (lease, waiting)
        })))
    }

    fn renew(&self, request: RenewRequest) -> StoreFuture<'_, Renewal> {
        StoreFuture::ready(self.state().renew(&request))
    }

    fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        StoreFuture::ready(Ok(self.state().seen.replace(now)))
    }

    fn removed(&self, id: JobId) -> StoreFuture<'_, Option<Declared>> {
        StoreFuture::ready(Ok(self.state().removed.get(&id).cloned()))
    }

    fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
        self.state().removed.remove(&id);
        StoreFuture::ready(Ok(()))
    }

    fn leave(&self, lease: Lease) -> StoreFuture<'_, ()> {
        // Tells the nodes that stay. The last one learns that it is alone, and so notices the next
        // node.
        self.edit(|state| {
            state.leave(&lease);
            ((), state.edits.note_one(Edit::Node))
        });
        StoreFuture::ready(Ok(()))
    }

    fn nodes(&self) -> StoreFuture<'_, Vec<Peer>> {
        StoreFuture::ready(Ok(self.state().peers()))
    }

    fn open_runs(&self, request: OpenRequest) -> StoreFuture<'_, Vec<OpenRun>> {
        StoreFuture::ready(Ok(self.state().open_runs(&request)))
    }

    fn recover(&self, request: RecoverRequest) -> StoreFuture<'_, Recovered> {
        StoreFuture::ready(self.state().recover(&request))
    }

    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, CancelAnswer> {
        StoreFuture::ready(Ok(self.edit(|state| {
            let answer = state.cancel(&request);
            let waiting = match answer {
                CancelAnswer::Asked => state
                    .edits
                    .note_one(Edit::Cancel(request.run, request.reason)),
                // Other runs of the job may wait for the instance that is free now.
                CancelAnswer::Ended { ref runs, .. } => {
                    let births = runs.iter().map(|run| run.birth);
                    state.edits.note(births)
                }
                CancelAnswer::NotOpen => Vec::new(),
            };
            (answer, waiting)
        })))
    }

    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<Run>> {
        StoreFuture::ready(Ok(self.state().runs(&filter)))
    }

    fn recent(&self, request: RecentRequest) -> StoreFuture<'_, Vec<Run>> {
        StoreFuture::ready(self.state().recent(&request))
    }

    fn runs_since(&self, since: RunFeed, limit: usize) -> StoreFuture<'_, RunsSince> {
        StoreFuture::ready(Ok(self.state().runs_since(since, limit)))
    }

    fn purge(&self, retention: Retention, batch: usize) -> StoreFuture<'_, u64> {
        StoreFuture::ready(Ok(self.state().purge(retention, batch)))
    }

    fn statistics(&self, id: JobId) -> StoreFuture<'_, Statistics> {
        StoreFuture::ready(Ok(self.state().statistics(&id)))
    }

    fn changes(&self, since: u64) -> StoreFuture<'_, Changes> {
        let store = self.clone();
        StoreFuture::new(poll_fn(move |context| {
            let mut state = store.state();
            if state.edits.counter() == since {
                state.edits.wait(context.waker());
                return Poll::Pending;
            }
            Poll::Ready(Ok(state.changes(since)))
        }))
    }
}
