//! From a store's answers to runs.

use punctual_core::Outcome;
use punctual_core::plan::Plan;
use punctual_store::{ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, OpenRun, RunEnd, Won};

use super::Driver;
use crate::jobs::JobKey;
use crate::partition::{Entry, Instance, Outbox, Phase};

impl Driver {
    pub(super) fn take_answers(
        &mut self,
        store: u32,
        mut request: ClaimRequest,
        mut reply: ClaimReply,
        own: &[OpenRun],
    ) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.is_gone = false;
        partition.outbox.is_busy = false;
        partition.outbox.ends_sent = 0;
        let is_outdated = partition.lease.as_ref() != Some(&request.lease);
        let is_repeated = request.is_repeated;
        if is_outdated {
            disown(&mut reply);
        }
        partition.outbox.take_back(request.ends, reply.ends_done);
        let asked = std::mem::take(&mut partition.outbox.asked);
        let now = self.core.clock.micros();
        if is_repeated {
            self.lose_what_is_known(store, &mut reply);
        }
        let mut answers = reply.answers.into_iter();
        for (key, claim) in asked.into_iter().zip(request.claims.drain(..)) {
            let answer = answers.next().unwrap_or_else(|| {
                tracing::error!(job = %claim.id, "the store did not answer a claim");
                ClaimAnswer::Lost(None)
            });
            match key {
                Some(key) => self.answered(key, claim.kind, answer, is_repeated, now),
                None => self.promoted(store, claim, &answer),
            }
        }
        for job in reply.removed {
            self.job_left(store, &job);
        }
        self.handed(store, reply.handed);
        let partition = self.partitions.get_mut(&store);
        let to_end = partition.map(|own| std::mem::take(&mut own.outbox.to_end));
        for (run, reason) in reply.cancels.into_iter().chain(to_end.unwrap_or_default()) {
            self.cancel_run(store, run, reason);
        }
        if !is_outdated {
            self.compare(store, own);
        }
        // Of a claim that was lost it may not be known what the row is like now, and an end that was
        // sent during a pause that is over has made room that was not used.
        let was_paused = !request.takes_waiting && self.begins_runs();
        if is_outdated || is_repeated || was_paused {
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

    /// A run that answers for a claim whose answer was lost, and that was known here before, was not
    /// opened by that claim. Another node had queued the fire time, and this one was handed the run
    /// by an answer between.
    fn lose_what_is_known(&mut self, store: u32, reply: &mut ClaimReply) {
        let known = self.known_runs(store);
        for answer in &mut reply.answers {
            if matches!(answer, ClaimAnswer::Won(won) if known.contains(&won.first)) {
                *answer = ClaimAnswer::Lost(None);
            }
        }
    }

    fn answered(
        &mut self,
        key: JobKey,
        kind: ClaimKind,
        answer: ClaimAnswer,
        is_repeated: bool,
        now: i64,
    ) {
        match kind {
            ClaimKind::Advance { plan, .. } => self.advanced(key, plan, answer, now),
            ClaimKind::Manual { plan } => self.manual_answered(key, plan, answer, is_repeated),
            ClaimKind::Promote => {}
        }
    }

    fn advanced(&mut self, key: JobKey, mut plan: Plan, answer: ClaimAnswer, now: i64) {
        match answer {
            ClaimAnswer::Won(_) => self.note_claim(key, true, now),
            ClaimAnswer::Lost(_) => self.note_claim(key, false, now),
            ClaimAnswer::AtLimit(_) | ClaimAnswer::NotTried => {}
        }
        let Some(partition) = self.partitions.get_mut(&key.store) else {
            return;
        };
        let Some(entry) = partition.jobs.get_mut(key) else {
            return;
        };
        entry.phase = Phase::Idle;
        match answer {
            ClaimAnswer::Won(mut won) => {
                entry.moved_on(&plan, &won);
                let revision = entry.stored.state.revision;
                partition.reads.moved_on(key.incarnation, revision);
                let newer = entry.newer.take();
                self.drop_overdue(key, &mut plan, &mut won, now);
                self.obey_plan(key, plan, &won, true);
                if let Some(partition) = self.partitions.get_mut(&key.store) {
                    partition.schedule(key, &mut self.timer, now);
                    if let Some(newer) = newer {
                        partition.adopt(*newer, &self.core, &mut self.timer, now);
                    }
                }
            }
            ClaimAnswer::AtLimit(row) => {
                entry.limit_seen = Some((row.state.running, row.state.queued));
                entry.take(row.into());
                entry.phase = Phase::Due;
                entry.is_listed = true;
                partition.due.push_front(key);
            }
            ClaimAnswer::NotTried => {
                entry.phase = Phase::Due;
                entry.is_listed = true;
                partition.due.push_front(key);
            }
            ClaimAnswer::Lost(Some(row)) if row.state.incarnation == key.incarnation => {
                // An edit may have overtaken the answer.
                let newer = entry.newer.take().map(|newer| *newer);
                let newer = newer.filter(|due| due.stored.state.revision > row.state.revision);
                entry.take(newer.unwrap_or_else(|| row.into()));
                entry.code = self.core.code_of(&entry.stored.job);
                partition.schedule(key, &mut self.timer, now);
            }
            ClaimAnswer::Lost(now_there) => {
                entry.stored.state.next_run_time = None;
                partition.schedule(key, &mut self.timer, now);
                if let Some(row) = now_there {
                    partition.adopt(row.into(), &self.core, &mut self.timer, now);
                }
            }
        }
    }

    /// Does what a plan says, now that the store has accepted it. What it queues waits in the
    /// store, which also tells those to end that it replaces.
    pub(super) fn obey_plan(&mut self, key: JobKey, plan: Plan, won: &Won, is_scheduled: bool) {
        self.tell_plan(key, &plan);
        if !plan.start.is_empty() {
            let mut instance = Instance::of_plan(won, plan.start);
            instance.may_be_late = is_scheduled;
            self.start_instance(key, instance);
        }
    }

    /// Tells what a plan says of fire times that do not run.
    pub(super) fn tell_plan(&mut self, key: JobKey, plan: &Plan) {
        self.core.metrics.planned(plan);
        self.tell_what_does_not_run(key, plan);
    }

    fn tell_what_does_not_run(&mut self, key: JobKey, plan: &Plan) {
        if plan.missed.is_none() && plan.skipped.is_none() {
            return;
        }
        let Some(job) = self.job_event(key) else {
            return;
        };
        if let Some((range, reason)) = plan.missed {
            self.tell_did_not_run(key, job.clone(), range, Outcome::Missed(reason));
        }
        if let Some((range, reason)) = plan.skipped {
            self.tell_did_not_run(key, job, range, Outcome::Skipped(reason));
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
    reply.handed.clear();
    reply.cancels.clear();
}

impl Entry {
    /// What the store has made of the row.
    fn moved_on(&mut self, plan: &Plan, won: &Won) {
        let state = &mut self.stored.state;
        state.advance(&plan.next);
        state.revision = won.revision;
        (state.running, state.queued) = (won.running, won.queued);
        if let Some(job) = &won.job {
            self.fill(job);
        }
    }
}

impl Outbox {
    /// Ends that the store has not tried come first in the next request.
    fn take_back(&mut self, mut sent: Vec<RunEnd>, done: usize) {
        if done < sent.len() {
            sent.drain(..done);
            sent.append(&mut self.ends);
            self.ends = sent;
        } else {
            sent.clear();
            self.spare = sent;
        }
    }
}
