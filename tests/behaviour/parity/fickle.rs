//! A memory store that fails at the calls one names, and may say that it outlives the process.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Run};
use punctual_store as store;
use punctual_store::{JobStore, MemoryStore, StoreFuture};

#[derive(Debug, Clone, Default)]
pub(crate) struct Fickle {
    inner: MemoryStore,
    persistent: bool,
    failing: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Fickle {
    /// Says that its jobs survive the process.
    pub(crate) fn persistent() -> Self {
        Self {
            persistent: true,
            ..Self::default()
        }
    }

    /// From now on, this call fails.
    pub(crate) fn fails(&self, call: &'static str) {
        self.failing.lock().unwrap().insert(call);
    }

    pub(crate) fn works(&self) {
        self.failing.lock().unwrap().clear();
    }

    fn try_to<'a, T: Send + 'a>(
        &self,
        call: &'static str,
        inner: impl FnOnce() -> StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        if self.failing.lock().unwrap().contains(call) {
            let error = store::Error::unavailable("the cable is out");
            return StoreFuture::ready(Err(error));
        }
        inner()
    }
}

macro_rules! delegate {
    ($($call:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(
            fn $call(&self, $($argument: $kind),*) -> StoreFuture<'_, $answer> {
                self.try_to(stringify!($call), || self.inner.$call($($argument),*))
            }
        )*
    };
}

impl JobStore for Fickle {
    fn capabilities(&self) -> store::StoreCapabilities {
        let mut capabilities = self.inner.capabilities();
        capabilities.persistent = self.persistent;
        capabilities
    }

    fn claim<'a>(&'a self, request: &'a store::ClaimRequest) -> StoreFuture<'a, store::ClaimReply> {
        self.try_to("claim", || self.inner.claim(request))
    }

    delegate! {
        add(jobs: Vec<store::Insert>) -> Vec<Result<store::StoredJob, store::Error>>;
        get(id: JobId) -> Option<store::StoredJob>;
        list(filter: store::JobFilter) -> Vec<store::StoredJob>;
        update(update: store::Update) -> store::StoredJob;
        remove(id: JobId, now: DateTime<Utc>) -> Option<store::StoredJob>;
        clear(now: DateTime<Utc>) -> u64;
        due(request: store::DueRequest) -> store::DueJobs;
        register(node: store::NodeInfo) -> store::Lease;
        renew(request: store::RenewRequest) -> store::Renewal;
        leave(lease: store::Lease) -> ();
        nodes() -> Vec<store::Peer>;
        open_runs(request: store::OpenRequest) -> Vec<store::OpenRun>;
        recover(request: store::RecoverRequest) -> store::Recovered;
        cancel(request: store::CancelRequest) -> store::CancelAnswer;
        runs(filter: store::RunFilter) -> Vec<Run>;
        purge(retention: store::Retention, batch: usize) -> u64;
        statistics(id: JobId) -> store::Statistics;
        changes(since: u64) -> store::Changes;
    }
}
