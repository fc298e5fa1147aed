//! From a store's answers to runs.

use punctual_core::plan::Plan;
use punctual_core::{MissReason, Outcome};
use punctual_store::{ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, Won};

use super::Driver;
use crate::jobs::JobKey;
use crate::partition::{Entry, Instance, Phase};

impl Driver {
    pub(super) fn take_answers(
        &mut self,
        store: u32,
        mut request: ClaimRequest,
        mut reply: ClaimReply,
    ) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.outbox.is_busy = false;
        partition.outbox.ends_sent = 0;
        let is_outdated = partition.lease.as_ref() != Some(&request.lease);
        let is_repeated = request.is_repeated;
        if is_outdated {
            disown(&mut reply);
        }
        request.ends.clear();
        partition.outbox.spare = request.ends;
        let asked = std::mem::take(&mut partition.outbox.asked);
        let now = self.core.clock.micros();
        let claims = request.claims.into_iter().map(|claim| claim.kind);
        for ((key, kind), answer) in asked.into_iter().zip(claims).zip(reply.answers) {
            match kind {
                ClaimKind::Advance { plan, .. } => self.advanced(key, plan, answer, now),
                ClaimKind::Manual { plan } => self.manual_answered(key, plan, answer),
                ClaimKind::Promote { first, .. } => self.promoted(key, first, &answer),
            }
        }
        for job in reply.removed {
            self.job_left(store, &job);
        }
        if is_outdated || is_repeated {
            // Of a claim that was lost it may not be known what the row is like now.
            self.ask_for_window(store);
        }
        if let Some(partition) = self.partitions.get_mut(&store) {
            partition.arm_refill(&mut self.timer, now);
            let is_drained =
                partition.window.is_cut && !partition.window.is_asked && partition.due.is_empty();
            if is_drained {
                self.ask_for_window(store);
            }
        }
    }

    fn advanced(&mut self, key: JobKey, plan: Plan, answer: ClaimAnswer, now: i64) {
        let Some(partition) = self.partitions.get_mut(&key.store) else {
            return;
        };
        let Some(entry) = partition.jobs.get_mut(key) else {
            return;
        };
        entry.phase = Phase::Idle;
        match answer {
            ClaimAnswer::Won(won) => {
                entry.moved_on(&plan, won);
                let newer = entry.newer.take();
                let (plan, won) = self.without_overdue(key, plan, won);
                self.obey_plan(key, plan, won);
                if let Some(partition) = self.partitions.get_mut(&key.store) {
                    partition.schedule(key, &mut self.timer, now);
                    if let Some(newer) = newer {
                        partition.adopt(*newer, &self.core, &mut self.timer, now);
                    }
                }
            }
            ClaimAnswer::AtLimit(row) => {
                entry.limit_seen = Some(row.state.running);
                entry.stored = row;
                entry.phase = Phase::Due;
                partition.due.push_front(key);
            }
            ClaimAnswer::Lost(Some(row)) if row.state.incarnation == key.incarnation => {
                // An edit may have overtaken the answer.
                let newer = entry.newer.take().map(|newer| *newer);
                let newer = newer.filter(|newer| newer.state.revision > row.state.revision);
                entry.stored = newer.unwrap_or(row);
                entry.code = self.core.code_of(&entry.stored.job);
                partition.schedule(key, &mut self.timer, now);
            }
            ClaimAnswer::Lost(now_there) => {
                entry.stored.state.next_run_time = None;
                partition.schedule(key, &mut self.timer, now);
                if let Some(row) = now_there {
                    partition.adopt(row, &self.core, &mut self.timer, now);
                }
            }
        }
    }

    /// Does what a plan says, now that the store has accepted it.
    pub(super) fn obey_plan(&mut self, key: JobKey, plan: Plan, won: Won) {
        self.tell_plan(key, &plan);
        for _ in 0..plan.cancel.queued {
            self.cancel_oldest_waiting(key);
        }
        self.cancel_oldest_running(key, plan.cancel.running);
        if !plan.start.is_empty() {
            let instance = Instance {
                first: won.first,
                fire_times: plan.start,
                reruns: 0,
            };
            self.start_instance(key, instance);
        } else if !plan.queue.is_empty() {
            let instance = Instance {
                first: won.first,
                fire_times: plan.queue,
                reruns: 0,
            };
            self.queue_instance(key, instance);
        }
    }

    /// Tells what a plan says of fire times that do not run.
    pub(super) fn tell_plan(&self, key: JobKey, plan: &Plan) {
        self.core.metrics.planned(plan);
        self.tell_what_does_not_run(key, plan);
    }

    fn tell_what_does_not_run(&self, key: JobKey, plan: &Plan) {
        if plan.missed.is_none() && plan.skipped.is_none() {
            return;
        }
        let Some(job) = self.job_event(key) else {
            return;
        };
        if let Some((range, reason)) = plan.missed {
            self.tell_did_not_run(job.clone(), range, Outcome::Missed(reason));
        }
        if let Some((range, reason)) = plan.skipped {
            self.tell_did_not_run(job, range, Outcome::Skipped(reason));
        }
    }
}

/// What was won under a lease that has ended since is for others to decide about.
fn disown(reply: &mut ClaimReply) {
    for answer in &mut reply.answers {
        if matches!(answer, ClaimAnswer::Won(_)) {
            *answer = ClaimAnswer::Lost(None);
        }
    }
}

impl Entry {
    /// What the store has made of the row.
    fn moved_on(&mut self, plan: &Plan, won: Won) {
        let state = &mut self.stored.state;
        state.revision = won.revision;
        state.next_run_time = plan.next.fire_time();
        state.absence = MissReason::Grace;
    }
}
