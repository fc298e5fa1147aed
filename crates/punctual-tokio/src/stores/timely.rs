//! Gives each call of a store a deadline, since a connection may fall silent and never break.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use punctual_store::lock::Mutex;
use punctual_store::{
    Error, Insert, JobStore, Layered, StoreCall, StoreFuture, StoreLayer, StoredJob,
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
    pub(crate) fn store(store: Arc<dyn JobStore>, calls: Arc<Calls>) -> Arc<dyn JobStore> {
        Arc::new(Layered(Self { store, calls }))
    }

    /// Waits for an answer, for at most the limit.
    fn within<'a, T: Send + 'a>(
        &'a self,
        limit: Duration,
        call: StoreCall,
        answer: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        // An answer that is there already needs no timer.
        if answer.is_ready() {
            return answer;
        }
        StoreFuture::new(async move {
            let mut answer = pin!(answer);
            if let Poll::Ready(answer) = poll_once(answer.as_mut()).await {
                return answer;
            }
            let _pending = self.calls.begin(call.name());
            let answer = timeout(limit, answer).await;
            answer.unwrap_or_else(|_| Err(unanswered(call, limit)))
        })
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

fn unanswered(call: StoreCall, limit: Duration) -> Error {
    Error::unavailable(format!(
        "it did not answer `{call}` within {} seconds; look whether its database is reachable, locked or overloaded",
        limit.as_secs()
    ))
}

/// Returns the limit of a call, or `None` for a call that may take any time.
fn limit(call: StoreCall) -> Option<Duration> {
    Some(match call {
        StoreCall::Changes => return None,
        StoreCall::Renew | StoreCall::Time | StoreCall::NoteTime => RENEW,
        StoreCall::Recover => RECOVER,
        StoreCall::Due
        | StoreCall::Claim
        | StoreCall::Register
        | StoreCall::Leave
        | StoreCall::OpenRuns => PROTOCOL,
        StoreCall::Clear
        | StoreCall::List
        | StoreCall::Unreadable
        | StoreCall::Runs
        | StoreCall::Purge
        | StoreCall::Recount => BULK,
        _ => HANDLES,
    })
}

impl StoreLayer for Timely {
    fn inner(&self) -> &dyn JobStore {
        &*self.store
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce() -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        match limit(call) {
            Some(limit) => self.within(limit, call, work()),
            None => work(),
        }
    }

    fn add(&self, jobs: Vec<Insert>) -> StoreFuture<'_, Vec<Result<StoredJob, Error>>> {
        let limit = if jobs.len() > 1 { BULK } else { HANDLES };
        self.within(limit, StoreCall::Add, self.store.add(jobs))
    }
}
