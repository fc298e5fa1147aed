//! Edits of jobs, by handles of this node or of another process.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::plan::first_fire;
use punctual_core::{
    Coalesce, Date, Interval, Job, JobState, MissReason, OnLost, Overlap, Policies, Retry, Trigger,
};
use punctual_machine::repeated::instances;
use punctual_store::{Insert, JobFilter, JobStore, OnConflict, RunOverrides, StoredJob, Update};

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
        1 => Overlap::queue(3),
        _ => Overlap::CancelRunning,
    };
    let coalesce = match kind / 3 % 3 {
        0 => Coalesce::Latest,
        1 => Coalesce::Earliest,
        _ => Coalesce::all(3),
    };
    let is = |bit: u8| kind >> bit & 1 == 1;
    let mut policies = Policies::new().overlap(overlap).coalesce(coalesce);
    if is(4) {
        policies = policies.max_instances(2);
    }
    if is(5) {
        policies = policies.misfire_grace_time("7s");
    }
    if is(1) {
        policies = policies.timeout("5s");
    }
    if is(2) {
        policies = policies.retry(Retry::attempts(3).backoff("2s").cap("8s"));
    }
    if is(3) {
        policies = policies.on_lost(OnLost::rerun(2));
    }
    if is(6) {
        policies = policies.jitter("2s");
    }
    policies.build().unwrap()
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
            // The time has passed.
            _ if kind % 3 == 1 => Date::at(self.time() - seconds(5)).build().unwrap(),
            _ => Date::at(self.time() + seconds(u64::from(kind) % 90))
                .build()
                .unwrap(),
        }
    }

    pub(crate) fn add(&mut self, id: u8, kind: u8) {
        let task = if kind == 77 { "unknown" } else { TASK };
        let id = format!("job-{}", id % IDS);
        let args = format!("\"{id}\"");
        let job = Job::new(id.try_into().unwrap(), task, self.trigger(kind));
        let job = job.with_policies(policies(kind));
        let job = job.with_args_json(&args).unwrap();
        let first = first_fire(job.trigger(), None, self.time()).unwrap();
        let state = JobState::begin(&first, self.time());
        let insert =
            Insert::new(Arc::new(job), state, self.time()).on_conflict(if kind.is_multiple_of(2) {
                OnConflict::Refuse
            } else {
                OnConflict::Replace
            });
        self.insert(insert);
    }

    /// Adds a job in the place of the one that has its id.
    pub(crate) fn replace(&mut self, job: Job) {
        let first = first_fire(job.trigger(), None, self.time()).unwrap();
        let state = JobState::begin(&first, self.time());
        let insert = Insert::new(Arc::new(job), state, self.time());
        self.insert(insert.on_conflict(OnConflict::Replace));
    }

    fn insert(&mut self, insert: Insert) {
        let before = now(self.store.get(insert.job.id().clone())).unwrap();
        let replaced = before.map(|before| before.replaced_by(&insert));
        // An id may be taken.
        if let Ok(added) = now(self.store.add(vec![insert])).unwrap().remove(0) {
            self.seen.births.insert(added.state.birth);
            if added.state.absence == MissReason::Past {
                let first = added.state.next_run_time.unwrap();
                self.past.insert((added.state.incarnation, first));
            }
            let decided = replaced.and_then(|replaced| replaced.decided);
            self.seen.decided_elsewhere(decided);
        }
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
            self.seen.left_elsewhere([&stored]);
            self.seen.decided_elsewhere(stored.passed_over(self.time()));
            now(self.store.remove(stored.job.id().clone(), self.time())).unwrap();
        }
    }

    pub(crate) fn update(
        &mut self,
        stored: &StoredJob,
        job: Arc<Job>,
        state: JobState,
        is_anew: bool,
    ) {
        let decided = is_anew.then(|| stored.passed_over(self.time())).flatten();
        self.seen.decided_elsewhere(decided);
        let update = Update::new(job, state, self.time())
            .new_incarnation(is_anew)
            .decided(decided);
        now(self.store.update(update)).unwrap();
    }

    pub(crate) fn pause_job(&mut self, at: u8, is_paused: bool) {
        if let Some(stored) = self.job(at) {
            let mut state = stored.state;
            state.paused = is_paused;
            self.update(&stored, Arc::clone(&stored.job), state, false);
        }
    }

    pub(crate) fn edit_policies(&mut self, at: u8, kind: u8) {
        if let Some(stored) = self.job(at) {
            let job = (*stored.job).clone().with_policies(policies(kind));
            self.update(&stored, Arc::new(job), stored.state, false);
        }
    }

    pub(crate) fn reschedule(&mut self, at: u8, kind: u8) {
        if let Some(stored) = self.job(at) {
            let job = (*stored.job).clone().with_trigger(self.trigger(kind));
            let first = first_fire(job.trigger(), None, self.time()).unwrap();
            let mut state = stored.state;
            state.restart(first.fire_time);
            state.anchor = first.anchor;
            self.update(&stored, Arc::new(job), state, true);
        }
    }

    pub(crate) fn ask_for_run(&mut self, at: u8, kind: u8) {
        if let Some(stored) = self.job(at) {
            let own = format!("[\"by hand\",{}]", self.tickets());
            let args = (kind.is_multiple_of(2)).then(|| own.into());
            let overlap = match kind % 5 {
                0 => Some(Overlap::Skip),
                1 => Some(Overlap::queue(1)),
                2 => Some(Overlap::CancelRunning),
                _ => None,
            };
            self.run_otherwise(stored, RunOverrides::none().args(args).overlap(overlap));
        }
    }

    /// Asks the store to end a run, as another process does.
    pub(crate) fn cancel_one(&mut self, at: u8) {
        let open = self.open_runs();
        if let Some(run) = open.get(usize::from(at) % open.len().max(1)) {
            let mut instances = instances(&open);
            let its = instances.find(|own| own.iter().any(|own| own.id == run.id));
            let its = its.into_iter().flatten().map(|own| own.id);
            self.seen.cancelled.extend(its);
            let request = punctual_store::CancelRequest::new(
                run.id,
                punctual_core::CancelReason::User,
                self.time(),
            );
            now(self.store.cancel(request)).unwrap();
        }
    }
}
