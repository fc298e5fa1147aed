//! Keeps the right of this node to claim from a store. The lease is registered, renewed, and
//! registered anew after it was lost. The keeper also notices nodes that do not renew theirs, and
//! settles the runs that they leave behind.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_machine::Reply;
use punctual_store::{
    Beat, Error, ErrorKind, KnownTasks, Lease, RecoverRequest, Recovered, RenewRequest, Renewal,
};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use tracing::Level;

use crate::store_link::peers::Peers;
use crate::store_link::worker::{Corrections, Worker};
use crate::stores::skew::{Clocks, Moment};

/// The time between two renewals, by which a node that shares a store shows that it is alive.
pub(crate) const RENEW: Duration = Duration::from_secs(2);
/// The time after which a node tries again when the store could not be reached.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// The most runs of a dead node that one request settles. They are few enough that the request
/// takes a fraction of the time between two renewals.
const PIECE: usize = 500;

/// The lease as the workers see it that claim under it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    lease: watch::Receiver<Option<Lease>>,
    refused: Arc<Notify>,
}

/// Keeps a lease until no worker holds it any more.
pub(crate) struct Keeper {
    worker: Worker,
    lease: watch::Sender<Option<Lease>>,
    refused: Arc<Notify>,
    /// The dead nodes whose runs are to be settled.
    dead: VecDeque<Beat>,
    /// The number of runs that one request settles. It becomes smaller after a request that took
    /// too long.
    piece: usize,
    /// The nodes that the last renewal has told of, without the dead ones.
    fleet: watch::Sender<Vec<Lease>>,
    /// The verdicts about the clocks of other nodes.
    clocks: Clocks,
}

/// The reason why a lease is not kept any longer.
enum End {
    /// No worker claims any more.
    Unused,
    /// The epoch was ended. Other nodes took this node for dead, or took its name.
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
        dead: VecDeque::new(),
        piece: PIECE,
        fleet: watch::Sender::default(),
        clocks: Clocks::default(),
    };
    (keeper, held)
}

/// Returns the name that a node had before it was given other names.
pub(crate) fn first_name(name: &str) -> &str {
    name.split('~').next().unwrap_or(name)
}

/// Returns a name like this one that no other node has.
pub(crate) fn another_name(name: &str) -> Arc<str> {
    let first = first_name(name);
    format!("{first}~{}", crate::random_id::made_up_id()).into()
}

impl Held {
    /// Returns true if this lease is the one that is held now.
    pub(crate) fn is_current(&self, lease: &Lease) -> bool {
        self.lease.borrow().as_ref() == Some(lease)
    }

    /// Waits for the lease. Returns `None` if there will be none any more.
    pub(crate) async fn current(&mut self) -> Option<Lease> {
        self.lease.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// Tells the keeper that the store has refused a lease, and waits for another one.
    pub(crate) async fn was_refused(&mut self, lease: &Lease) {
        self.refused.notify_one();
        // An error means that the keeper has ended, and `current` tells so.
        let _ = self
            .lease
            .wait_for(|current| current.as_ref().is_some_and(|current| current != lease))
            .await;
    }
}

impl Keeper {
    /// Returns the nodes that renewals tell of.
    pub(crate) fn fleet(&self) -> watch::Receiver<Vec<Lease>> {
        self.fleet.subscribe()
    }

