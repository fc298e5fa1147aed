//! Starts instances that the core has admitted and the store has accepted.

use std::collections::VecDeque;
use std::sync::Arc;

use punctual_core::{CancelReason, Job, JobId, Outcome, SkipReason};

use crate::active::Active;
use crate::alarm::Alarm;
use crate::effect::Effect;
use crate::instance::Instance;
use crate::key::{ActiveKey, JobKey};
use crate::machine::{Machine, instant};
use crate::node::Node;
use crate::tell::Tell;
use crate::waiting::ELSEWHERE;

impl<N: Node> Machine<N> {
    /// Starts an instance that the core has admitted and the store has accepted.
    pub(crate) fn start_instance(&mut self, key: JobKey, instance: Instance) {
        if self.stage.ends_runs() {
            return self.postpone(key.store, &instance, 0);
        }
        if let Some(reason) = self.is_to_end(key.store, &instance) {
            return self.refuse(key, &instance, Outcome::Cancelled(reason));
        }
        let state = self.stores.get_mut(&key.store);
        if state.is_some_and(|own| own.is_doubtful) {
            return self.postpone(key.store, &instance, 0);
        }
        let Some(entry) = self.entry(key) else {
            return;
        };
        if entry.is_head {
            // A run never starts without its arguments. The store hands it out again, with the
            // whole job.
            let (birth, id) = (entry.stored.state.birth, entry.stored.job.id().clone());
            self.postpone(key.store, &instance, ELSEWHERE);
            let due = self.now.saturating_add(ELSEWHERE);
            return self.wait_for(key.store, birth, id, instant(due));
        }
        let Some(code) = entry.code.clone() else {
            return self.start_without_code(key, instance);
        };
        let limit = entry.stored.job.policies().max_instances();
        let is_full = limit.is_some_and(|limit| entry.instances >= limit);
        if is_full && !instance.was_admitted {
            let skipped = Outcome::Skipped(SkipReason::MaxInstances);
            return self.refuse(key, &instance, skipped);
        }
        entry.instances += 1;
        let birth = entry.stored.state.birth;
        let job = own_job(&entry.stored.job, instance.args.as_deref());
        self.tell_submitted(key.store, job.id(), &instance);
        let mut fire_times = VecDeque::from(instance.fire_times);
        let Some(fire_time) = fire_times.pop_front() else {
            return;
        };
        let key = self.active.insert(Active {
            birth,
            key,
            job,
            code,
            run: instance.first,
            token: instance.token,
            fire_time,
            rest: fire_times,
            attempts: instance.attempts,
            turn: 0,
            alarm: None,
            started: instance.started,
            stop: None,
            is_awaited: false,
            is_measured: false,
            may_be_late: instance.may_be_late && instance.attempts == 0,
            was_past: instance.past == Some(fire_time),
            is_fenced: false,
            was_admitted: instance.was_admitted,
            own: N::Run::default(),
        });
        self.begin_attempt(key);
    }

    fn tell_submitted(&mut self, store: u32, job: &JobId, instance: &Instance) {
        if self.node.is_heard() {
            self.effects.tell(Tell::Submitted {
                store,
                job: job.clone(),
                run: instance.first,
                fire_times: instance.fire_times.clone(),
            });
        }
    }

    /// Returns the reason for which a run of the instance was cancelled while the answer of the
    /// store was on its way.
    fn is_to_end(&self, store: u32, instance: &Instance) -> Option<CancelReason> {
        let to_end = &self.stores.get(&store)?.outbox.to_end;
        let last = instance.first.0 + instance.fire_times.len() as u64;
        let mut its = to_end
            .iter()
            .filter(|(run, _)| (instance.first.0..last).contains(&run.0));
        its.next().map(|(_, reason)| *reason)
    }

    fn begin_attempt(&mut self, key: ActiveKey) {
        let latest = self.latest_begin(key);
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        active.attempts += 1;
        (active.is_awaited, active.is_measured) = (false, false);
        active.stop = None;
        active.turn = active.turn.wrapping_add(1);
        self.effects.push(Effect::Begin { run: key, latest });
        // The new alarm replaces that of the attempt before. An instance that is over loses its
        // alarm by itself.
        active.alarm = None;
        if let Some(limit) = active.job.policies().timeout() {
            let alarm = Alarm::Timeout(active.attempt_of(key));
            active.alarm = Some(alarm);
            self.effects.after(limit, alarm);
        }
    }

    /// Begins the next fire time of an instance, or lets it wait in the store.
    pub(crate) fn go_on(&mut self, key: ActiveKey) {
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        let state = self.stores.get(&active.key.store);
        if state.is_none_or(|own| !own.may_be_taken_for_dead(&self.node)) {
            return self.begin_attempt(key);
        }
        if let Some(active) = self.active.remove(key) {
            let job = active.key;
            self.postpone(job.store, &active.rest_of_instance(), 0);
            self.over(key, active);
            self.instance_ended(job, true);
        }
    }
}

/// Returns the job as an instance executes it, with the arguments of the instance if it has some.
fn own_job(job: &Arc<Job>, args: Option<&str>) -> Arc<Job> {
    let Some(args) = args else {
        return Arc::clone(job);
    };
    let job = Job::clone(job);
    // Arguments that were damaged in the store do not fit the task, and its run fails with an error
    // that shows them. The arguments of the job would be wrong.
    let damaged = || job.clone().with_args(&args.into());
    let own = job.clone().with_args_json(args);
    Arc::new(own.unwrap_or_else(|_| damaged()))
}
