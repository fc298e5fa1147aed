//! The ways between the scheduler task and one store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use punctual_machine::Read;
use punctual_store::{ClaimReply, ClaimRequest, ErrorKind, JobStore, NodeInfo};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Driver;
use crate::store_link::lease::{Held, another_name, lease};
use crate::store_link::worker::{Corrections, Worker};
use crate::stores::NamedStore;
use crate::stores::health::Health;

/// Readings that may be on their way: what is due, what is left to others, and jobs that are looked for.
const READS: usize = 3;

/// A request of so many claims and ends, or fewer, is answered within the turn. What comes in bursts is
/// for a worker, which goes on beside the scheduler task.
const SMALL: usize = 32;

/// One store, and its workers.
pub(super) struct Link {
    pub(super) alias: Arc<str>,
    pub(super) store: Arc<dyn JobStore>,
    pub(super) health: Arc<Health>,
    requests: Option<Requests>,
    /// It has not answered in place, though it says that it does.
    is_slow: bool,
    /// Keeps the lease, until no more requests are sent.
    keeper: Option<JoinHandle<()>>,
    /// What lets its jobs go on when the clock was set back.
    corrections: Corrections,
    /// For who takes over runs of dead nodes: whether this one begins any.
    begins_runs: Arc<AtomicBool>,
}

/// The ways for what is asked of a store. Each has a task of its own, so that a slow window holds up no
/// claim, and few requests on it.
struct Requests {
    claims: mpsc::Sender<Box<ClaimRequest>>,
    reads: mpsc::Sender<Read>,
    /// While it is held, the lease is kept.
    held: Held,
}

impl Link {
    pub(super) fn say_whether_runs_begin(&self, begins: bool) {
        self.begins_runs.store(begins, Ordering::SeqCst);
    }

    pub(super) fn corrections(&self) -> Option<Corrections> {
        self.requests.as_ref().map(|_| self.corrections.clone())
    }

    /// Asks for a small request to be answered here and now; it comes back if that is not possible. What
    /// is refused goes the long way, where it is found out why.
    pub(super) fn claim_in_place(
        &mut self,
        mut request: Box<ClaimRequest>,
    ) -> Result<(Box<ClaimRequest>, ClaimReply), Box<ClaimRequest>> {
        if !self.is_answered_in_place(&request) {
            return Err(request);
        }
        let sent = Instant::now();
        let ask = || self.store.claim(&request).now_or_never();
        match catch_unwind(AssertUnwindSafe(ask)) {
            Ok(Some(Ok(reply))) if reply.answers.len() == request.claims.len() => {
                self.health.works();
                self.health.pulse.was_answered(&request.lease, sent);
                Ok((request, reply))
            }
            Ok(Some(Err(error))) if error.kind() == ErrorKind::Fenced || error.is_refused() => {
                Err(request)
            }
            answer => {
                if !matches!(answer, Ok(Some(_))) {
                    self.is_slow = true;
                    let store = &self.alias;
                    tracing::warn!(%store, "the store says that it answers claims in place, and has not: from now on they go by a tokio task");
                }
                // It may have been made all the same.
                request.is_repeated = true;
                Err(request)
            }
        }
    }

    /// Only under a lease that the keeper has given out: before that, what this node has left open
    /// under an earlier one is not settled.
    fn is_answered_in_place(&self, request: &ClaimRequest) -> bool {
        let requests = self.requests.as_ref();
        !self.is_slow
            && request.claims.len() + request.ends.len() <= SMALL
            && self.store.capabilities().answers_in_place
            && requests.is_some_and(|requests| requests.held.is_current(&request.lease))
    }

    // The machine sends one request of a kind at a time, so there is room. Only the end of the runtime
    // takes a worker away, and then this task too.
    pub(super) fn claim(&self, request: Box<ClaimRequest>) {
        if let Some(requests) = &self.requests {
            let _ = requests.claims.try_send(request);
        }
    }

    pub(super) fn read(&self, read: Read) {
        if let Some(requests) = &self.requests {
            let _ = requests.reads.try_send(read);
        }
    }

    /// Sends no more requests. What keeps the lease ends by that.
    pub(super) fn close(&mut self) -> Option<JoinHandle<()>> {
        self.requests = None;
        self.keeper.take()
    }
}

impl Driver {
    /// Takes a store in: from now on it has workers.
    pub(crate) fn adopt_store(&mut self, named: NamedStore) {
        let (claims, asked) = mpsc::channel(1);
        let (reads, looked_at) = mpsc::channel(READS);
        let begins_runs = Arc::new(AtomicBool::new(self.machine.begins_runs()));
        let worker = Worker {
            id: named.id,
            alias: Arc::clone(&named.alias),
            shared: Arc::clone(&self.shared),
            store: Arc::clone(&named.store),
            node: self.node_info(),
            health: Arc::clone(&named.health),
            begins_runs: Arc::clone(&begins_runs),
            replies: self.replying.clone(),
            is_shared: Arc::default(),
            settled: Arc::default(),
        };
        let (keeper, held) = lease(worker.clone());
        self.runtime.spawn(worker.clone().meet(keeper.fleet()));
        let corrections = keeper.corrections();
        let keeper = self.runtime.spawn(keeper.keep());
        self.runtime
            .spawn(worker.clone().carry_claims(asked, held.clone()));
        self.runtime.spawn(worker.clone().carry_reads(looked_at));
        self.runtime
            .spawn(worker.clone().forget(self.shared.retention));
        self.runtime.spawn(worker.clone().check_counts());
        self.runtime.spawn(worker.watch());
        let link = Link {
            alias: Arc::clone(&named.alias),
            store: Arc::clone(&named.store),
            health: Arc::clone(&named.health),
            requests: Some(Requests {
                claims,
                reads,
                held,
            }),
            is_slow: false,
            keeper: Some(keeper),
            corrections,
            begins_runs,
        };
        self.links.insert(named.id, link);
        let surroundings = self.machine.node_mut();
        surroundings.enter(named.id, named.store, named.health);
        self.tell_time();
        self.machine.add_store(named.id, named.alias);
        self.carry_out();
    }

    fn node_info(&self) -> NodeInfo {
        let mut info = self.shared.node_info();
        if self.machine.is_leaving_any() {
            // It may be the same store, where runs are under way that belong to that name.
            info.name = another_name(&info.name);
        }
        info
    }
}
