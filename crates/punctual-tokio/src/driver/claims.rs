//! From what is due to requests, and from answers to runs.

use chrono::{DateTime, Utc};
use punctual_core::plan::{Plan, manual, plan};
use punctual_core::{CancelReason, MissReason, RunId, SkipReason};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Lease, StoredJob, Won,
};

use super::Driver;
use crate::clock::instant;
use crate::command::Answer;
use crate::error::{Error, ErrorKind};
use crate::event::EventKind;
use crate::executor::no_executor;
use crate::partition::{Entry, Instance, Partition, Phase};
use crate::worker::Request;

/// Claims in one request: enough to make its cost vanish, few enough that the first runs of a
/// burst start while the last are still planned.
const CLAIMS: usize = 4_096;

impl Driver {
    /// Sends every store what has gathered for it.
    pub(super) fn flush(&mut self) {
        let now = self.core.clock.now();
        let may_start = !self.is_paused && self.stage.starts_runs();
        for partition in self.partitions.values_mut() {
            partition.send(now, may_start);
        }
        self.drop_settled_entries();
    }

    pub(super) fn take_answers(&mut self, store: u32, request: ClaimRequest, reply: ClaimReply) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.outbox.is_busy = false;
        for (claim, answer) in request.claims.into_iter().zip(reply.answers) {
            match claim.kind {
                ClaimKind::Advance { plan, .. } => {
                    self.advanced(store, claim.incarnation, plan, answer);
                }
                ClaimKind::Manual { plan } => {
                    self.manual_answered(store, claim.incarnation, plan, answer);
                }
                ClaimKind::Promote { .. } => self.promoted(store, claim.incarnation, &answer),
            }
        }
        for job in reply.removed {
            self.job_left(store, &job);
        }
        let now = self.core.clock.micros();
        if let Some(partition) = self.partitions.get_mut(&store) {
            partition.arm_refill(&mut self.timer, now);
            let is_drained =
                partition.window.is_cut && !partition.window.is_asked && partition.due.is_empty();
            if is_drained {
                self.ask_for_window(store);
            }
        }
    }

    fn advanced(&mut self, store: u32, incarnation: u64, plan: Plan, answer: ClaimAnswer) {
        let now = self.core.clock.micros();
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        let Some(entry) = partition.jobs.get_mut(&incarnation) else {
            return;
        };
        entry.phase = Phase::Idle;
        match answer {
            ClaimAnswer::Won(won) => {
                entry.moved_on(&plan, won);
                let newer = entry.newer.take();
                self.obey_plan(store, incarnation, plan, won);
                self.schedule_next(store, incarnation, newer, now);
            }
            ClaimAnswer::AtLimit(row) => {
                entry.limit_seen = Some(row.state.running);
                entry.stored = row;
                entry.phase = Phase::Due;
                partition.due.push_front(incarnation);
            }
            ClaimAnswer::Lost(Some(row)) if row.state.incarnation == incarnation => {
                entry.newer = None;
                entry.stored = row;
                partition.schedule(incarnation, &mut self.timer, now);
            }
            ClaimAnswer::Lost(now_there) => {
                entry.stored.state.next_run_time = None;
                partition.schedule(incarnation, &mut self.timer, now);
                if let Some(row) = now_there {
                    partition.adopt(row, &self.core, &mut self.timer, now);
                }
            }
        }
    }

    fn schedule_next(
        &mut self,
        store: u32,
        incarnation: u64,
        newer: Option<Box<StoredJob>>,
        now: i64,
    ) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.schedule(incarnation, &mut self.timer, now);
        if let Some(newer) = newer {
            partition.adopt(*newer, &self.core, &mut self.timer, now);
        }
    }

    /// Does what a plan says, now that the store has accepted it.
    fn obey_plan(&mut self, store: u32, incarnation: u64, plan: Plan, won: Won) {
        self.tell_what_does_not_run(store, incarnation, &plan);
        for _ in 0..plan.cancel.queued {
            self.cancel_oldest_waiting(store, incarnation);
        }
        self.cancel_oldest_running(store, incarnation, plan.cancel.running);
        if !plan.start.is_empty() {
            let instance = Instance {
                first: won.first,
                fire_times: plan.start,
            };
            self.start_instance(store, incarnation, instance);
        } else if !plan.queue.is_empty() {
            let instance = Instance {
                first: won.first,
                fire_times: plan.queue,
            };
            self.queue_instance(store, incarnation, instance);
        }
    }

    fn queue_instance(&mut self, store: u32, incarnation: u64, instance: Instance) {
        if let Some(entry) = self.entry(store, incarnation) {
            entry
                .waiting
                .get_or_insert_default()
                .queue
                .push_back(instance);
        }
        self.promote(store, incarnation);
    }

    fn tell_what_does_not_run(&self, store: u32, incarnation: u64, plan: &Plan) {
        if !self.core.bus.is_heard() {
            return;
        }
        let Some(job) = self.job_event(store, incarnation) else {
            return;
        };
        if let Some((range, reason)) = plan.missed {
            let job = job.clone();
            self.core
                .bus
                .emit(|| EventKind::JobMissed { job, range, reason });
        }
        if let Some((range, reason)) = plan.skipped {
            self.core
                .bus
                .emit(|| EventKind::JobMaxInstances { job, range, reason });
        }
    }

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
        // Two requests in one microsecond must not look like one.
        self.last_manual = self
            .core
            .clock
            .micros()
            .max(self.last_manual.saturating_add(1));
        let fire_time = instant(self.last_manual);
        let Some(partition) = self.partitions.get_mut(&store) else {
            let _ = answer.send(Err(Error::no_job(job.job.id())));
            return;
        };
        let incarnation = job.state.incarnation;
        let entry = partition.jobs.entry(incarnation).or_insert_with(|| {
            let task = self.core.task_of(&job.job);
            Entry::new(job, task)
        });
        let executor = entry.stored.job.executor();
        if !self.core.executors.has(executor) {
            let _ = answer.send(Err(no_executor(executor)));
            return;
        }
        if entry.task.is_none() {
            let task = entry.stored.job.task();
            let message = format!("no task `{task}` is registered here");
            let _ = answer.send(Err(Error::new(ErrorKind::UnknownTask, message)));
            return;
        }
        entry.asked += 1;
        let claim = Claim {
            id: entry.stored.job.id().clone(),
            incarnation,
            kind: ClaimKind::Manual {
                plan: entry.plan_manual(fire_time),
            },
        };
        partition.outbox.claims.push_back(claim);
        partition.outbox.manual.push_back(answer);
    }

    fn manual_answered(&mut self, store: u32, incarnation: u64, plan: Plan, answer: ClaimAnswer) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        let Some(waiting) = partition.outbox.manual.pop_front() else {
            return;
        };
        let Some(entry) = partition.jobs.get_mut(&incarnation) else {
            return;
        };
        entry.asked = entry.asked.saturating_sub(1);
        self.settled.push((store, incarnation));
        match answer {
            ClaimAnswer::Won(won) => {
                let told = match plan.skipped {
                    None => Ok(won.first),
                    Some((_, reason)) => Err(busy(reason)),
                };
                // Its asker may have gone away; the run goes on.
                let _ = waiting.send(told);
                self.obey_plan(store, incarnation, plan, won);
            }
            ClaimAnswer::AtLimit(row) => {
                entry.asked += 1;
                entry.limit_seen = Some(row.state.running);
                let fire_time = plan.start.first().copied().unwrap_or_default();
                let claim = Claim {
                    id: row.job.id().clone(),
                    incarnation,
                    kind: ClaimKind::Manual {
                        plan: entry.plan_manual(fire_time),
                    },
                };
                // In front, as it was: the askers stay in the order of their claims.
                partition.outbox.claims.push_front(claim);
                partition.outbox.manual.push_front(waiting);
            }
            ClaimAnswer::Lost(_) => {
                let _ = waiting.send(Err(Error::new(
                    ErrorKind::NotFound,
                    "the job was removed or replaced meanwhile",
                )));
            }
        }
    }

    /// Asks the store for an instance for the first of the waiting runs, if one may be free.
    pub(super) fn promote(&mut self, store: u32, incarnation: u64) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        let Some(entry) = partition.jobs.get_mut(&incarnation) else {
            return;
        };
        let limit = entry.stored.job.policies().max_instances;
        let has_room = limit.admits(entry.instances);
        let Some(waiting) = entry
            .waiting
            .as_mut()
            .filter(|waiting| has_room && !waiting.is_promoting)
        else {
            return;
        };
        let Some(instance) = waiting.queue.front() else {
            return;
        };
        waiting.is_promoting = true;
        partition.outbox.claims.push_back(Claim {
            id: entry.stored.job.id().clone(),
            incarnation,
            kind: ClaimKind::Promote {
                first: instance.first,
                count: instance.fire_times.len() as u32,
            },
        });
    }

    fn promoted(&mut self, store: u32, incarnation: u64, answer: &ClaimAnswer) {
        let Some(entry) = self.entry(store, incarnation) else {
            return;
        };
        let Some(waiting) = entry.waiting.as_mut() else {
            return;
        };
        waiting.is_promoting = false;
        match answer {
            ClaimAnswer::Won(_) => {
                if let Some(instance) = waiting.queue.pop_front() {
                    self.start_instance(store, incarnation, instance);
                }
                self.promote(store, incarnation);
            }
            // Another node has it; it does not tell when it is done.
            ClaimAnswer::AtLimit(_) => self.promote_later(store, incarnation),
            ClaimAnswer::Lost(_) => {
                while self.cancel_waiting(store, incarnation, CancelReason::User) {}
            }
        }
    }
}

