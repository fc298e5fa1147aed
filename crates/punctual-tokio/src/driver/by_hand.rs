//! Runs that callers ask for by handles.

use std::sync::Arc;

use punctual_core::{Job, RunId, SkipReason};
use punctual_machine::{Missing, Refusal};
use punctual_store::{RunOverrides, StoredJob};

use super::Driver;
use crate::command::Answer;
use crate::error::{Error, ErrorKind, no_job};

/// A request for a run by hand that is not answered yet.
pub(super) struct Asked {
    answer: Answer<Result<RunId, Error>>,
    job: Arc<Job>,
}

impl Driver {
    pub(super) fn run_job(
        &mut self,
        store: u32,
        job: StoredJob,
        overrides: RunOverrides,
        answer: Answer<Result<RunId, Error>>,
    ) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let asked = Asked {
            answer,
            job: Arc::clone(&job.job),
        };
        self.asked.insert(ticket, asked);
        self.machine.run_job(store, job, overrides, ticket);
    }

    pub(super) fn answer(&mut self, ticket: u64, answer: Result<RunId, Refusal>) {
        if let Some(asked) = self.asked.remove(&ticket) {
            let answer = answer.map_err(|refusal| self.error_of(refusal, &asked.job));
            // The caller may have dropped its future. The run goes on.
            let _ = asked.answer.send(answer);
        }
    }

    fn error_of(&self, refusal: Refusal, job: &Job) -> Error {
        match refusal {
            Refusal::IsStopping => Error::of(
                ErrorKind::NotRunning,
                "the scheduler is shutting down and begins no more runs; start it again after its \
                 `shutdown`",
            ),
            Refusal::NoStore => no_job(job.id()),
            Refusal::Lacks(Missing::Executor) => self.shared.executors.unknown(job.executor()),
            Refusal::Lacks(Missing::Task) => self.shared.registry.unknown(job.task()),
            Refusal::Busy(reason) => busy(reason),
            Refusal::NumberLost => Error::of(
                ErrorKind::AnswerLost,
                "the run was accepted and waits for its turn, but the store's answer with its number \
                 was lost; `runs` lists it",
            ),
            Refusal::Lost => Error::of(
                ErrorKind::NotFound,
                "the run did not begin: the job was removed or replaced meanwhile, or this node was \
                 taken for dead; look at the job and ask again",
            ),
        }
    }
}

fn busy(reason: SkipReason) -> Error {
    Error::of(
        ErrorKind::Busy,
        match reason {
            SkipReason::QueueFull => {
                "max_instances: all instances of the job are busy and its queue is full; the request \
                 was recorded as skipped. Wait for a run to end, or raise `max_instances` or `at_most` of `Overlap::Queue`"
            }
            _ => {
                "max_instances: all instances of the job are busy; the request was recorded as \
                 skipped. Wait for a run to end, let this one wait with `.overlap(Overlap::queue(1))`, or \
                 raise `max_instances`"
            }
        },
    )
}
