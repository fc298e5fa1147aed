//! The right of this node to claim from a store: registered, renewed, and registered anew once it
//! was lost. Who renews also notices who does not, and settles what those leave behind.

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

/// How often a node that shares a store says that it is alive.
pub(crate) const RENEW: Duration = Duration::from_secs(2);
/// How soon it tries again when it could not be heard.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// How many runs of a dead node are settled by one request at most: few enough that it takes a fraction of
/// the time between two renewals.
const PIECE: usize = 500;

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
    /// Dead nodes whose runs are to be settled.
    dead: VecDeque<Beat>,
    /// How many runs are settled by one request: fewer after one that took too long.
    piece: usize,
    /// The nodes that the last renewal has told of, but for dead ones.
    fleet: watch::Sender<Vec<Lease>>,
    /// What is thought of the clocks of other nodes.
    clocks: Clocks,
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
        dead: VecDeque::new(),
        piece: PIECE,
        fleet: watch::Sender::default(),
        clocks: Clocks::default(),
    };
    (keeper, held)
}

/// The name that a node had before it was given others.
pub(crate) fn first_name(name: &str) -> &str {
    name.split('~').next().unwrap_or(name)
}

/// A name like this one that nobody else has.
pub(crate) fn another_name(name: &str) -> Arc<str> {
    let first = first_name(name);
    format!("{first}~{}", crate::random_id::made_up_id()).into()
}

impl Held {
    /// Whether this lease is the one that is held now.
    pub(crate) fn is_current(&self, lease: &Lease) -> bool {
        self.lease.borrow().as_ref() == Some(lease)
    }

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
    /// The nodes that renewals tell of.
    pub(crate) fn fleet(&self) -> watch::Receiver<Vec<Lease>> {
        self.fleet.subscribe()
    }

    pub(crate) async fn keep(mut self) {
        // Before the first renewal notes another time.
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

    /// Lets jobs go on by the new time when the clock was set back.
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
        self.worker.health.voice.unheard(Level::WARN, ("fenced", ""), || {
            format!("others took this node, `{name}`, for dead, or its name: its runs are theirs to decide about")
        });
        self.worker.node.name = other;
        self.dead.clear();
    }

    /// Runs of a process that had this name before.
    async fn settle_own_past(&mut self, lease: &Lease) {
        if let Some(epoch) = lease.epoch.checked_sub(1).filter(|epoch| *epoch > 0) {
            let node = Lease {
                node: Arc::clone(&lease.node),
                epoch,
            };
            self.dead.push_back(Beat {
                node,
                count: 0,
                clock: None,
            });
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
                // It may be known already: ask.
                () = self.refused.notified() => {}
                // Another node may have come.
                () = self.worker.is_shared.notified() => {}
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
            // What waits is not for a node that begins no runs.
            Some(KnownTasks::from([]))
        };
        RenewRequest {
            lease: lease.clone(),
            tasks,
            now: self.worker.shared.clock.now(),
        }
    }

    /// Tells which nodes are there, once they are others than before.
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

    /// Does what a renewal has told. Answers whether runs of dead nodes were settled.
    async fn renewed(&mut self, lease: &Lease, renewal: Renewal, peers: &mut Peers) -> bool {
        // Replies are heard as long as any run is under way.
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

    /// Settles what dead nodes left behind, piece by piece, until the own lease has to be renewed.
    /// The rest comes after that. Answers whether there was anything to settle.
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
                    self.pass_on(recovered).await;
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
        let request = RecoverRequest {
            by: lease.clone(),
            dead: dead.node.clone(),
            beats: dead.count,
            now: self.worker.shared.clock.micros(),
            limit: self.piece,
        };
        self.worker.store.recover(request).await
    }

    async fn pass_on(&self, recovered: Recovered) {
        if recovered != Recovered::default() {
            let recovered = Reply::Recovered(Box::new(recovered));
            // Replies are heard as long as any run is under way.
            let _ = self.worker.reply(recovered).await;
        }
    }
}
