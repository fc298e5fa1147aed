//! Edits of jobs, by handles of this node or of another process.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::plan::first_fire;
use punctual_core::{
    Coalesce, Date, Interval, Jitter, Job, JobState, MaxInstances, MisfireGraceTime, OnLost,
    Overlap, Policies, Retry, Timeout, Trigger,
};
use punctual_store::{Insert, JobFilter, JobStore, OnConflict, StoredJob, Update};

use crate::node::TASK;
use crate::world::{World, now};

/// The number of ids.
pub(crate) const IDS: u8 = 6;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Returns policies of many kinds, by a number.
fn policies(kind: u8) -> Policies {
    let overlap = match kind % 3 {
        0 => Overlap::Skip,
        1 => Overlap::Queue { at_most: 3 },
        _ => Overlap::CancelRunning,
    };
    let coalesce = match kind / 3 % 3 {
        0 => Coalesce::Latest,
        1 => Coalesce::Earliest,
        _ => Coalesce::All { at_most: 3 },
    };
    let is = |bit: u8| kind >> bit & 1 == 1;
    Policies {
        overlap,
        coalesce,
        max_instances: if is(4) {
            MaxInstances::at_most(2)
        } else {
            MaxInstances::default()
        },
        misfire_grace_time: if is(5) {
            MisfireGraceTime::Within(seconds(7))
        } else {
            MisfireGraceTime::default()
        },
        timeout: if is(1) {
            Timeout::After(seconds(5))
        } else {
            Timeout::Never
        },
        retry: if is(2) {
            Retry::attempts(3).backoff(seconds(2), seconds(8))
        } else {
            Retry::default()
        },
        on_lost: if is(3) {
            OnLost::Rerun { at_most: 2 }
        } else {
            OnLost::Record
        },
        jitter: if is(6) {
            Jitter::up_to(seconds(2))
        } else {
            Jitter::default()
        },
    }
}

impl World {
    fn trigger(&self, kind: u8) -> Trigger {
        let every = |count| {
            Interval::every(seconds(count))
                .start(self.time())
                .build()
                .unwrap()
        };
        match kind % 5 {
            0 => every(3),
            1 => every(10),
            2 => every(47),
            3 => every(600),
            _ => Date::at(self.time() + seconds(u64::from(kind) % 90))
                .build()
                .unwrap(),
        }
    }

    pub(crate) fn add(&self, id: u8, kind: u8) {
        let task = if kind == 77 { "unknown" } else { TASK };
        let id = format!("job-{}", id % IDS).try_into().unwrap();
        let job = Job::new(id, task, self.trigger(kind)).with_policies(policies(kind));
        let mut state = JobState::default();
        let first = first_fire(job.trigger(), None, self.time()).unwrap();
        (state.next_run_time, state.anchor) = (first.fire_time, first.anchor);
        let insert = Insert {
            job: Arc::new(job),
            state,
            on_conflict: if kind.is_multiple_of(2) {
                OnConflict::Refuse
            } else {
                OnConflict::Replace
            },
            now: self.time(),
        };
        // An id may be taken.
        let _ = now(self.store.add(vec![insert])).unwrap();
    }

    pub(crate) fn jobs(&self) -> Vec<StoredJob> {
        let filter = JobFilter {
            limit: 1_000,
            ..JobFilter::default()
        };
        now(self.store.list(filter)).unwrap().jobs
    }

    fn job(&self, at: u8) -> Option<StoredJob> {
        let jobs = self.jobs();
        let at = usize::from(at) % jobs.len().max(1);
        jobs.into_iter().nth(at)
    }

    pub(crate) fn remove(&mut self, at: u8) {
        if let Some(stored) = self.job(at) {
            self.seen.removed.insert(stored.job.id().clone());
            now(self.store.remove(stored.job.id().clone(), self.time())).unwrap();
        }
    }

    pub(crate) fn update(&self, stored: &StoredJob, job: Arc<Job>, state: JobState, is_anew: bool) {
        let update = Update {
            job,
            state,
            new_incarnation: is_anew,
            decided: is_anew.then(|| stored.passed_over(self.time())).flatten(),
            now: self.time(),
        };
        now(self.store.update(update)).unwrap();
    }

    pub(crate) fn pause_job(&self, at: u8, is_paused: bool) {
        if let Some(stored) = self.job(at) {
            let mut state = stored.state;
            state.paused = is_paused;
            self.update(&stored, Arc::clone(&stored.job), state, false);
        }
    }

    pub(crate) fn edit_policies(&self, at: u8, kind: u8) {
        if let Some(stored) = self.job(at) {
            let job = (*stored.job).clone().with_policies(policies(kind));
            self.update(&stored, Arc::new(job), stored.state, false);
        }
    }

    pub(crate) fn reschedule(&self, at: u8, kind: u8) {
        if let Some(stored) = self.job(at) {
            let job = (*stored.job).clone().with_trigger(self.trigger(kind));
            let first = first_fire(job.trigger(), None, self.time()).unwrap();
            let mut state = stored.state;
            state.restart(first.fire_time);
            state.anchor = first.anchor;
            self.update(&stored, Arc::new(job), state, true);
        }
    }

    pub(crate) fn ask_for_run(&mut self, at: u8) {
        if let Some(stored) = self.job(at) {
            self.run_by_hand(stored);
        }
    }

    /// Asks the store to end a run, as another process does.
    pub(crate) fn cancel_one(&self, at: u8) {
        let open = self.open_runs();
        if let Some(run) = open.get(usize::from(at) % open.len().max(1)) {
            let request = punctual_store::CancelRequest {
                run: run.id,
                reason: punctual_core::CancelReason::User,
                now: self.time(),
            };
            now(self.store.cancel(request)).unwrap();
        }
    }

    /// Lets the other node claim due jobs, and ends its runs with the claim.
    pub(crate) fn rival_claims(&mut self, count: u8) {
        use punctual_core::Outcome;
        use punctual_core::plan::plan;
        use punctual_store::{Claim, ClaimAnswer, ClaimKind, ClaimRequest, DueRequest, RunEnd};
        let Some(lease) = self.rival.clone() else {
            return;
        };
        let time = self.time();
        let request =
            DueRequest::through(time, usize::from(count)).tasks(Some([TASK.into()].into()));
        let due = now(self.store.due(request)).unwrap().jobs;
        let claim = |stored: &StoredJob| Claim {
            id: stored.job.id().clone(),
            birth: stored.state.birth,
            kind: ClaimKind::Advance {
                revision: stored.state.revision,
                plan: plan(&stored.job.view(&stored.state), time),
            },
            wants_job: false,
        };
        let mut request = ClaimRequest {
            lease,
            now: time,
            ends: Vec::new(),
            claims: due.iter().map(|due| claim(&due.stored)).collect(),
            takes_waiting: false,
            is_repeated: false,
        };
        let reply = now(self.store.claim(&request)).unwrap();
        let claims = std::mem::take(&mut request.claims);
        for (claim, answer) in claims.iter().zip(reply.answers) {
            let (ClaimAnswer::Won(won), Some(plan)) = (answer, claim.kind.plan()) else {
                continue;
            };
            request
                .ends
                .extend((0..plan.start.len() as u64).map(|index| RunEnd {
                    run: punctual_core::RunId(won.first.0 + index),
                    outcome: Outcome::Succeeded,
                    retry_at: None,
                    started: Some(self.timer.now()),
                    finished: self.timer.now(),
                    attempts: 1,
                    text: None,
                }));
        }
        now(self.store.claim(&request)).unwrap();
        self.was_fenced = true;
    }
}
