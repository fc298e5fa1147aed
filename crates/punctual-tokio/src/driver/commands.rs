//! Carries out the commands that handles send.

use chrono::DateTime;
use punctual_core::CancelReason;
use punctual_machine::Underway;

use super::Driver;
use crate::command::Command;
use crate::report::RunningRun;

impl Driver {
    pub(super) fn obey(&mut self) {
        let mut inbox = std::mem::take(&mut self.inbox);
        for command in inbox.drain(..) {
            self.obey_one(command);
        }
        self.inbox = inbox;
    }

    // The caller may have dropped its future. Then the answer has no reader.
    fn obey_one(&mut self, command: Command) {
        match command {
            Command::Pause(answer) => {
                self.machine.pause();
                self.carry_out();
                let _ = answer.send(());
            }
            Command::Resume(answer) => {
                self.machine.resume();
                self.carry_out();
                let _ = answer.send(());
            }
            Command::RunJob {
                store,
                job,
                overrides,
                answer,
            } => self.run_job(store, job, overrides, answer),
            Command::CancelRun { store, run, answer } => {
                let is_there = self.machine.cancel_run(store, run, CancelReason::User);
                self.carry_out();
                let _ = answer.send(is_there);
            }
            Command::Running(answer) => {
                let running = self.machine.running().into_iter();
                let _ = answer.send(running.map(RunningRun::from).collect());
            }
            Command::AddStore(named) => {
                self.shared.metrics.jobs_changed();
                self.adopt_store(*named);
            }
            Command::RemoveStore { store, answer } => {
                self.shared.metrics.jobs_changed();
                self.machine.leave_store(store);
                self.carry_out();
                let _ = answer.send(());
            }
            Command::RemoveExecutor(alias, answer) => {
                self.machine.park(&alias);
                self.shared.metrics.jobs_changed();
                self.carry_out();
                let _ = answer.send(());
            }
            Command::LookAgain => {
                self.shared.metrics.jobs_changed();
                self.machine.look_again();
            }
            #[cfg(feature = "testing")]
            Command::Held { latest, answer } => {
                self.carry_out();
                let _ = answer.send(self.held(latest));
            }
            Command::Shutdown(asked) => {
                if let Some(life) = self.shared.life().as_mut() {
                    life.is_stopping = true;
                }
                self.ending.push(asked.answer);
                self.leaving = self.leaving.min(asked.leaving);
                self.machine.shut_down(asked.times);
            }
        }
    }
}

impl From<Underway> for RunningRun {
    fn from(own: Underway) -> Self {
        Self {
            job: own.job,
            store: own.store,
            run: own.run,
            started: own.started.and_then(DateTime::from_timestamp_micros),
            fire_time: own.fire_time,
            attempts: own.attempts,
        }
    }
}
