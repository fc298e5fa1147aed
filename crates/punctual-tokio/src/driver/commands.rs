//! What handles ask for.

use punctual_core::{CancelReason, MissReason, RunId};

use super::Driver;
use crate::command::{Command, RunningRun};
use crate::event::EventKind;
use crate::jobs::JobKey;
use crate::partition::Entry;

impl Driver {
    pub(super) fn obey(&mut self) {
        let mut inbox = std::mem::take(&mut self.inbox);
        for command in inbox.drain(..) {
            self.obey_one(command);
        }
        self.inbox = inbox;
    }

    // Whoever asked may have gone away meanwhile: then its answer has no reader.
    fn obey_one(&mut self, command: Command) {
        match command {
            Command::Pause(answer) => {
                self.pause();
                let _ = answer.send(());
            }
            Command::Resume(answer) => {
                self.resume();
                let _ = answer.send(());
            }
            Command::RunJob { store, job, answer } => self.run_job(store, job, answer),
            Command::CancelRun { store, run, answer } => {
                let _ = answer.send(self.cancel_run(store, run));
            }
            Command::Running(answer) => {
                let _ = answer.send(self.running());
            }
            Command::AddStore(partition) => {
                self.core.metrics.jobs_changed();
                self.adopt_store(*partition);
            }
            Command::RemoveStore { store, answer } => {
                self.core.metrics.jobs_changed();
                self.leave_store(store);
                let _ = answer.send(());
            }
            Command::RemoveExecutor(alias, answer) => {
                self.park(&alias);
                self.core.metrics.jobs_changed();
                let _ = answer.send(());
            }
            Command::LookAgain => {
                self.core.metrics.jobs_changed();
                let stores: Vec<u32> = self.partitions.keys().copied().collect();
                for store in stores {
                    self.ask_for_window(store);
                }
            }
            Command::Shutdown(shutdown) => self.begin_shutdown(shutdown),
        }
    }

    /// Cancels a run of this node, whether it waits or is under way; `false` if there is none.
    pub(super) fn cancel_run(&mut self, store: u32, run: RunId) -> bool {
        let Some(key) = self.active.find(store, run) else {
            return self.cancel_waiting_run(store, run);
        };
        self.cancel(key, CancelReason::User);
        true
    }

    fn pause(&mut self) {
        if !self.is_paused {
            self.is_paused = true;
            self.core.bus.emit(|| EventKind::SchedulerPaused);
        }
    }

    fn resume(&mut self) {
        if self.is_paused {
            self.is_paused = false;
            let now = self.core.clock.micros();
            for partition in self.partitions.values_mut() {
                partition.absent = (now, MissReason::Paused);
            }
            self.core.bus.emit(|| EventKind::SchedulerResumed);
        }
    }

    /// Ends the instance that a waiting run belongs to.
    fn cancel_waiting_run(&mut self, store: u32, run: RunId) -> bool {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return false;
        };
        let place = |(key, entry): (JobKey, &Entry)| Some((key, entry.waits_at(run)?));
        let Some((key, at)) = partition.jobs.iter().find_map(place) else {
            return false;
        };
        let entry = partition.jobs.get_mut(key);
        let Some(waiting) = entry.and_then(|entry| entry.waiting.as_mut()) else {
            return false;
        };
        if let Some(instance) = waiting.queue.remove(at) {
            waiting.queue.push_front(instance);
        }
        self.cancel_waiting(key, CancelReason::User)
    }

    pub(super) fn running(&self) -> Vec<RunningRun> {
        let mut running: Vec<_> = self
            .active
            .all()
            .map(|(_, active)| RunningRun {
                job: active.job.id().clone(),
                run: active.run,
                scheduled_time: active.fire_time,
                attempts: active.attempts,
                is_retrying: active.attempt.is_none(),
            })
            .collect();
        running.sort_unstable_by_key(|run| run.run);
        running
    }
}
