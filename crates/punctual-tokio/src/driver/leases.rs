//! Runs that change their owner: those of this node when others took it for dead, and those of
//! dead nodes.

use punctual_core::Outcome;
use punctual_store::{Lease, OpenRun, Recovered, RunEnd};

use super::active::Stop;
use super::{Driver, log};
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
        partition.forget_waits(&mut self.timer);
        partition.adopting.clear();
        partition.outbox.ends.clear();
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
        self.stop(key, Stop::Fenced);
    }

    pub(super) fn recovered(&mut self, store: u32, recovered: Recovered) {
        for lost in recovered.lost {
            // The store has recorded it.
            self.tell_over(store, lost, Outcome::Lost);
        }
        for job in recovered.removed {
            self.job_left(store, &job);
        }
        self.jobs_wait(store, recovered.waiting);
    }

    /// Tells that a run is over that this node has not begun.
    pub(super) fn tell_over(&self, store: u32, run: OpenRun, outcome: Outcome) -> RunEnd {
        let end = RunEnd {
            run: run.id,
            outcome,
            retry_at: None,
            started: run.started,
            finished: self.core.clock.micros(),
            attempts: run.attempts,
            text: None,
        };
        self.core.metrics.ended(&end, Some(run.key.fire_time));
        log::ended(&self.core.voice, &run.job, run.key.fire_time, &end);
        self.tell_end(store, run.job, run.key.fire_time, &end);
        end
    }
}
