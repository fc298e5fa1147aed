//! The channels between the driver and one store.

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

/// The most reads that may be on their way. One is for due jobs, one for jobs left to other nodes,
/// and one for jobs of runs that are looked for.
const READS: usize = 3;

/// The most claims and ends in a request that is answered within the turn. Larger requests come in
/// bursts and go to a worker, which works beside the driver.
const SMALL: usize = 32;

/// One store, and its workers.
pub(super) struct Link {
    pub(super) alias: Arc<str>,
    pub(super) store: Arc<dyn JobStore>,
    pub(super) health: Arc<Health>,
    requests: Option<Requests>,
    /// True if the store has not answered in place, though it says that it does.
    is_slow: bool,
    /// The tokio task that keeps the lease, until no more requests are sent.
    keeper: Option<JoinHandle<()>>,
    /// Lets the store's jobs go on when the clock was set back.
    corrections: Corrections,
    /// True if this node begins runs. Read by the store worker, before this node takes over runs of
    /// dead nodes.
    begins_runs: Arc<AtomicBool>,
}

/// The channels for requests to a store. Each has a tokio task of its own, so that a slow read of
/// the window holds up no claim. Few requests are on their way in each.
struct Requests {
    claims: mpsc::Sender<Box<ClaimRequest>>,
    reads: mpsc::Sender<Read>,
    /// Keeps the lease while it is held.
    held: Held,
}

impl Link {
    pub(super) fn say_whether_runs_begin(&self, begins: bool) {
        self.begins_runs.store(begins, Ordering::SeqCst);
    }

    pub(super) fn corrections(&self) -> Option<Corrections> {
        self.requests.as_ref().map(|_| self.corrections.clone())
    }

    /// Sends a small request to the store and returns the answer within the turn. Returns the
    /// request if that is not possible. A refused request goes to the worker, which finds out why
    /// the store refuses it.
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
                // The store may have carried out the request all the same.
                request.is_repeated = true;
                Err(request)
            }
        }
    }

    /// Returns true if the request may be answered in place. It may be only under a lease that the
    /// keeper has given out. Before that, the runs that this node has left open under an earlier
    /// lease are not settled.
    fn is_answered_in_place(&self, request: &ClaimRequest) -> bool {
        let requests = self.requests.as_ref();
        !self.is_slow
            && request.claims.len() + request.ends.len() <= SMALL
            && self.store.capabilities().answers_in_place
            && requests.is_some_and(|requests| requests.held.is_current(&request.lease))
    }

    // The machine sends one request of a kind at a time, so the channel has room. A worker goes
    // away only when the runtime ends, and the driver goes away then too.
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

    /// Sends no more requests. The tokio task that keeps the lease ends by that.
    pub(super) fn close(&mut self) -> Option<JoinHandle<()>> {
        self.requests = None;
        self.keeper.take()
    }
}

impl Driver {
    /// Adopts a store, which has workers from now on.
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
            became_shared: Arc::default(),
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
        self.runtime.spawn(worker.clone().follow_clock());
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
            // It may be the same store, with runs under way that belong to that name.
            info.name = another_name(&info.name);
        }
        info
    }
}
