//! Jobs that live as long as the process.

mod claims;
mod edits;
mod ledger;
mod nodes;
mod open;
mod recover;
mod rows;
mod state;

pub use ledger::LedgerLimits;

use std::fmt;
use std::future::{poll_fn, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use punctual_core::{JobId, Run, RunId};

use self::state::State;
use crate::{
    Changes, ClaimReply, ClaimRequest, Error, Insert, JobFilter, JobStore, Lease, NodeInfo,
    OpenRun, Peer, RecoverRequest, Recovered, Renewal, Reply, Retention, RunFilter, Statistics,
    StoreTraits, StoredJob, Update, Window, WindowRequest,
};

/// Keeps jobs and a bounded ledger in memory.
///
/// It never blocks for longer than a batch takes, and it can be shared by several schedulers of
/// one process: clones are the same store.
///
/// ```
/// use punctual_store::{LedgerLimits, MemoryStore};
///
/// let small = MemoryStore::with_ledger(LedgerLimits { total: 1_000, per_job: 10 });
/// # let _ = small;
/// ```
#[derive(Clone)]
pub struct MemoryStore(Arc<Mutex<State>>);

impl MemoryStore {
    /// An empty store that remembers 100,000 ended runs, 1,000 of any one job.
    #[must_use]
    pub fn new() -> Self {
        Self::with_ledger(LedgerLimits::default())
    }

    /// An empty store that remembers so much of ended runs.
    #[must_use]
    pub fn with_ledger(limits: LedgerLimits) -> Self {
        Self(Arc::new(Mutex::new(State::new(limits))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of others runs under the lock, so a poisoned one was not left half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change, and wakes outside the lock who waits for it.
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

/// An answer that is known at once.
fn at_once<'a, T: Send + 'a>(answer: Result<T, Error>) -> Reply<'a, T> {
    Box::pin(ready(answer))
}

impl JobStore for MemoryStore {
    fn traits(&self) -> StoreTraits {
        StoreTraits {
            persistent: false,
            shared: false,
        }
    }

    fn add(&self, jobs: Vec<Insert>) -> Reply<'_, Vec<Result<StoredJob, Error>>> {
        let answers = self.edit(|state| {
            let answers: Vec<_> = jobs.into_iter().map(|job| state.add(job)).collect();
            let added = answers.iter().flatten();
            let waiting = state
                .edits
                .note(added.map(|stored| stored.state.incarnation));
            (answers, waiting)
        });
        at_once(Ok(answers))
    }

    fn get(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        at_once(Ok(self.state().get(&id)))
    }

    fn list(&self, filter: JobFilter) -> Reply<'_, Vec<StoredJob>> {
        at_once(Ok(self.state().list(&filter)))
    }

    fn update(&self, update: Update) -> Reply<'_, StoredJob> {
        at_once(self.edit(|state| {
            let answer = state.update(&update);
            let changed = answer.iter().map(|stored| stored.state.incarnation);
            let waiting = state.edits.note(changed);
            (answer, waiting)
        }))
    }

    fn remove(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        at_once(Ok(self.edit(|state| {
            let removed = state.rows.find(&id).and_then(|slot| state.remove(slot));
            let gone = removed.iter().map(|stored| stored.state.incarnation);
            let waiting = state.edits.note(gone);
            (removed, waiting)
        })))
    }

    fn clear(&self) -> Reply<'_, u64> {
        at_once(Ok(self.edit(State::clear)))
    }

    fn window(&self, request: WindowRequest) -> Reply<'_, Window> {
        at_once(Ok(self.state().window(&request)))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> Reply<'a, ClaimReply> {
        at_once(self.state().claim(request))
    }

    fn register(&self, node: NodeInfo) -> Reply<'_, Lease> {
        at_once(Ok(self.state().nodes.register(node)))
    }

    fn renew(&self, lease: Lease) -> Reply<'_, Renewal> {
        at_once(self.state().renew(&lease))
    }

    fn leave(&self, lease: Lease) -> Reply<'_, ()> {
        self.state().leave(&lease);
        at_once(Ok(()))
    }

    fn nodes(&self) -> Reply<'_, Vec<Peer>> {
        at_once(Ok(self.state().peers()))
    }

    fn open_runs(&self, node: Lease) -> Reply<'_, Vec<OpenRun>> {
        at_once(Ok(self.state().open_runs(&node)))
    }

    fn recover(&self, request: RecoverRequest) -> Reply<'_, Recovered> {
        at_once(self.state().recover(&request))
    }

    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        at_once(Ok(self.state().request_cancel(run)))
    }

    fn runs(&self, filter: RunFilter) -> Reply<'_, Vec<Run>> {
        at_once(Ok(self.state().runs(&filter)))
    }

    fn purge(&self, retention: Retention, batch: usize) -> Reply<'_, u64> {
        at_once(Ok(self.state().purge(retention, batch)))
    }

    fn statistics(&self, id: JobId) -> Reply<'_, Statistics> {
        at_once(Ok(self.state().statistics(&id)))
    }

    fn changes(&self, since: u64) -> Reply<'_, Changes> {
        let store = self.clone();
        Box::pin(poll_fn(move |context| {
            let mut state = store.state();
            if state.edits.counter() == since {
                state.edits.wait(context.waker());
                return Poll::Pending;
            }
            Poll::Ready(Ok(state.changes(since)))
        }))
    }
}
