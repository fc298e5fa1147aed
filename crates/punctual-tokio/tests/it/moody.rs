//! A store that has bad days.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use punctual_core::{JobId, Run, RunId};
use punctual_store as store;
use punctual_store::{JobStore, MemoryStore, Reply};
use tokio::sync::Notify;

/// A memory store that can be told not to answer, or to fail.
#[derive(Debug, Clone)]
pub(crate) struct Moody {
    pub(crate) inner: MemoryStore,
    hangs: Arc<AtomicBool>,
    pub(crate) fails: Arc<AtomicBool>,
    again: Arc<Notify>,
}

impl Moody {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            hangs: Arc::default(),
            fails: Arc::default(),
            again: Arc::default(),
        }
    }

    pub(crate) fn set_hanging(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
        self.again.notify_waiters();
    }

    fn moody<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce() -> Reply<'a, T> + Send + 'a,
    ) -> Reply<'a, T> {
        Box::pin(async move {
            while self.hangs.load(Ordering::SeqCst) {
                self.again.notified().await;
            }
            if self.fails.load(Ordering::SeqCst) {
                return Err(store::Error::unavailable("the cable is out"));
            }
            call().await
        })
    }
}

impl JobStore for Moody {
    fn traits(&self) -> store::StoreTraits {
        self.inner.traits()
    }
    fn add(
        &self,
        jobs: Vec<store::Insert>,
    ) -> Reply<'_, Vec<Result<store::StoredJob, store::Error>>> {
        self.moody(|| self.inner.add(jobs))
    }
    fn get(&self, id: JobId) -> Reply<'_, Option<store::StoredJob>> {
        self.moody(|| self.inner.get(id))
    }
    fn list(&self, filter: store::JobFilter) -> Reply<'_, Vec<store::StoredJob>> {
        self.moody(|| self.inner.list(filter))
    }
    fn update(&self, update: store::Update) -> Reply<'_, store::StoredJob> {
        self.moody(|| self.inner.update(update))
    }
    fn remove(&self, id: JobId) -> Reply<'_, Option<store::StoredJob>> {
        self.moody(|| self.inner.remove(id))
    }
    fn clear(&self) -> Reply<'_, u64> {
        self.moody(|| self.inner.clear())
    }
    fn window(&self, request: store::WindowRequest) -> Reply<'_, store::Window> {
        self.moody(|| self.inner.window(request))
    }
    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> Reply<'a, store::ClaimReply> {
        self.moody(|| self.inner.claim(request))
    }
    fn register(&self, node: store::NodeInfo) -> Reply<'_, store::Lease> {
        self.inner.register(node)
    }
    fn renew(&self, lease: store::Lease) -> Reply<'_, store::Renewal> {
        self.inner.renew(lease)
    }
    fn leave(&self, lease: store::Lease) -> Reply<'_, ()> {
        self.inner.leave(lease)
    }
    fn nodes(&self) -> Reply<'_, Vec<store::Peer>> {
        self.inner.nodes()
    }
    fn open_runs(&self, node: store::Lease) -> Reply<'_, Vec<store::OpenRun>> {
        self.inner.open_runs(node)
    }
    fn recover(&self, request: store::RecoverRequest) -> Reply<'_, store::Recovered> {
        self.inner.recover(request)
    }
    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        self.inner.request_cancel(run)
    }
    fn runs(&self, filter: store::RunFilter) -> Reply<'_, Vec<Run>> {
        self.inner.runs(filter)
    }
    fn statistics(&self, id: JobId) -> Reply<'_, store::Statistics> {
        self.inner.statistics(id)
    }
    fn changes(&self, since: u64) -> Reply<'_, store::Changes> {
        self.inner.changes(since)
    }
}
