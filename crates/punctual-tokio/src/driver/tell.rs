//! Passes what the machine tells to the log, the listeners and the metrics.

use std::sync::Arc;

use punctual_core::{FireRange, JobId, Outcome};
use punctual_machine::Tell;

use super::{Driver, log};
use crate::events::event::{EventKind, JobRef};

impl Driver {
    pub(super) fn tell(&self, tell: Tell) {
        let (bus, voice) = (&self.shared.bus, &self.shared.voice);
        match tell {
            Tell::Submitted {
                store,
                job,
                run,
                fire_times,
            } => self.emit(store, job, |job| EventKind::JobSubmitted {
                job,
                run,
                fire_times,
            }),
            Tell::Ended {
                store,
                job,
                fire_time,
                end,
            } => {
                log::ended(voice, &job, fire_time, &end);
                self.emit(store, job, |job| EventKind::ended(job, fire_time, end));
            }
            Tell::DidNotRun {
                store,
                job,
                range,
                outcome,
                is_first,
            } => {
                log::did_not_run(voice, &job, range, outcome, is_first);
                self.emit_did_not_run(store, job, range, outcome);
            }
            Tell::JobLeft { store, job } => {
                self.emit(store, job.job.id().clone(), EventKind::JobRemoved);
                self.shared.registry.unused(job.job.task());
            }
            Tell::Paused => bus.emit(|| EventKind::SchedulerPaused),
            Tell::Resumed => bus.emit(|| EventKind::SchedulerResumed),
            Tell::Decided { range, outcome } => self.shared.metrics.decided(range, outcome),
            Tell::Again {
                job,
                run,
                attempts,
                error,
                wait,
            } => log::again(voice, (&job, run, attempts), error.as_ref(), wait),
            Tell::Parked {
                job,
                task,
                executor,
                is_first,
                ..
            } => log::parked(voice, &job, (&task, &executor), is_first),
            Tell::LeftOut { node } => {
                tracing::debug!(%node, "a node leaves its jobs to others");
            }
            Tell::Found(runs) => {
                tracing::debug!(runs, "runs are found that the store handed out");
            }
        }
    }

    fn emit_did_not_run(&self, store: u32, job: JobId, range: FireRange, outcome: Outcome) {
        match outcome {
            Outcome::Missed(reason) => {
                self.emit(store, job, |job| EventKind::JobMissed {
                    job,
                    range,
                    reason,
                });
            }
            Outcome::Skipped(reason) => {
                self.emit(store, job, |job| EventKind::JobSkipped {
                    job,
                    range,
                    reason,
                });
            }
            // There is a run that tells for itself.
            _ => {}
        }
    }

    fn emit(&self, store: u32, id: JobId, event: impl FnOnce(JobRef) -> EventKind) {
        if let Some(link) = self.links.get(&store) {
            let store = Arc::clone(&link.alias);
            self.shared.bus.emit(|| event(JobRef { id, store }));
        }
    }
}
