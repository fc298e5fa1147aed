//! Lets the jobs of a store go on when the clock that they went by was set back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::MissReason;
use punctual_core::plan::set_back;
use punctual_store::{JobFilter, Lease, StoredJob, Update};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Worker;
use crate::events::event::{EventKind, JobRef};
use crate::store_link::lease::first_name;

/// The number of jobs that are looked at together.
const PIECE: usize = 1_000;

/// The number of times that a job is read again because it was changed between read and write.
const TRIES: usize = 32;

/// The time after which nodes that died before this one came are known to be dead.
const DEAD_BY: Duration = Duration::from_secs(30);

/// The smallest correction that changes anything.
const NOTICED: TimeDelta = TimeDelta::minutes(1);

/// The time after which all nodes have noticed that the clock of their machine was set, and have
/// told so.
const AGREED_BY: Duration = Duration::from_secs(45);

/// The time between two looks that tell if the store has answered all the time.
const LOOK: Duration = Duration::from_secs(5);

/// Lets jobs go on by the new time after the clock was set back, if not only this node's clock says
/// so.
#[derive(Clone)]
pub(crate) struct Corrections {
    worker: Worker,
    fleet: watch::Receiver<Vec<Lease>>,
}

impl Corrections {
    pub(crate) fn new(worker: Worker, fleet: watch::Receiver<Vec<Lease>>) -> Self {
        Self { worker, fleet }
    }

    /// Lets jobs go on after the clock of this node was set back by `by`.
    ///
    /// If other nodes live, their clocks have to show the new time too. The clock of one node alone
    /// may be the wrong one, before or after it was set. Nodes of one machine share its clock.
    pub(crate) async fn set_back(self, by: TimeDelta) {
        let correction = async {
            if by >= NOTICED && self.others_agree().await {
                let now = self.worker.shared.clock.now();
                self.worker.go_on(now + by, now).await;
            }
        };
        self.while_it_runs(correction).await;
    }

    /// Finds out if the clock was set back while no node of the store lived. `seen` is the time
    /// that the clock of a node showed last.
    pub(crate) async fn look_back(self, seen: DateTime<Utc>) {
        let correction = async {
            if seen - self.worker.shared.clock.now() >= NOTICED && self.is_alone().await {
                let now = self.worker.shared.clock.now();
                self.worker.go_on(seen, now).await;
            }
        };
        self.while_it_runs(correction).await;
    }

    /// Carries a correction out while the scheduler runs. A store that does not answer holds up no
    /// scheduler that ends.
    async fn while_it_runs(&self, correction: impl Future<Output = ()>) {
        tokio::select! {
            () = self.worker.replies.closed() => {}
            () = correction => {}
        }
    }

    /// Returns true if no other node lives. Nodes that died before this one came are known to be
    /// dead after `DEAD_BY`.
    async fn is_alone(&self) -> bool {
        if self.is_registered_alone().await {
            return true;
        }
        let mut fleet = self.fleet.clone();
        let alone = fleet.wait_for(|living| living.len() == 1);
        matches!(timeout(DEAD_BY, alone).await, Ok(Ok(_)))
    }

    /// Returns true if the store lists no node but this one, under any name that this node has had.
    async fn is_registered_alone(&self) -> bool {
        let nodes = self.worker.insist(|| self.worker.store.nodes()).await;
        let own = first_name(&self.worker.node.name);
        nodes.len() <= 1 && nodes.iter().all(|peer| first_name(&peer.info.name) == own)
    }

    /// Returns true if the clocks of all other nodes show the same time. Nodes tell their time with
    /// renewals, so the store has to answer for `AGREED_BY` without a failure.
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
    /// Returns the time that the clock of a node showed last, and notes the time of this node's
    /// clock.
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

    /// Returns whether the job has gone on by the new time.
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
                        .emit(|| EventKind::JobModified(JobRef { id, store }));
                    return true;
                }
                Err(error) if error.is_stale() => {}
                Err(error) if error.is_not_found() => return false,
                // The next look finds the job as it is then.
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
        Some(
            Update::new(stored.job.clone(), state, now)
                .new_incarnation(true)
                .decided(Some(set.given_up)),
        )
    }
}
