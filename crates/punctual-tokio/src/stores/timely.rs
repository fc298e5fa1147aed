//! Gives each call of a store a deadline, since a connection may fall silent and never break.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId, Run};
use punctual_store::lock::Mutex;
use punctual_store::{
    CancelAnswer, CancelRequest, Changes, ClaimReply, ClaimRequest, DueJobs, DueRequest, Error,
    Insert, JobFilter, JobPage, JobStore, Lease, NodeInfo, OpenRequest, OpenRun, Peer,
    RecentRequest, RecountRequest, Recounted, RecoverRequest, Recovered, RenewRequest, Renewal,
    Retention, RunFeed, RunFilter, RunsSince, Statistics, StoreCapabilities, StoreFuture,
    StoredJob, UnreadableJob, Update,
};
use slab::Slab;
use tokio::time::{Instant, timeout};

/// The time for a renewal. Four renewals fit into the time after which other nodes take a node for
/// dead.
pub(crate) const RENEW: Duration = Duration::from_secs(2);
/// The time for a piece of what a dead node left behind. The node that settles it has to renew its
/// own lease before other nodes take it for dead.
const RECOVER: Duration = Duration::from_secs(4);
/// The time for a call of the scheduler itself, as for claims, due jobs and registration. A claim
/// without an answer is sent again, and the scheduler looks for its runs.
const PROTOCOL: Duration = Duration::from_secs(10);
/// The time for a call of a handle, as for reads and for edits of single jobs.
const HANDLES: Duration = Duration::from_secs(30);
/// The time for a call that may touch any number of rows.
const BULK: Duration = Duration::from_secs(300);

/// A store whose calls end in time. A call that is not answered fails as unavailable, so its change
/// may or may not have been made.
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
    /// The time for which the caller has waited.
    pub since: Duration,
}

/// Counts a call until it is dropped.
struct Pending<'a> {
    calls: &'a Calls,
    key: usize,
}

impl Calls {
    fn begin(&self, call: &'static str) -> Pending<'_> {
        let key = self.0.lock().insert((call, Instant::now()));
        Pending { calls: self, key }
    }

    /// Returns the calls that are not answered yet, the oldest first.
    pub(crate) fn pending(&self) -> Vec<PendingCall> {
        let all = self.0.lock();
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
        self.calls.0.lock().try_remove(self.key);
    }
}

impl Timely {
    pub(crate) fn new(store: Arc<dyn JobStore>, calls: Arc<Calls>) -> Self {
        Self { store, calls }
    }

    /// Waits for an answer, for at most the limit.
    fn within<'a, T: Send + 'a>(
        &'a self,
        limit: Duration,
        name: &'static str,
        call: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        // An answer that is there already needs no timer.
        if call.is_ready() {
            return call;
        }
        StoreFuture::new(async move {
            let mut call = pin!(call);
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
        "it did not answer `{name}` within {} seconds; look whether its database is reachable, locked or overloaded",
        limit.as_secs()
    ))
}

impl JobStore for Timely {
    fn capabilities(&self) -> StoreCapabilities {
        self.store.capabilities()
    }

    fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        let limit = if jobs.len() > 1 { BULK } else { HANDLES };
        self.within(limit, "add", self.store.add(jobs))
    }

    fn get(&self, id: JobId) -> StoreFuture<'_, Option<StoredJob>> {
        self.within(HANDLES, "get", self.store.get(id))
    }

    fn list(&self, filter: JobFilter) -> StoreFuture<'_, JobPage> {
        self.within(BULK, "list", self.store.list(filter))
    }

    fn update(&self, update: Update) -> StoreFuture<'_, StoredJob> {
        self.within(HANDLES, "update", self.store.update(update))
    }

    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<StoredJob>> {
        self.within(HANDLES, "remove", self.store.remove(id, now))
    }

    fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64> {
        self.within(BULK, "clear", self.store.clear(now))
    }

    fn unreadable(&self, limit: usize) -> StoreFuture<'_, Vec<UnreadableJob>> {
        self.within(BULK, "unreadable", self.store.unreadable(limit))
    }

    fn due(&self, request: DueRequest) -> StoreFuture<'_, DueJobs> {
        self.within(PROTOCOL, "due", self.store.due(request))
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        self.within(PROTOCOL, "claim", self.store.claim(request))
    }

    fn register(&self, node: NodeInfo) -> StoreFuture<'_, Lease> {
        self.within(PROTOCOL, "register", self.store.register(node))
    }

    fn renew(&self, request: RenewRequest) -> StoreFuture<'_, Renewal> {
        self.within(RENEW, "renew", self.store.renew(request))
    }

    fn leave(&self, lease: Lease) -> StoreFuture<'_, ()> {
        self.within(PROTOCOL, "leave", self.store.leave(lease))
    }

    fn nodes(&self) -> StoreFuture<'_, Vec<Peer>> {
        self.within(HANDLES, "nodes", self.store.nodes())
    }

    fn open_runs(&self, request: OpenRequest) -> StoreFuture<'_, Vec<OpenRun>> {
        self.within(PROTOCOL, "open_runs", self.store.open_runs(request))
    }

    fn recover(&self, request: RecoverRequest) -> StoreFuture<'_, Recovered> {
        self.within(RECOVER, "recover", self.store.recover(request))
    }

    fn cancel(&self, request: CancelRequest) -> StoreFuture<'_, CancelAnswer> {
        self.within(HANDLES, "cancel", self.store.cancel(request))
    }

    fn runs(&self, filter: RunFilter) -> StoreFuture<'_, Vec<Run>> {
        self.within(BULK, "runs", self.store.runs(filter))
    }

    fn recent(&self, request: RecentRequest) -> StoreFuture<'_, Vec<Run>> {
        self.within(HANDLES, "recent", self.store.recent(request))
    }

    fn runs_since(&self, since: RunFeed, limit: usize) -> StoreFuture<'_, RunsSince> {
        self.within(HANDLES, "runs_since", self.store.runs_since(since, limit))
    }

    fn purge(&self, retention: Retention, batch: usize) -> StoreFuture<'_, u64> {
        self.within(BULK, "purge", self.store.purge(retention, batch))
    }

    fn statistics(&self, id: JobId) -> StoreFuture<'_, Statistics> {
        self.within(HANDLES, "statistics", self.store.statistics(id))
    }

    fn changes(&self, since: u64) -> StoreFuture<'_, Changes> {
        self.store.changes(since)
    }

    fn recount(&self, request: RecountRequest) -> StoreFuture<'_, Recounted> {
        self.within(BULK, "recount", self.store.recount(request))
    }

    fn time(&self) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        self.within(RENEW, "time", self.store.time())
    }

    fn removed(&self, id: JobId) -> StoreFuture<'_, Option<Declared>> {
        self.within(HANDLES, "removed", self.store.removed(id))
    }

    fn forget_removed(&self, id: JobId) -> StoreFuture<'_, ()> {
        self.within(HANDLES, "forget_removed", self.store.forget_removed(id))
    }

    fn note_time(&self, now: DateTime<Utc>) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        self.within(RENEW, "note_time", self.store.note_time(now))
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.within(HANDLES, "close", self.store.close())
    }
}
