//! Runs that change their owner: those of this node when others took it for dead, and those of
//! dead nodes.

use punctual_core::Outcome;
use punctual_store::{Lease, OpenRun, Recovered, RunEnd, TakenRun};

use super::active::Stop;
use super::{Driver, log};
use crate::handler::Finish;
use crate::jobs::JobKey;
use crate::partition::{Entry, Instance};
use crate::reports::Key;

impl Driver {
    /// Runs of dead nodes are taken over only while this one begins runs.
    pub(super) fn say_whether_runs_begin(&self) {
        let begins = self.begins_runs();
        for partition in self.partitions.values() {
            partition.say_whether_runs_begin(begins);
        }
    }

    pub(super) fn begins_runs(&self) -> bool {
        !self.is_paused && self.stage.starts_runs()
    }

    /// A lease was given. What was opened under one before is not this node's any more.
    pub(super) fn leased(&mut self, store: u32, lease: Lease) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        if partition.lease.replace(lease).is_none() {
            return;
        }
        for key in partition.waiting_jobs() {
            if let Some(entry) = partition.jobs.get_mut(key) {
                entry.waiting = None;
                self.settled.push(key);
            }
        }
        for key in self.active.of_store(store) {
            self.fence(key);
        }
        self.ask_for_window(store);
    }

    /// Tells a run to end that others have decided about.
    fn fence(&mut self, key: Key) {
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        active.is_fenced = true;
        if active.attempt.is_some() {
            self.stop(key, Stop::Fenced);
            return;
        }
        let now = self.core.clock.micros();
        self.end_run(key, Finish::plain(Outcome::Lost), now);
    }

    pub(super) fn recovered(&mut self, store: u32, recovered: Recovered) {
        for lost in recovered.lost {
            self.lost(store, lost);
        }
        for job in recovered.removed {
            self.job_left(store, &job);
        }
        let mut taken = recovered.taken.into_iter().peekable();
        while let Some(first) = taken.next() {
            let mut fire_times = vec![first.run.key.fire_time];
            let mut is_whole = first.run.ends_instance;
            while let Some(next) = taken.next_if(|_| !is_whole) {
                fire_times.push(next.run.key.fire_time);
                is_whole = next.run.ends_instance;
            }
            let instance = Instance {
                first: first.run.id,
                fire_times,
                reruns: first.run.reruns,
            };
            self.run_again(store, &first, instance);
        }
    }

    fn run_again(&mut self, store: u32, taken: &TakenRun, instance: Instance) {
        let Some(key) = self.key_of(store, taken) else {
            return;
        };
        if taken.run.is_queued {
            self.queue_instance(key, instance);
        } else {
            self.start_instance(key, instance);
        }
    }

    fn key_of(&mut self, store: u32, taken: &TakenRun) -> Option<JobKey> {
        let code = self.core.code_of(&taken.job.job);
        let partition = self.partitions.get_mut(&store)?;
        let found = partition.jobs.find(taken.job.state.incarnation);
        let new = || Entry::new(taken.job.clone(), None);
        let key = found.unwrap_or_else(|| partition.jobs.insert(new()));
        if let Some(entry) = partition.jobs.get_mut(key) {
            entry.code = entry.code.take().or(code);
        }
        Some(key)
    }

    /// Tells that a run is lost. That its end is recorded once more does no harm.
    fn lost(&mut self, store: u32, lost: OpenRun) {
        let end = RunEnd {
            run: lost.id,
            outcome: Outcome::Lost,
            started: None,
            finished: self.core.clock.micros(),
            attempts: lost.reruns,
            text: None,
        };
        self.core.metrics.ended(&end, lost.key.fire_time);
        log::ended(&lost.job, lost.key.fire_time, &end);
        self.tell_end(store, lost.job, lost.key.fire_time, &end);
        if let Some(partition) = self.partitions.get_mut(&store) {
            partition.outbox.ends.push(end);
        }
    }
}
