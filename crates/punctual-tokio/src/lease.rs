//! The right of this node to claim from a store: registered, renewed, and registered anew once it
//! was lost. Who renews also notices who does not, and settles what those leave behind.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_core::RunId;
use punctual_store::{Error, ErrorKind, Lease, Peer, RecoverRequest, Recovered, Renewal, TakenRun};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use crate::peers::Peers;
use crate::worker::{ReplyKind, Worker};

/// How often a node that shares a store says that it is alive.
pub(crate) const RENEW: Duration = Duration::from_secs(2);
/// How soon it tries again when it could not be heard.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// The lease as those see it who claim under it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    lease: watch::Receiver<Option<Lease>>,
    refused: Arc<Notify>,
}

/// Keeps a lease until nobody holds it any more.
pub(crate) struct Keeper {
    worker: Worker,
    lease: watch::Sender<Option<Lease>>,
    refused: Arc<Notify>,
    /// Runs that were taken over under this lease.
    taken: BTreeSet<RunId>,
    /// Dead nodes that are to be recovered, and whether that was asked for before: then nobody
    /// knows what became of it.
    dead: VecDeque<(Peer, bool)>,
}

/// Why a lease is not kept any longer.
enum End {
    /// Nobody claims any more.
    Unused,
    /// The epoch was ended: others took this node for dead, or its name.
    Fenced,
}

pub(crate) fn lease(worker: Worker) -> (Keeper, Held) {
    let (sender, receiver) = watch::channel(None);
    let refused = Arc::new(Notify::new());
    let held = Held {
        lease: receiver,
        refused: Arc::clone(&refused),
    };
    let keeper = Keeper {
        worker,
        lease: sender,
        refused,
        taken: BTreeSet::new(),
        dead: VecDeque::new(),
    };
    (keeper, held)
}

/// A name like this one that nobody else has.
pub(crate) fn another_name(name: &str) -> Arc<str> {
    let first = name.split('~').next().unwrap_or(name);
    format!("{first}~{}", crate::new_job::made_up_id()).into()
}

impl Held {
    /// The lease, as soon as there is one; `None` if there will be none any more.
    pub(crate) async fn current(&mut self) -> Option<Lease> {
        self.lease.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// Tells the keeper that the store has refused a lease, and waits for another.
    pub(crate) async fn was_refused(&mut self, lease: &Lease) {
        self.refused.notify_one();
        // An error is the end of the keeper; `current` tells.
        let _ = self
            .lease
            .wait_for(|current| current.as_ref().is_some_and(|current| current != lease))
            .await;
    }
}

impl Keeper {
    pub(crate) async fn keep(mut self) {
        loop {
            let lease = self.register().await;
            let leased = ReplyKind::Leased(lease.clone());
            if self.worker.reply(leased).await.is_err() {
                return self.leave(lease).await;
            }
            self.settle_own_past(&lease).await;
            self.lease.send_replace(Some(lease.clone()));
            match self.tend(&lease).await {
                End::Unused => return self.leave(lease).await,
                End::Fenced => self.be_another(),
            }
        }
    }

    async fn register(&self) -> Lease {
        let worker = &self.worker;
        worker
            .insist(|| worker.store.register(worker.node.clone()))
            .await
    }

    async fn leave(&self, lease: Lease) {
        if let Err(error) = self.worker.store.leave(lease).await {
            tracing::debug!(%error, "leaving the store failed");
        }
    }

    /// After it was fenced a node goes by another name: should another process use the one it
    /// had, the two would fence each other forever.
    fn be_another(&mut self) {
        let name = &self.worker.node.name;
        let other = another_name(name);
        tracing::warn!(
            node = %name,
            now = %other,
            "others took this node for dead, or its name: its runs are theirs to decide about"
        );
        self.worker.node.name = other;
        self.taken.clear();
        self.dead.clear();
    }

    /// Runs of a process that had this name before.
    async fn settle_own_past(&mut self, lease: &Lease) {
        if let Some(epoch) = lease.epoch.checked_sub(1).filter(|epoch| *epoch > 0) {
            let past = Peer {
                info: self.worker.node.clone(),
                epoch,
                beats: 0,
            };
            self.recover(lease, past, false).await;
        }
    }