impl Partition {
    /// Sends what has gathered, unless the store still has a request to answer.
    fn send(&mut self, now: DateTime<Utc>, may_start: bool) {
        if self.outbox.is_busy {
            return;
        }
        let mut claims: Vec<Claim> = Vec::new();
        while claims.len() < CLAIMS {
            let Some(claim) = self.outbox.claims.pop_front() else {
                break;
            };
            claims.push(claim);
        }
        while may_start && claims.len() < CLAIMS {
            let Some(incarnation) = self.due.pop_front() else {
                break;
            };
            claims.extend(self.claim_of(incarnation, now));
        }
        if claims.is_empty() && self.outbox.ends.is_empty() {
            return;
        }
        let request = ClaimRequest {
            // The worker fills in the one it holds.
            lease: Lease {
                node: std::sync::Arc::clone(&self.alias),
                epoch: 0,
            },
            now,
            ends: std::mem::take(&mut self.outbox.ends),
            claims,
        };
        if let Some(requests) = &self.requests {
            // A place is free: there is one request of each kind, and this kind is not on its way.
            self.outbox.is_busy = requests.try_send(Request::Claim(Box::new(request))).is_ok();
        }
    }

    fn claim_of(&mut self, incarnation: u64, now: DateTime<Utc>) -> Option<Claim> {
        let absent = self.absent;
        let entry = self.jobs.get_mut(&incarnation)?;
        if entry.phase != Phase::Due {
            return None;
        }
        entry.phase = Phase::Claiming;
        Some(Claim {
            id: entry.stored.job.id().clone(),
            incarnation,
            kind: ClaimKind::Advance {
                revision: entry.stored.state.revision,
                plan: entry.plan(now, absent),
            },
        })
    }
}

