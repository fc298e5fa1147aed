//! What handles ask for.

use punctual_core::{CancelReason, MissReason, RunId};

use super::Driver;
use crate::command::{Command, RunningRun};
use crate::event::EventKind;

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
                let _ = answer.send(self.cancel_run(store, run, CancelReason::User));
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
            #[cfg(feature = "testing")]
            Command::Held { latest, answer } => {
                let _ = answer.send(self.held(latest));
            }
            Command::Shutdown(shutdown) => self.begin_shutdown(shutdown),
        }
    }

    /// Cancels a run that is under way on this node; `false` if there is none.
    pub(super) fn cancel_run(&mut self, store: u32, run: RunId, reason: CancelReason) -> bool {
        let Some(key) = self.active.find(store, run) else {
            return false;
        };
        self.cancel(key, reason);
        true
    }

    /// The store tells that a run is to end. One that is just being opened is unknown here until
    /// the store's answer comes.
    pub(super) fn asked_to_end(&mut self, store: u32, run: RunId, reason: CancelReason) {
        if self.cancel_run(store, run, reason) {
            return;
        }
        if let Some(partition) = self.partitions.get_mut(&store)
            && partition.outbox.is_busy
        {
            partition.outbox.to_end.push((run, reason));
        }
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
            self.promote_all();
            // What waited meanwhile may start.
            let stores: Vec<u32> = self.partitions.keys().copied().collect();
            stores
                .into_iter()
                .for_each(|store| self.ask_for_window(store));
            self.core.bus.emit(|| EventKind::SchedulerResumed);
        }
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
            })
            .collect();
        running.sort_unstable_by_key(|run| run.run);
        running
    }
}
