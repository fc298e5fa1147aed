//! A memory store that says it outlives the process.

use punctual::store::{
    Changes, ClaimReply, ClaimRequest, Insert, JobStore, Lease, NodeInfo, OpenRun, Peer,
    RecoverRequest, Recovered, Renewal, Reply, Retention, StoreTraits, StoredJob, Update, Window,
    WindowRequest,
};
use punctual::{JobFilter, JobId, MemoryStore, Run, RunFilter, RunId, Statistics};

#[derive(Debug)]
pub(crate) struct Persistent(MemoryStore);

impl Persistent {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self(inner)
    }
}

macro_rules! pass_on {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self $(, $argument: $kind)*) -> Reply<'_, $answer> {
            self.0.$name($($argument),*)
        })*
    };
}

impl JobStore for Persistent {
    fn traits(&self) -> StoreTraits {
        StoreTraits {
            persistent: true,
            ..self.0.traits()
        }
    }

    fn claim<'a>(&'a self, request: &'a ClaimRequest) -> Reply<'a, ClaimReply> {
        self.0.claim(request)
    }

    pass_on! {
        add(jobs: Vec<Insert>) -> Vec<Result<StoredJob, punctual::store::Error>>;
        get(id: JobId) -> Option<StoredJob>;
        list(filter: JobFilter) -> Vec<StoredJob>;
        update(update: Update) -> StoredJob;
        remove(id: JobId) -> Option<StoredJob>;
        clear() -> u64;
        window(request: WindowRequest) -> Window;
        register(node: NodeInfo) -> Lease;
        renew(lease: Lease) -> Renewal;
        leave(lease: Lease) -> ();
        nodes() -> Vec<Peer>;
        open_runs(node: Lease) -> Vec<OpenRun>;
        recover(request: RecoverRequest) -> Recovered;
        request_cancel(run: RunId) -> bool;
        runs(filter: RunFilter) -> Vec<Run>;
        purge(retention: Retention, batch: usize) -> u64;
        statistics(id: JobId) -> Statistics;
        changes(since: u64) -> Changes;
    }
}
