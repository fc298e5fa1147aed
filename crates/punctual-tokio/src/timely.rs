//! No call of a store is waited for without an end: a connection may fall silent and never break.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use punctual_core::{JobId, Run, RunId};
use punctual_store::{
    Changes, ClaimReply, ClaimRequest, Error, Insert, JobFilter, JobStore, Lease, NodeInfo,
    OpenRun, Peer, RecoverRequest, Recovered, Renewal, Reply, Retention, RunFilter, Statistics,
    StoreTraits, StoredJob, UnreadableJob, Update, Window, WindowRequest,
};
use slab::Slab;
use tokio::time::{Instant, timeout};

/// A renewal: four of them fit into the time after which others take a node for dead.
const RENEW: Duration = Duration::from_secs(2);
/// What the scheduler itself asks for: claims, windows, registration and recovery. A claim is then
/// sent again, and its runs are looked for.
const PROTOCOL: Duration = Duration::from_secs(10);
/// What handles ask for: reading, and edits of single jobs.
const HANDLES: Duration = Duration::from_secs(30);
/// What touches any number of rows.
const BULK: Duration = Duration::from_secs(300);

/// A store whose calls end in time: one that is not answered fails as unavailable, so its change
/// may have been made or not.
///
/// [`JobStore::changes`] alone has no end, since nothing may change for years.
#[derive(Debug)]
pub(crate) struct Timely {
    store: Arc<dyn JobStore>,
    calls: Arc<Calls>,
}

/// The calls of a store that it has not answered yet.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Slab<(&'static str, Instant)>>);

/// A call that a store has not answered yet. See [`StoreHealth`](crate::StoreHealth).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingCall {
    /// The method of the store.
    pub call: &'static str,
    /// How long it has been waited for.
    pub since: Duration,
}

/// Counts a call until it is dropped.
struct Pending<'a> {
    calls: &'a Calls,
    key: usize,
}

impl Calls {
    fn all(&self) -> MutexGuard<'_, Slab<(&'static str, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, call: &'static str) -> Pending<'_> {
        let key = self.all().insert((call, Instant::now()));
        Pending { calls: self, key }
    }

    /// The calls that are not answered yet, the oldest first.
    pub(crate) fn pending(&self) -> Vec<PendingCall> {
        let all = self.all();
        let pending = all.iter().map(|(_, (call, began))| PendingCall {
            call,
            since: began.elapsed(),
        });
        let mut pending: Vec<_> = pending.collect();
        pending.sort_by_key(|pending| std::cmp::Reverse(pending.since));
        pending
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.calls.all().try_remove(self.key);
    }
}

impl Timely {
    pub(crate) fn new(store: Arc<dyn JobStore>, calls: Arc<Calls>) -> Self {
        Self { store, calls }
    }

    /// Waits for an answer, but not for longer than the limit.
    fn within<'a, T: Send + 'a>(
        &'a self,
        limit: Duration,
        name: &'static str,
        call: Reply<'a, T>,
    ) -> Reply<'a, T> {
        Box::pin(async move {
            let mut call = pin!(call);
            // Most stores in memory answer here and now, and need no timer.
            if let Poll::Ready(answer) = poll_once(call.as_mut()).await {
                return answer;
            }
            let _pending = self.calls.begin(name);
            let answer = timeout(limit, call).await;
            answer.unwrap_or_else(|_| Err(unanswered(name, limit)))
        })
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

fn unanswered(name: &str, limit: Duration) -> Error {
    Error::unavailable(format!(
        "it did not answer `{name}` within {} seconds",
        limit.as_secs()
    ))
}

impl JobStore for Timely {
    fn traits(&self) -> StoreTraits {
        self.store.traits()
    }

    fn add(&self, jobs: Vec<Insert>) -> Reply<'_, Vec<Result<StoredJob, Error>>> {
        let limit = if jobs.len() > 1 { BULK } else { HANDLES };
        self.within(limit, "add", self.store.add(jobs))
    }

    fn get(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        self.within(HANDLES, "get", self.store.get(id))
    }

    fn list(&self, filter: JobFilter) -> Reply<'_, Vec<StoredJob>> {
        self.within(BULK, "list", self.store.list(filter))
    }

    fn update(&self, update: Update) -> Reply<'_, StoredJob> {
        self.within(HANDLES, "update", self.store.update(update))
    }

    fn remove(&self, id: JobId) -> Reply<'_, Option<StoredJob>> {
        self.within(HANDLES, "remove", self.store.remove(id))
    }

    fn clear(&self) -> Reply<'_, u64> {
        self.within(BULK, "clear", self.store.clear())
    }

    fn unreadable(&self, limit: usize) -> Reply<'_, Vec<UnreadableJob>> {
        self.within(BULK, "unreadable", self.store.unreadable(limit))
    }

    fn window(&self, request: WindowRequest) -> Reply<'_, Window> {
        self.within(PROTOCOL, "window", self.store.window(request))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> Reply<'a, ClaimReply> {
        self.within(PROTOCOL, "claim", self.store.claim(request))
    }

    fn register(&self, node: NodeInfo) -> Reply<'_, Lease> {
        self.within(PROTOCOL, "register", self.store.register(node))
    }

    fn renew(&self, lease: Lease) -> Reply<'_, Renewal> {
        self.within(RENEW, "renew", self.store.renew(lease))
    }

    fn leave(&self, lease: Lease) -> Reply<'_, ()> {
        self.within(PROTOCOL, "leave", self.store.leave(lease))
    }

    fn nodes(&self) -> Reply<'_, Vec<Peer>> {
        self.within(HANDLES, "nodes", self.store.nodes())
    }

    fn open_runs(&self, node: Lease) -> Reply<'_, Vec<OpenRun>> {
        self.within(PROTOCOL, "open_runs", self.store.open_runs(node))
    }

    fn recover(&self, request: RecoverRequest) -> Reply<'_, Recovered> {
        self.within(PROTOCOL, "recover", self.store.recover(request))
    }

    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        self.within(HANDLES, "request_cancel", self.store.request_cancel(run))
    }

    fn runs(&self, filter: RunFilter) -> Reply<'_, Vec<Run>> {
        self.within(BULK, "runs", self.store.runs(filter))
    }

    fn purge(&self, retention: Retention, batch: usize) -> Reply<'_, u64> {
        self.within(BULK, "purge", self.store.purge(retention, batch))
    }

    fn statistics(&self, id: JobId) -> Reply<'_, Statistics> {
        self.within(HANDLES, "statistics", self.store.statistics(id))
    }

    fn changes(&self, since: u64) -> Reply<'_, Changes> {
        self.store.changes(since)
    }
}
