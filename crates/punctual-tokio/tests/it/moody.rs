//! A store that has bad days.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Run};
use punctual_store as store;
use punctual_store::{JobStore, MemoryStore, StoreFuture};
use tokio::sync::Notify;
use tokio::time::Instant;

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
    /// Windows leave all arguments out.
    tells_heads: Arc<AtomicBool>,
    /// The next call of this name is never answered, whatever happens.
    silent: Arc<Mutex<Option<&'static str>>>,
    /// The next claim is answered in part only.
    answers_in_part: Arc<AtomicBool>,
    claims: Arc<AtomicU32>,
    windows: Arc<AtomicU32>,
    renewals: Arc<AtomicU32>,
    /// Every change takes so long.
    change: Arc<Mutex<Duration>>,
    /// To settle the runs of a dead node takes so long.
    recovery: Arc<Mutex<Duration>>,
    /// A job whose row cannot be read.
    damaged: Arc<Mutex<Option<JobId>>>,
    /// So many entries of the ledger are too many.
    pub(crate) surplus: Arc<Mutex<Option<u64>>>,
    /// When entries were forgotten, from and through.
    pub(crate) forgotten: Arc<Mutex<Vec<(Instant, Instant)>>>,
    again: Arc<Notify>,
    is_shared: bool,
    is_persistent: bool,
    limits: Arc<Mutex<store::BatchLimits>>,
    /// Requests with more bytes of texts than this are refused.
    most_bytes: Arc<AtomicU32>,
    /// An end that holds this text is refused.
    refused: Arc<Mutex<Option<&'static str>>>,
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
            tells_heads: Arc::default(),
            silent: Arc::default(),
            answers_in_part: Arc::default(),
            claims: Arc::default(),
            windows: Arc::default(),
            renewals: Arc::default(),
            change: Arc::default(),
            recovery: Arc::default(),
            damaged: Arc::default(),
            surplus: Arc::default(),
            forgotten: Arc::default(),
            again: Arc::default(),
            is_shared: false,
            is_persistent: false,
            limits: Arc::default(),
            most_bytes: Arc::new(AtomicU32::new(u32::MAX)),
            refused: Arc::default(),
        }
    }

    /// Refuses requests with more bytes of texts.
    pub(crate) fn refuse_beyond(&self, bytes: u32) {
        self.most_bytes.store(bytes, Ordering::SeqCst);
    }

    /// Refuses requests with an end of this text.
    pub(crate) fn refuse(&self, text: &'static str) {
        *self.refused.lock().unwrap() = Some(text);
    }

    /// Forgets up to a batch of the surplus, 50 entries a millisecond.
    async fn forget(&self, batch: usize) -> Result<u64, store::Error> {
        let began = Instant::now();
        let left = self.surplus.lock().unwrap().unwrap_or(0);
        let gone = left.min(batch as u64);
        tokio::time::sleep(Duration::from_millis(gone / 50)).await;
        *self.surplus.lock().unwrap() = Some(left - gone);
        let times = (began, Instant::now());
        self.forgotten.lock().unwrap().push(times);
        Ok(gone)
    }

    fn takes(&self, request: &store::ClaimRequest) -> Result<(), store::Error> {
        let texts = || request.ends.iter().filter_map(|end| end.text.as_ref());
        let bytes: usize = texts().map(|text| text.as_str().len()).sum();
        let refused = *self.refused.lock().unwrap();
        let is_bad = |text: &store::EndText| refused.is_some_and(|bad| text.as_str().contains(bad));
        if bytes > self.most_bytes.load(Ordering::SeqCst) as usize || texts().any(is_bad) {
            return Err(store::Error::refused("the packet is too large"));
        }
        Ok(())
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
        call: impl FnOnce() -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        StoreFuture::new(async move {
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

    /// Leaves all arguments out of windows, as a store does with long ones.
    pub(crate) fn tell_heads(&self) {
        self.tells_heads.store(true, Ordering::SeqCst);
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

    /// How many windows were read.
    pub(crate) fn windows(&self) -> u32 {
        self.windows.load(Ordering::SeqCst)
    }

    /// How many renewals were asked for.
    pub(crate) fn renewals(&self) -> u32 {
        self.renewals.load(Ordering::SeqCst)
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
        call: impl FnOnce() -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        StoreFuture::new(async move {
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

fn cut_to_head(due: &mut store::DueJob) {
    let job = punctual_core::Job::clone(&due.stored.job);
    due.stored.job = Arc::new(job.with_args(&serde_json::Value::Null));
    due.is_head = true;
}

impl JobStore for Moody {
    fn capabilities(&self) -> store::StoreCapabilities {
        let limits = *self.limits.lock().unwrap();
        store::StoreCapabilities::default()
            .persistent(self.is_persistent)
            .shared(self.is_shared)
            .limits(limits)
    }
    fn add(
        &self,
        jobs: Vec<store::Insert>,
    ) -> StoreFuture<'_, Vec<Result<store::StoredJob, store::Error>>> {
        if self.is_silent("add") {
            return StoreFuture::new(pending());
        }
        self.moody(|| self.inner.add(jobs))
    }
    fn get(&self, id: JobId) -> StoreFuture<'_, Option<store::StoredJob>> {
        if self.is_silent("get") {
            return StoreFuture::new(pending());
        }
        if self.damaged.lock().unwrap().as_ref() == Some(&id) {
            let damaged = store::Error::unreadable(&id, "it was damaged");
            return StoreFuture::ready(Err(damaged));
        }
        self.moody(|| self.inner.get(id))
    }
    fn list(&self, filter: store::JobFilter) -> StoreFuture<'_, Vec<store::StoredJob>> {
        self.moody(|| self.inner.list(filter))
    }
    fn update(&self, update: store::Update) -> StoreFuture<'_, store::StoredJob> {
        self.moody(|| self.inner.update(update))
    }
    fn remove(&self, id: JobId, now: DateTime<Utc>) -> StoreFuture<'_, Option<store::StoredJob>> {
        self.moody(move || self.inner.remove(id, now))
    }
    fn clear(&self, now: DateTime<Utc>) -> StoreFuture<'_, u64> {
        self.moody(move || self.inner.clear(now))
    }
    fn due(&self, request: store::DueRequest) -> StoreFuture<'_, store::DueJobs> {
        self.windows.fetch_add(1, Ordering::SeqCst);
        if self.is_silent("due") {
            return StoreFuture::new(pending());
        }
        StoreFuture::new(async move {
            let mut due = self.moody(|| self.inner.due(request)).await?;
            if self.tells_heads.load(Ordering::SeqCst) {
                due.jobs.iter_mut().for_each(cut_to_head);
            }
            while self.holds_windows.load(Ordering::SeqCst) {
                self.again.notified().await;
            }
            Ok(due)
        })
    }
    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> StoreFuture<'a, store::ClaimReply> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        if self.cannot_claim.load(Ordering::SeqCst) {
            return StoreFuture::ready(Err(store::Error::unavailable("the disk is full")));
        }
        if self.is_silent("claim") {
            return StoreFuture::new(pending());
        }
        if let Err(error) = self.takes(request) {
            return StoreFuture::ready(Err(error));
        }
        StoreFuture::new(async move {
            let mut reply = self.change(|| self.inner.claim(request)).await?;
            if self.answers_in_part.swap(false, Ordering::SeqCst) {
                reply.answers.pop();
            }
            Ok(reply)
        })
    }
    fn register(&self, node: store::NodeInfo) -> StoreFuture<'_, store::Lease> {
        self.moody(|| self.inner.register(node))
    }
    fn renew(&self, request: store::RenewRequest) -> StoreFuture<'_, store::Renewal> {
        self.renewals.fetch_add(1, Ordering::SeqCst);
        if self.is_silent("renew") {
            return StoreFuture::new(pending());
        }
        self.moody(|| self.inner.renew(request))
    }
    fn leave(&self, lease: store::Lease) -> StoreFuture<'_, ()> {
        self.moody(|| self.inner.leave(lease))
    }
    fn nodes(&self) -> StoreFuture<'_, Vec<store::Peer>> {
        self.moody(|| self.inner.nodes())
    }
    fn open_runs(&self, request: store::OpenRequest) -> StoreFuture<'_, Vec<store::OpenRun>> {
        self.moody(|| self.inner.open_runs(request))
    }
    fn recover(&self, request: store::RecoverRequest) -> StoreFuture<'_, store::Recovered> {
        StoreFuture::new(async move {
            let time = *self.recovery.lock().unwrap();
            if !time.is_zero() {
                tokio::time::sleep(time).await;
            }
            self.change(|| self.inner.recover(request)).await
        })
    }
    fn cancel(&self, request: store::CancelRequest) -> StoreFuture<'_, store::CancelAnswer> {
        self.moody(|| self.inner.cancel(request))
    }
    fn runs(&self, filter: store::RunFilter) -> StoreFuture<'_, Vec<Run>> {
        if self.is_silent("runs") {
            return StoreFuture::new(pending());
        }
        self.moody(|| self.inner.runs(filter))
    }
    fn purge(&self, retention: store::Retention, batch: usize) -> StoreFuture<'_, u64> {
        if self.surplus.lock().unwrap().is_some() {
            return StoreFuture::new(self.forget(batch));
        }
        self.moody(move || self.inner.purge(retention, batch))
    }
    fn statistics(&self, id: JobId) -> StoreFuture<'_, store::Statistics> {
        self.moody(|| self.inner.statistics(id))
    }
    fn changes(&self, since: u64) -> StoreFuture<'_, store::Changes> {
        if self.is_silent("changes") {
            return StoreFuture::new(pending());
        }
        self.moody(move || self.inner.changes(since))
    }
}