impl Entry {
    fn plan(&mut self, now: DateTime<Utc>, absent: (i64, MissReason)) -> Plan {
        let state = &self.stored.state;
        let mut view = self.stored.job.view(state);
        view.running = self
            .limit_seen
            .take()
            .unwrap_or(self.instances)
            .max(self.instances);
        view.queued = self.queued();
        if state.absence == MissReason::Grace
            && state
                .next_run_time
                .is_some_and(|next| next.timestamp_micros() < absent.0)
        {
            view.absence = absent.1;
        }
        plan(&view, now)
    }

    fn plan_manual(&mut self, fire_time: DateTime<Utc>) -> Plan {
        let mut view = self.stored.job.view(&self.stored.state);
        view.running = self
            .limit_seen
            .take()
            .unwrap_or(self.instances)
            .max(self.instances);
        view.queued = self.queued();
        manual(&view, fire_time)
    }

    /// What the store has made of the row.
    fn moved_on(&mut self, plan: &Plan, won: Won) {
        let state = &mut self.stored.state;
        state.revision = won.revision;
        state.next_run_time = plan.next.fire_time();
        state.absence = MissReason::Grace;
    }
}

fn busy(reason: SkipReason) -> Error {
    Error::new(
        ErrorKind::Busy,
        match reason {
            SkipReason::QueueFull => "all instances of the job are busy and its queue is full",
            _ => "all instances of the job are busy; the request was recorded as skipped",
        },
    )
}