    async fn tend(&mut self, lease: &Lease) -> End {
        let is_shared = self.worker.store.traits().shared;
        let mut peers = Peers::default();
        let mut next = Instant::now() + RENEW;
        loop {
            tokio::select! {
                biased;
                () = self.lease.closed() => return End::Unused,
                // It may be known already: ask.
                () = self.refused.notified() => {}
                () = sleep_until(next), if is_shared => {}
            }
            match self.worker.store.renew(lease.clone()).await {
                Ok(renewal) => {
                    self.worker.health.renews();
                    next = Instant::now() + RENEW;
                    self.renewed(lease, renewal, &mut peers).await;
                }
                Err(error) if error.kind() == ErrorKind::Fenced => return End::Fenced,
                Err(error) => {
                    self.worker.health.fails(&error);
                    next = Instant::now() + TRY_AGAIN;
                }
            }
        }
    }

    async fn renewed(&mut self, lease: &Lease, renewal: Renewal, peers: &mut Peers) {
        if !renewal.cancels.is_empty() {
            // Nobody listens only when nobody runs anything any more.
            let _ = self.worker.reply(ReplyKind::Cancel(renewal.cancels)).await;
        }
        let others = renewal.peers.into_iter();
        let is_self = |peer: &Peer| peer.info.name == lease.node && peer.epoch == lease.epoch;
        let others = others.filter(|peer| !is_self(peer));
        for dead in peers.observe(others.collect(), Instant::now()) {
            tracing::warn!(node = %dead.info.name, "a node is dead: its runs are settled");
            if !self.dead.iter().any(|(other, _)| *other == dead) {
                self.dead.push_back((dead, false));
            }
        }
        self.recover_dead(lease).await;
    }

    /// Settles what dead nodes left behind, until the own lease has to be renewed: the rest comes
    /// after that.
    async fn recover_dead(&mut self, lease: &Lease) {
        let until = Instant::now() + RENEW;
        for _ in 0..self.dead.len() {
            let Some((dead, is_repeated)) = self.dead.pop_front() else {
                return;
            };
            self.recover(lease, dead, is_repeated).await;
            if Instant::now() >= until {
                return;
            }
        }
    }

    async fn recover(&mut self, lease: &Lease, dead: Peer, is_repeated: bool) {
        let request = RecoverRequest {
            by: lease.clone(),
            tasks: self.tasks(),
            dead,
            now: self.worker.core.clock.micros(),
        };
        match self.try_to_recover(&request, is_repeated).await {
            Ok(recovered) => self.pass_on(recovered).await,
            Err(error) => {
                self.worker.health.fails(&error);
                self.dead.push_back((request.dead, true));
            }
        }
    }

    async fn try_to_recover(
        &self,
        request: &RecoverRequest,
        is_repeated: bool,
    ) -> Result<Recovered, Error> {
        let mut recovered = self.worker.store.recover(request.clone()).await?;
        if is_repeated {
            self.find_taken(&request.by, &mut recovered).await?;
        }
        Ok(recovered)
    }

    /// Finds the runs that a request took over whose answer was lost.
    async fn find_taken(&self, lease: &Lease, recovered: &mut Recovered) -> Result<(), Error> {
        let store = &self.worker.store;
        for run in store.open_runs(lease.clone()).await? {
            let is_known = recovered.taken.iter().any(|taken| taken.run.id == run.id);
            if run.reruns == 0 || is_known || self.taken.contains(&run.id) {
                continue;
            }
            match store.get(run.job.clone()).await {
                Ok(Some(job)) => recovered.taken.push(TakenRun { run, job }),
                Ok(None) => recovered.lost.push(run),
                // Nobody can tell how to run it.
                Err(error) if error.kind() == ErrorKind::Unreadable => recovered.lost.push(run),
                Err(error) => return Err(error),
            }
        }
        recovered.taken.sort_by_key(|taken| taken.run.id);
        Ok(())
    }

    async fn pass_on(&mut self, recovered: Recovered) {
        if recovered != Recovered::default() {
            let taken = recovered.taken.iter().map(|taken| taken.run.id);
            self.taken.extend(taken);
            let recovered = ReplyKind::Recovered(Box::new(recovered));
            // Nobody listens only when nobody runs anything any more.
            let _ = self.worker.reply(recovered).await;
        }
    }

    /// What can be run again here: nothing while this node begins no runs.
    fn tasks(&self) -> Vec<Arc<str>> {
        if self.worker.begins_runs.load(Ordering::SeqCst) {
            self.worker.core.registry.names()
        } else {
            Vec::new()
        }
    }
}
