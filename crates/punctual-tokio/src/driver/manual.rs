//! Runs besides the schedule.

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{RunId, SkipReason};
use punctual_store::{ClaimAnswer, ClaimKind, StoredJob};

use super::Driver;
use crate::clock::instant;
use crate::command::Answer;
use crate::error::{Error, ErrorKind};
use crate::jobs::JobKey;
use crate::partition::Entry;

impl Driver {
    /// Asks for a run besides the schedule.
    pub(super) fn run_job(
        &mut self,
        store: u32,
        job: StoredJob,
        answer: Answer<Result<RunId, Error>>,
    ) {
        if !self.stage.starts_runs() {
            let _ = answer.send(Err(Error::not_running()));
            return;
        }
        let fire_time = self.fire_time_by_hand();
        let partition = self.partitions.get_mut(&store);
        let Some(partition) = partition.filter(|partition| !partition.is_leaving) else {
            let _ = answer.send(Err(Error::no_job(job.job.id())));
            return;
        };
        let executor = job.job.executor();
        if !self.core.executors.has(executor) {
            let _ = answer.send(Err(self.core.executors.unknown(executor)));
            return;
        }
        let Some(code) = self.core.code_of(&job.job) else {
            let _ = answer.send(Err(self.core.registry.unknown(job.job.task())));
            return;
        };
        let now = self.core.clock.micros();
        // It was read just now, and an edit may not have been told yet.
        partition.adopt(job.clone().into(), &self.core, &mut self.timer, now);
        let found = partition.jobs.find(job.state.incarnation);
        let key = found.unwrap_or_else(|| partition.jobs.insert(Entry::new(job, None)));
        let Some(entry) = partition.jobs.get_mut(key) else {
            return;
        };
        entry.code.get_or_insert(code);
        entry.asked += 1;
        let claim = entry.claim_manual(fire_time);
        partition.outbox.claims.push_back((Some(key), claim));
        partition.outbox.manual.push_back(answer);
    }

    /// Now, or some microseconds later: two requests in one microsecond must not look like one.
    fn fire_time_by_hand(&mut self) -> DateTime<Utc> {
        let next = self.last_manual.saturating_add(1);
        self.last_manual = self.core.clock.micros().max(next);
        instant(self.last_manual)
    }

    pub(super) fn manual_answered(
        &mut self,
        key: JobKey,
        plan: Plan,
        answer: ClaimAnswer,
        is_repeated: bool,
    ) {
        // Another node was asked for a run of the job in the same microsecond.
        let is_another = !is_repeated && is_taken(key, &answer);
        let again_at = if is_another {
            self.fire_time_by_hand()
        } else {
            plan.fire_times().next().unwrap_or_default()
        };
        let Some(partition) = self.partitions.get_mut(&key.store) else {
            return;
        };
        let Some(waiting) = partition.outbox.manual.pop_front() else {
            return;
        };
        let Some(entry) = partition.jobs.get_mut(key) else {
            return;
        };
        entry.asked = entry.asked.saturating_sub(1);
        self.settled.push(key);
        match answer {
            ClaimAnswer::Won(won) => {
                if let Some(job) = &won.job {
                    entry.fill(job);
                }
                let told = match plan.skipped {
                    None if won.first == RunId::default() => Err(Error::new(
                        ErrorKind::Store,
                        "the run was accepted and waits for its turn, but the store's answer with its number \
                         was lost; `runs` lists it",
                    )),
                    None => Ok(won.first),
                    Some((_, reason)) => Err(busy(reason)),
                };
                // Its asker may have gone away; the run goes on.
                let _ = waiting.send(told);
                self.obey_plan(key, plan, &won, false);
            }
            ClaimAnswer::AtLimit(row) => {
                entry.asked += 1;
                entry.limit_seen = Some((row.state.running, row.state.queued));
                let claim = entry.claim_manual(again_at);
                // Behind those that are still to be answered: askers stay in the order of claims.
                partition.outbox.claims.push_back((Some(key), claim));
                partition.outbox.manual.push_back(waiting);
            }
            ClaimAnswer::NotTried => {
                entry.asked += 1;
                let claim = entry.claim_of(ClaimKind::Manual { plan });
                partition.outbox.claims.push_back((Some(key), claim));
                partition.outbox.manual.push_back(waiting);
            }
            ClaimAnswer::Lost(_) if is_another => {
                entry.asked += 1;
                let claim = entry.claim_manual(again_at);
                partition.outbox.claims.push_back((Some(key), claim));
                partition.outbox.manual.push_back(waiting);
            }
            // Its key is used, so it was recorded as skipped by a request whose answer was lost.
            ref lost if is_taken(key, lost) && !opens_runs(&plan) => {
                let reason = plan.skipped.map(|(_, reason)| reason);
                let _ = waiting.send(Err(busy(reason.unwrap_or(SkipReason::MaxInstances))));
                self.tell_plan(key, &plan);
            }
            ClaimAnswer::Lost(_) => {
                let _ = waiting.send(Err(Error::new(
                    ErrorKind::NotFound,
                    "the run did not begin: the job was removed or replaced meanwhile, or this node was \
                     taken for dead; look at the job and ask again",
                )));
            }
        }
    }
}

/// Whether the claim of a run by hand was lost because its key is used.
fn is_taken(key: JobKey, answer: &ClaimAnswer) -> bool {
    matches!(answer, ClaimAnswer::Lost(Some(row)) if row.state.incarnation == key.incarnation)
}

fn opens_runs(plan: &Plan) -> bool {
    !plan.start.is_empty() || !plan.queue.is_empty()
}

fn busy(reason: SkipReason) -> Error {
    Error::new(
        ErrorKind::Busy,
        match reason {
            SkipReason::QueueFull => {
                "max_instances: all instances of the job are busy and its queue is full; the request \
                 was recorded as skipped. Wait for a run to end, or raise `max_instances` or `at_most` of `Overlap::Queue`"
            }
            _ => {
                "max_instances: all instances of the job are busy; the request was recorded as \
                 skipped. Wait for a run to end, or raise `max_instances`"
            }
        },
    )
}
