//! What the jobs of a store become when the clock that they went by was set back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::MissReason;
use punctual_core::plan::set_back;
use punctual_store::{JobFilter, Lease, StoredJob, Update};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Worker;
use crate::events::event::{EventKind, JobEvent};
use crate::store_link::lease::first_name;

/// As many jobs are looked at together.
const PIECE: usize = 1_000;

/// A job that is changed meanwhile is read again so often.
const TRIES: usize = 32;

/// By then those that died before this node came are known to be dead.
const DEAD_BY: Duration = Duration::from_secs(30);

/// Corrections below this change nothing.
const NOTICED: TimeDelta = TimeDelta::minutes(1);

/// By then all nodes have noticed that the clock of their machine was set, and said so.
const AGREED_BY: Duration = Duration::from_secs(45);

/// How often it is asked whether the store has answered all the time.
const LOOK: Duration = Duration::from_secs(5);

/// Lets jobs go on by the new time after the clock was set back, if more than this node says so.
#[derive(Clone)]
pub(crate) struct Corrections {
    worker: Worker,
    fleet: watch::Receiver<Vec<Lease>>,
}

impl Corrections {
    pub(crate) fn new(worker: Worker, fleet: watch::Receiver<Vec<Lease>>) -> Self {
        Self { worker, fleet }
    }

    /// The clock of this node was set back by so much.
    ///
    /// Where other nodes live, they have to show the new time too: the clock of one node alone may
    /// be the wrong one, before or after. Nodes of one machine share its clock.
    pub(crate) async fn set_back(self, by: TimeDelta) {
        let correction = async {
            if by >= NOTICED && self.others_agree().await {
                let now = self.worker.shared.clock.now();
                self.worker.go_on(now + by, now).await;
            }
        };
        self.while_it_runs(correction).await;
    }

    /// Finds out whether the clock was set back while no node of the store lived. `seen` is what one
    /// showed last.
    pub(crate) async fn look_back(self, seen: DateTime<Utc>) {
        let correction = async {
            if seen - self.worker.shared.clock.now() >= NOTICED && self.is_alone().await {
                let now = self.worker.shared.clock.now();
                self.worker.go_on(seen, now).await;
            }
        };
        self.while_it_runs(correction).await;
    }

    /// A store that is away holds up no scheduler that ends.
    async fn while_it_runs(&self, correction: impl Future<Output = ()>) {
        tokio::select! {
            () = self.worker.replies.closed() => {}
            () = correction => {}
        }
    }

    /// Whether no other node lives. Those that died before this one came are known to be dead after a
    /// while.
    async fn is_alone(&self) -> bool {
        if self.is_registered_alone().await {
            return true;
        }
        let mut fleet = self.fleet.clone();
        let alone = fleet.wait_for(|living| living.len() == 1);
        matches!(timeout(DEAD_BY, alone).await, Ok(Ok(_)))
    }

    /// Whether no node but this one is listed, by whatever name it goes now.
    async fn is_registered_alone(&self) -> bool {
        let nodes = self.worker.insist(|| self.worker.store.nodes()).await;
        let own = first_name(&self.worker.node.name);
        nodes.len() <= 1 && nodes.iter().all(|peer| first_name(&peer.info.name) == own)
    }

    /// Whether the clocks of all other nodes show the same time. They tell theirs with renewals, so
    /// the store has to answer for long enough.
    async fn others_agree(&self) -> bool {
        if self.is_registered_alone().await {
            return true;
        }
        let mut heard = Duration::ZERO;
        while heard < AGREED_BY {
            // The list is empty until the first renewal has told of the nodes.
            if self.fleet.borrow().len() == 1 {
                return true;
            }
            sleep(LOOK).await;
            heard = if self.worker.health.is_failing() {
                Duration::ZERO
            } else {
                heard + LOOK
            };
        }
        !self.worker.health.clock_differs()
    }
}

impl Worker {
    /// Says what the clock of a node showed last, and notes what that of this one shows.
    pub(crate) async fn note_time(&self) -> Option<DateTime<Utc>> {
        self.insist(|| self.store.note_time(self.shared.clock.now()))
            .await
    }

    /// Lets all jobs go on that went by a clock which showed `was`.
    async fn go_on(&self, was: DateTime<Utc>, now: DateTime<Utc>) {
        let (mut after, mut count) = (None, 0_usize);
        loop {
            let filter = JobFilter {
                after: after.take(),
                limit: PIECE,
                ..JobFilter::default()
            };
            let page = self.insist(|| self.store.list(filter.clone())).await;
            for stored in page.jobs {
                count += usize::from(self.job_goes_on(stored, was, now).await);
            }
            let Some(next) = page.next else { break };
            after = Some(next);
        }
        self.note_time().await;
        if count > 0 {
            tracing::warn!(
                store = %self.alias,
                was = %was,
                now = %now,
                jobs = count,
                "the clock had run ahead and was set back: jobs go on by the new time"
            );
        }
    }

    /// Answers whether the job has gone on by the new time.
    async fn job_goes_on(
        &self,
        mut stored: StoredJob,
        was: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        for _ in 0..TRIES {
            let Some(update) = self.by_the_new_time(&stored, was, now) else {
                return false;
            };
            let decided = update.decided;
            let id = stored.job.id().clone();
            match self.store.update(update).await {
                Ok(_) => {
                    if let Some((range, outcome)) = decided {
                        self.shared.metrics.decided(range, outcome);
                    }
                    let store = self.alias.clone();
                    self.shared
                        .bus
                        .emit(|| EventKind::JobModified(JobEvent { id, store }));
                    return true;
                }
                Err(error) if error.is_stale() => {}
                Err(error) if error.is_not_found() => return false,
                // The look after this one finds the job as it is then.
                Err(error) => {
                    self.wait_after(&error, super::FIRST_WAIT).await;
                }
            }
            match self.insist(|| self.store.get(id.clone())).await {
                Some(read) => stored = read,
                None => return false,
            }
        }
        tracing::warn!(job = %stored.job.id(), "the job is changed all the time: it goes on by the old time, and `reschedule_job` helps");
        false
    }

    fn by_the_new_time(
        &self,
        stored: &StoredJob,
        was: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Update> {
        let trigger = stored.job.trigger().bind(&self.shared.triggers).ok()?;
        let mut view = stored.job.view(&stored.state);
        view.trigger = &trigger;
        let set = set_back(&view, was, now)?;
        let mut state = stored.state;
        state.next_run_time = Some(set.next_run_time);
        state.anchor = set.anchor;
        state.absence = MissReason::Grace;
        Some(Update {
            job: stored.job.clone(),
            state,
            new_incarnation: true,
            decided: Some(set.given_up),
            now,
        })
    }
}
