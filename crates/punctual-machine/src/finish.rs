//! Handles the end of an attempt. Another attempt follows, or the run gets its one outcome.

use std::time::Duration;

use punctual_core::{FireRange, Outcome, RunId};
use punctual_store::{RunEnd, StoredJob};

use crate::active::Active;
use crate::effect::Effect;
use crate::entry::Entry;
use crate::key::{ActiveKey, JobKey};
use crate::machine::{Machine, instant};
use crate::node::Node;
use crate::outcome::{Finish, cancelled_by, finish_of};
use crate::stage::Ended;
use crate::tell::{Counted, Tell};

/// The end of an attempt.
#[derive(Debug)]
pub struct AttemptEnd {
    /// The key of the instance.
    pub key: ActiveKey,
    /// The time at which its body began, in microseconds, or `None` if it was dropped before.
    pub started: Option<i64>,
    /// The time of the end.
    pub finished: i64,
    /// The result of the attempt, or `None` if it was aborted.
    pub finish: Option<Finish>,
}

impl<N: Node> Machine<N> {
    /// Handles the end of an attempt.
    pub fn attempt_ended(&mut self, end: AttemptEnd) {
        let is_stopping = !self.stage.starts_runs();
        let Some(active) = self.active.get_mut(end.key) else {
            return;
        };
        active.started = active.started.or(end.started);
        active.may_be_late &= end.started.is_none();
        let finish = finish_of(active.stop, end.finish, is_stopping);
        if end.started.is_none() && !finish.outcome.is_retryable() {
            // The attempt only waited for its place.
            active.attempts = active.attempts.saturating_sub(1);
        }
        let wait = active.job.policies().retry().wait_after(active.attempts);
        // An attempt that was cancelled or fenced has an outcome that is not tried again.
        match wait.filter(|_| finish.outcome.is_retryable()) {
            Some(wait) => {
                self.effects.tell(Tell::Again {
                    job: active.job.id().clone(),
                    run: active.run,
                    attempts: active.attempts,
                    error: finish.text.clone(),
                    wait,
                });
                self.wait_for_retry(end.key, finish, end.finished, wait);
            }
            None => self.end_run(end.key, finish, end.finished),
        }
    }

    /// Lets a run whose attempt failed wait for the next attempt in the store. The run goes on even
    /// if this node dies.
    fn wait_for_retry(&mut self, key: ActiveKey, finish: Finish, finished: i64, wait: Duration) {
        let Some(active) = self.active.remove(key) else {
            return;
        };
        let due = finished.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
        let end = RunEnd::new(active.run, finish.outcome, finished, active.attempts)
            .retry_at(Some(due))
            .started(active.started)
            .text(finish.text);
        let (job, id, birth) = (active.key, active.job.id().clone(), active.birth);
        self.over(key, active);
        if let Some(state) = self.stores.get_mut(&job.store) {
            state.outbox.ends.push(end);
        }
        self.instance_ended(job, true);
        self.wait_for(job.store, birth, id, instant(due));
    }

    /// Gives the driver's own data about an instance that is over back to the driver.
    pub(crate) fn over(&mut self, key: ActiveKey, active: Active<N>) {
        let run = active.own;
        self.effects.push(Effect::Over { key, run });
    }

    /// Records the outcome of a run.
    ///
    /// The next fire time of its instance follows, unless the run was cancelled. A cancellation
    /// also cancels the rest of the instance, even if the run ended well.
    pub(crate) fn end_run(&mut self, key: ActiveKey, finish: Finish, finished: i64) {
        let mut rest = self.end_one(key, finish, finished);
        while let Some(outcome) = rest {
            rest = self.end_one(key, Finish::plain(outcome), finished);
        }
    }

    /// Records one outcome, and returns the outcome that the rest of the instance shares, if it
    /// does.
    fn end_one(&mut self, key: ActiveKey, finish: Finish, finished: i64) -> Option<Outcome> {
        let active = self.active.get_mut(key)?;
        let outcome = finish.outcome;
        let started = active.started.take();
        let end = RunEnd::new(
            active.run,
            outcome,
            // The clock may have been set back since the start.
            started.map_or(finished, |started| finished.max(started)),
            std::mem::take(&mut active.attempts),
        )
        .started(started)
        .text(finish.text);
        let (job, fire_time) = (active.key, active.fire_time);
        let is_told = outcome != Outcome::Succeeded || self.node.is_heard();
        let id = is_told.then(|| active.job.id().clone());
        let told = self.stage.ends_runs().then(|| active.job.id().clone());
        let is_fenced = active.is_fenced;
        let was_past = std::mem::take(&mut active.was_past);
        let late_since = (!was_past).then_some(fire_time);
        let cancelled = cancelled_by(active.stop.take(), outcome);
        let next = active.rest.pop_front();
        if let Some(next) = next {
            active.fire_time = next;
            active.run = RunId(active.run.0 + 1);
            active.token += 1;
        }
        let has_not_run = matches!(outcome, Outcome::Missed(_) | Outcome::Skipped(_));
        if let Some(id) = told {
            let store = self.alias_of(job.store);
            let run = end.run;
            self.left_behind.cancelled.push(Ended {
                job: id,
                store,
                run,
                fire_time,
                outcome,
            });
        }
        let counted = Counted::of(&end, late_since);
        self.effects.push(Effect::Count(counted));
        if has_not_run {
            self.tell_did_not_run(job, FireRange::single(fire_time), outcome);
        } else if let Some(id) = id {
            self.effects.tell(Tell::Ended {
                store: job.store,
                job: id,
                fire_time,
                end: end.clone(),
            });
        }
        if !is_fenced && let Some(state) = self.stores.get_mut(&job.store) {
            state.outbox.ends.push(end);
        }
        match (next, cancelled) {
            (None, _) => {
                if let Some(active) = self.active.remove(key) {
                    self.over(key, active);
                }
                self.instance_ended(job, started.is_some());
                None
            }
            (Some(_), Some(cancelled)) => Some(cancelled),
            (Some(_), _) if is_fenced => Some(Outcome::Lost),
            (Some(_), _) => {
                self.go_on(key);
                None
            }
        }
    }

    pub(crate) fn instance_ended(&mut self, job: JobKey, has_begun: bool) {
        if let Some(entry) = self.entry(job) {
            if has_begun {
                entry.told = None;
            }
            entry.instances = entry.instances.saturating_sub(1);
            if entry.instances == 0 {
                entry.gate = N::Gate::default();
            }
            if entry.is_idle() {
                self.settled.push(job);
            }
        }
    }

    /// Reports that a job left the store with its last run.
    pub(crate) fn job_left(&mut self, store: u32, job: StoredJob) {
        self.effects.tell(Tell::JobLeft { store, job });
    }

    /// Forgets jobs that are not needed here any more. The store knows them.
    pub(crate) fn drop_settled_entries(&mut self) {
        for job in self.settled.drain(..) {
            if let Some(state) = self.stores.get_mut(&job.store)
                && state.jobs.get(job).is_some_and(Entry::is_idle)
            {
                state.jobs.remove(job);
            }
        }
    }
}
