//! A memory store that says it outlives the process.

use chrono::{DateTime, Utc};
use punctual::store::{
    CancelAnswer, CancelRequest, Changes, ClaimReply, ClaimRequest, DueJobs, DueRequest, Insert,
    JobStore, Lease, NodeInfo, OpenRequest, OpenRun, Peer, RecoverRequest, Recovered, RenewRequest,
    Renewal, Retention, StoreCapabilities, StoreFuture, StoredJob, Update,
};
use punctual::{JobFilter, JobId, MemoryStore, Run, RunFilter, Statistics};

#[derive(Debug)]
pub(crate) struct Persistent(MemoryStore);

impl Persistent {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self(inner)
    }
}

macro_rules! pass_on {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self $(, $argument: $kind)*) -> StoreFuture<'_, $answer> {
            self.0.$name($($argument),*)
        })*
    };
}

impl JobStore for Persistent {
    fn capabilities(&self) -> StoreCapabilities {
        let mut capabilities = self.0.capabilities();
        capabilities.persistent = true;
        capabilities
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> StoreFuture<'a, ClaimReply> {
        self.0.claim(request)
    }

    pass_on! {
        add(jobs: Vec<Insert>) -> Vec<Result<StoredJob, punctual::store::Error>>;
        get(id: JobId) -> Option<StoredJob>;
        list(filter: JobFilter) -> Vec<StoredJob>;
        update(update: Update) -> StoredJob;
        remove(id: JobId, now: DateTime<Utc>) -> Option<StoredJob>;
        clear(now: DateTime<Utc>) -> u64;
        due(request: DueRequest) -> DueJobs;
        register(node: NodeInfo) -> Lease;
        renew(request: RenewRequest) -> Renewal;
        leave(lease: Lease) -> ();
        nodes() -> Vec<Peer>;
        open_runs(request: OpenRequest) -> Vec<OpenRun>;
        recover(request: RecoverRequest) -> Recovered;
        cancel(request: CancelRequest) -> CancelAnswer;
        runs(filter: RunFilter) -> Vec<Run>;
        purge(retention: Retention, batch: usize) -> u64;
        statistics(id: JobId) -> Statistics;
        changes(since: u64) -> Changes;
    }
}
