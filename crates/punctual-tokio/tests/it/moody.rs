//! A store that has bad days.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
    /// As a full disk does.
    pub(crate) cannot_claim: Arc<AtomicBool>,
    /// The next changes are made, but nobody hears of it.
    forgets_answers: Arc<AtomicU32>,
    /// Changes are made, but their answers are on their way.
    holds_answers: Arc<AtomicBool>,
    /// Windows are read, but their answers are on their way.
    holds_windows: Arc<AtomicBool>,
    /// The next call of this name is never answered, whatever happens.
    silent: Arc<Mutex<Option<&'static str>>>,
    /// The next claim is answered in part only.
    answers_in_part: Arc<AtomicBool>,
    claims: Arc<AtomicU32>,
    /// Every change takes so long.
    change: Arc<Mutex<Duration>>,
    /// To settle the runs of a dead node takes so long.
    recovery: Arc<Mutex<Duration>>,
    /// A job whose row cannot be read.
    damaged: Arc<Mutex<Option<JobId>>>,
    again: Arc<Notify>,
    is_shared: bool,
    is_persistent: bool,
}

impl Moody {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            hangs: Arc::default(),
            fails: Arc::default(),
            cannot_claim: Arc::default(),
            forgets_answers: Arc::default(),
            holds_answers: Arc::default(),
            holds_windows: Arc::default(),
            silent: Arc::default(),
            answers_in_part: Arc::default(),
            claims: Arc::default(),
            change: Arc::default(),
            recovery: Arc::default(),
            damaged: Arc::default(),
            again: Arc::default(),
            is_shared: false,
            is_persistent: false,
        }
    }

    /// The way of one node to a store that others share.
    pub(crate) fn shared(inner: &MemoryStore) -> Self {
        Self {
            inner: inner.clone(),
            is_shared: true,
            ..Self::new()
        }
    }

    /// One that claims to survive the process.
    pub(crate) fn persistent() -> Self {
        Self {
            is_persistent: true,
            ..Self::new()
        }
    }

    /// Loses the answers to so many changes from now on.
    pub(crate) fn forget_answers(&self, count: u32) {
        self.forgets_answers.store(count, Ordering::SeqCst);
    }

    /// Makes a change and may lose the answer.
    fn change<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce() -> Reply<'a, T> + Send + 'a,
    ) -> Reply<'a, T> {
        Box::pin(async move {
            let time = *self.change.lock().unwrap();
            if !time.is_zero() {
                tokio::time::sleep(time).await;
            }
            let answer = self.moody(call).await?;
            while self.holds_answers.load(Ordering::SeqCst) {
                self.again.notified().await;
            }
            let count = &self.forgets_answers;
            let less = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
            match less {
                Ok(_) => Err(store::Error::unavailable("the connection broke")),
                Err(_) => Ok(answer),
            }
        })
    }

    pub(crate) fn set_hanging(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
        self.again.notify_waiters();
    }

    pub(crate) fn set_holding_answers(&self, holds: bool) {
        self.holds_answers.store(holds, Ordering::SeqCst);
        self.again.notify_waiters();
    }

    pub(crate) fn set_holding_windows(&self, holds: bool) {
        self.holds_windows.store(holds, Ordering::SeqCst);
        self.again.notify_waiters();
    }

    /// Never answers the next call of this name.
    pub(crate) fn silence(&self, call: &'static str) {
        *self.silent.lock().unwrap() = Some(call);
    }

    pub(crate) fn is_silenced(&self) -> bool {
        self.silent.lock().unwrap().is_none()
    }

    fn is_silent(&self, call: &'static str) -> bool {
        self.silent
            .lock()
            .unwrap()
            .take_if(|silent| *silent == call)
            .is_some()
    }

    /// Answers a part of the next claims only.
    pub(crate) fn answer_in_part(&self) {
        self.answers_in_part.store(true, Ordering::SeqCst);
    }

    /// How many requests with claims there were.
    pub(crate) fn claims(&self) -> u32 {
        self.claims.load(Ordering::SeqCst)
    }

    pub(crate) fn change_within(&self, time: Duration) {
        *self.change.lock().unwrap() = time;
    }

    pub(crate) fn recover_within(&self, time: Duration) {
        *self.recovery.lock().unwrap() = time;
    }

    pub(crate) fn damage(&self, id: &str) {
        *self.damaged.lock().unwrap() = Some(id.try_into().unwrap());
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
        store::StoreTraits {
            shared: self.is_shared,
            persistent: self.is_persistent,
        }
    }
    fn add(
        &self,
        jobs: Vec<store::Insert>,
    ) -> Reply<'_, Vec<Result<store::StoredJob, store::Error>>> {
        if self.is_silent("add") {
            return Box::pin(pending());
        }
        self.moody(|| self.inner.add(jobs))
    }
    fn get(&self, id: JobId) -> Reply<'_, Option<store::StoredJob>> {
        if self.damaged.lock().unwrap().as_ref() == Some(&id) {
            let damaged = store::Error::unreadable(&id, "it was damaged");
            return Box::pin(ready(Err(damaged)));
        }
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
        if self.is_silent("window") {
            return Box::pin(pending());
        }
        Box::pin(async move {
            let window = self.moody(|| self.inner.window(request)).await?;
            while self.holds_windows.load(Ordering::SeqCst) {
                self.again.notified().await;
            }
            Ok(window)
        })
    }
    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> Reply<'a, store::ClaimReply> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        if self.cannot_claim.load(Ordering::SeqCst) {
            return Box::pin(async { Err(store::Error::unavailable("the disk is full")) });
        }
        if self.is_silent("claim") {
            return Box::pin(pending());
        }
        Box::pin(async move {
            let mut reply = self.change(|| self.inner.claim(request)).await?;
            if self.answers_in_part.swap(false, Ordering::SeqCst) {
                reply.answers.pop();
            }
            Ok(reply)
        })
    }
    fn register(&self, node: store::NodeInfo) -> Reply<'_, store::Lease> {
        self.moody(|| self.inner.register(node))
    }
    fn renew(&self, lease: store::Lease) -> Reply<'_, store::Renewal> {
        if self.is_silent("renew") {
            return Box::pin(pending());
        }
        self.moody(|| self.inner.renew(lease))
    }
    fn leave(&self, lease: store::Lease) -> Reply<'_, ()> {
        self.moody(|| self.inner.leave(lease))
    }
    fn nodes(&self) -> Reply<'_, Vec<store::Peer>> {
        self.inner.nodes()
    }
    fn open_runs(&self, node: store::Lease) -> Reply<'_, Vec<store::OpenRun>> {
        self.moody(|| self.inner.open_runs(node))
    }
    fn recover(&self, request: store::RecoverRequest) -> Reply<'_, store::Recovered> {
        let time = *self.recovery.lock().unwrap();
        self.change(move || {
            Box::pin(async move {
                tokio::time::sleep(time).await;
                self.inner.recover(request).await
            })
        })
    }
    fn request_cancel(&self, run: RunId) -> Reply<'_, bool> {
        self.inner.request_cancel(run)
    }
    fn runs(&self, filter: store::RunFilter) -> Reply<'_, Vec<Run>> {
        self.inner.runs(filter)
    }
    fn purge(&self, retention: store::Retention, batch: usize) -> Reply<'_, u64> {
        self.inner.purge(retention, batch)
    }
    fn statistics(&self, id: JobId) -> Reply<'_, store::Statistics> {
        self.inner.statistics(id)
    }
    fn changes(&self, since: u64) -> Reply<'_, store::Changes> {
        self.inner.changes(since)
    }
}