    pub(crate) async fn keep(mut self) {
        self.worker.join_clock().await;
        // The time is read before the first renewal notes another one.
        let mut seen = self.worker.note_time().await;
        loop {
            let lease = self.register().await;
            if let Some(seen) = seen.take() {
                tokio::spawn(self.corrections().look_back(seen));
            }
            let leased = Reply::Leased(lease.clone());
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

    /// Returns what lets jobs go on by the new time when the clock was set back.
    pub(crate) fn corrections(&self) -> Corrections {
        Corrections::new(self.worker.clone(), self.fleet())
    }

    async fn register(&self) -> Lease {
        let worker = &self.worker;
        let mut sent = Instant::now();
        let lease = worker.insist(|| {
            sent = Instant::now();
            worker.store.register(worker.node.clone())
        });
        let lease = lease.await;
        worker.health.pulse.was_heard(&lease, sent);
        lease
    }

    async fn leave(&self, lease: Lease) {
        self.worker.health.clocks_differ(None);
        if let Err(error) = self.worker.store.leave(lease).await {
            tracing::debug!(%error, "leaving the store failed");
        }
    }

    /// Gives a node another name after it was fenced. Another process may use the old name, and the
    /// two would then fence each other forever.
    fn be_another(&mut self) {
        let name = &self.worker.node.name;
        let other = another_name(name);
        tracing::warn!(
            node = %name,
            now = %other,
            "others took this node for dead, or its name: its runs are theirs to decide about"
        );
        self.worker.health.voice.unheard(Level::WARN, ("fenced", ""), || {
            format!("others took this node, `{name}`, for dead, or its name: its runs are theirs to decide about")
        });
        self.worker.node.name = other;
        self.dead.clear();
    }

    /// Settles the runs of a process that had this name before.
    async fn settle_own_past(&mut self, lease: &Lease) {
        if let Some(epoch) = lease.epoch.checked_sub(1).filter(|epoch| *epoch > 0) {
            let node = Lease::new(Arc::clone(&lease.node), epoch);
            self.dead.push_back(Beat::new(node, 0));
            self.recover_dead(lease).await;
        }
    }

    async fn tend(&mut self, lease: &Lease) -> End {
        let mut peers = Peers::default();
        let mut next = Instant::now() + RENEW;
        loop {
            tokio::select! {
                biased;
                () = self.lease.closed() => return End::Unused,
                // The store may already know of another lease, so the keeper asks.
                () = self.refused.notified() => {}
                // Another node may have come.
                () = self.worker.became_shared.notified() => {}
                () = sleep_until(next), if self.worker.store.capabilities().shared => {}
            }
            let began = self.moment();
            let sent = Instant::now();
            match self.worker.store.renew(self.renewal(lease)).await {
                Ok(renewal) => {
                    let look = (began, self.moment());
                    self.clocks
                        .compare(&renewal.beats, lease, look, &self.worker.health);
                    self.worker.health.renews();
                    self.worker.health.pulse.was_heard(lease, sent);
                    next = Instant::now() + RENEW;
                    self.tell_fleet(&renewal.beats);
                    if self.renewed(lease, renewal, &mut peers).await {
                        // The next renewal tells of runs that have room now.
                        next = Instant::now();
                    }
                }
                Err(error) if error.kind() == ErrorKind::Fenced => return End::Fenced,
                Err(error) => {
                    self.worker.health.fails(&error);
                    next = Instant::now() + TRY_AGAIN;
                }
            }
        }
    }

    /// Reads both clocks of this node.
    fn moment(&self) -> Moment {
        Moment {
            wall: self.worker.shared.clock.micros(),
            steady: Instant::now().into_std(),
        }
    }

    fn renewal(&self, lease: &Lease) -> RenewRequest {
        let worker = &self.worker;
        let tasks = if worker.begins_runs.load(Ordering::SeqCst) {
            worker.shared.tasks_of(&*worker.store)
        } else {
            // A node that begins no runs takes no waiting runs.
            Some(KnownTasks::from([]))
        };
        RenewRequest::new(lease.clone(), self.worker.shared.clock.now()).tasks(tasks)
    }

    /// Tells which nodes are there, when they have changed.
    fn tell_fleet(&self, beats: &[Beat]) {
        let is_dead = |beat: &&Beat| self.dead.iter().any(|dead| dead.node == beat.node);
        let alive = beats.iter().filter(|beat| !is_dead(beat));
        let mut alive: Vec<Lease> = alive.map(|beat| beat.node.clone()).collect();
        alive.sort_by(|one, other| (&one.node, one.epoch).cmp(&(&other.node, other.epoch)));
        self.fleet.send_if_modified(|before| {
            let is_new = *before != alive;
            *before = alive;
            is_new
        });
    }

    /// Does what follows from a renewal. Returns whether runs of dead nodes were settled.
    async fn renewed(&mut self, lease: &Lease, renewal: Renewal, peers: &mut Peers) -> bool {
        // The driver hears replies while any run is under way.
        if !renewal.cancels.is_empty() {
            let _ = self.worker.reply(Reply::Cancel(renewal.cancels)).await;
        }
        if !renewal.waiting.is_empty() {
            let _ = self.worker.reply(Reply::Waiting(renewal.waiting)).await;
        }
        let others = renewal.beats.into_iter();
        let others = others.filter(|beat| beat.node != *lease);
        for dead in peers.observe(others.collect(), Instant::now()) {
            tracing::warn!(node = %dead.node.node, "a node is dead: its runs are settled");
            if !self.dead.contains(&dead) {
                self.dead.push_back(dead);
            }
        }
        self.recover_dead(lease).await
    }

    /// Settles the runs of dead nodes, piece by piece, until this node has to renew its own lease.
    /// The rest comes after that. Returns whether there was anything to settle.
    async fn recover_dead(&mut self, lease: &Lease) -> bool {
        let until = Instant::now() + RENEW / 2;
        let mut has_settled = false;
        // A node that cannot be settled now is tried again after the next renewal.
        let mut left = self.dead.len();
        while left > 0
            && Instant::now() < until
            && let Some(dead) = self.dead.pop_front()
        {
            match self.recover(lease, &dead).await {
                Ok(recovered) => {
                    let name = Arc::clone(&dead.node.node);
                    self.piece = PIECE.min(self.piece * 2);
                    if recovered.has_more {
                        self.dead.push_front(dead);
                    } else {
                        left -= 1;
                        if recovered != Recovered::default() {
                            self.worker.settled.notify_one();
                        }
                    }
                    has_settled |= recovered != Recovered::default();
                    self.pass_on(recovered, name).await;
                }
                Err(error) => {
                    left -= 1;
                    self.piece = (self.piece / 2).max(1);
                    self.worker.health.fails(&error);
                    self.dead.push_back(dead);
                }
            }
        }
        has_settled
    }

    async fn recover(&self, lease: &Lease, dead: &Beat) -> Result<Recovered, Error> {
        let request = RecoverRequest::new(
            lease.clone(),
            dead.node.clone(),
            dead.count,
            self.worker.shared.clock.micros(),
            self.piece,
        );
        self.worker.store.recover(request).await
    }

    async fn pass_on(&self, recovered: Recovered, node: Arc<str>) {
        if recovered != Recovered::default() {
            let recovered = Reply::Recovered(Box::new(recovered), node);
            // The driver hears replies while any run is under way.
            let _ = self.worker.reply(recovered).await;
        }
    }
}
