//! Turns the answers of stores into runs.

use punctual_core::Outcome;
use punctual_core::plan::Plan;
use punctual_store::{
    ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, OpenRun, RunEnd, RunOverrides, Won,
};

use crate::entry::{Entry, Phase};
use crate::instance::Instance;
use crate::key::JobKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::store::Outbox;
use crate::tell::Tell;

impl<N: Node> Machine<N> {
    pub(crate) fn take_answers(
        &mut self,
        store: u32,
        mut request: ClaimRequest,
        mut reply: ClaimReply,
        own: &[OpenRun],
    ) {
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        state.is_gone = false;
        state.outbox.is_busy = false;
        state.outbox.ends_sent = 0;
        let is_outdated = state.lease.as_ref() != Some(&request.lease);
        let is_repeated = request.is_repeated;
        if is_outdated {
            disown(&mut reply);
        }
        state.outbox.take_back(request.ends, reply.ends_done);
        let asked = std::mem::take(&mut state.outbox.asked);
        let now = self.now;
        if is_repeated {
            self.lose_what_is_known(store, &mut reply);
        }
        let mut answers = reply.answers.into_iter();
        for (key, claim) in asked.into_iter().zip(request.claims.drain(..)) {
            // A claim without an answer counts as not accepted.
            let answer = answers.next().unwrap_or(ClaimAnswer::Lost(None));
            match key {
                Some(key) => self.answered(key, claim.kind, answer, is_repeated, now),
                None => self.promoted(store, claim, request.now, &answer),
            }
        }
        for job in reply.removed {
            self.job_left(store, job);
        }
        self.handed(store, reply.handed);
        let state = self.stores.get_mut(&store);
        let to_end = state.map(|own| std::mem::take(&mut own.outbox.to_end));
        for (run, reason) in reply.cancels.into_iter().chain(to_end.unwrap_or_default()) {
            self.cancel_run(store, run, reason);
        }
        if !is_outdated {
            self.compare(store, own);
        }
        // The window is read again for two reasons. The row of a lost claim may be unknown here. An
        // end that was sent during a pause that is over has made room that was not used.
        let was_paused = !request.takes_waiting && self.begins_runs();
        if is_outdated || is_repeated || was_paused {
            self.ask_for_window(store);
        }
        if let Some(state) = self.stores.get_mut(&store) {
            state.arm_refill(&mut self.effects, now);
            let is_drained = state.window.is_cut && !state.window.is_asked && state.due.is_empty();
            if is_drained {
                self.ask_for_window(store);
            }
        }
    }

    /// Turns won claims into lost ones if their runs were known here before.
    ///
    /// The answer to such a claim was lost. A run that was known before was not opened by that
    /// claim, but was queued by another node and handed to this one by an answer in between.
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
            ClaimKind::Manual {
                plan, overrides, ..
            } => self.manual_answered(key, (plan, overrides), answer, is_repeated),
            ClaimKind::Promote => {}
        }
    }

    fn advanced(&mut self, key: JobKey, mut plan: Plan, answer: ClaimAnswer, now: i64) {
        match answer {
            ClaimAnswer::Won(_) => self.note_claim(key, true, now),
            ClaimAnswer::Lost(_) => self.note_claim(key, false, now),
            ClaimAnswer::AtLimit(_) | ClaimAnswer::NotTried => {}
        }
        let Some(state) = self.stores.get_mut(&key.store) else {
            return;
        };
        let Some(entry) = state.jobs.get_mut(key) else {
            return;
        };
        entry.phase = Phase::Idle;
        match answer {
            ClaimAnswer::Won(mut won) => {
                entry.moved_on(&plan, &won);
                // The code may have come back while the store was asked.
                entry.find_code(&self.node);
                let revision = entry.stored.state.revision;
                state.reads.moved_on(key.incarnation, revision);
                let newer = entry.newer.take();
                self.drop_overdue(key, &mut plan, &mut won, now);
                self.obey_plan(key, plan, &won, None);
                if let Some(state) = self.stores.get_mut(&key.store) {
                    state.schedule(key, &mut self.effects, now);
                    if let Some(newer) = newer {
                        state.adopt(*newer, &self.node, &mut self.effects, now);
                    }
                }
            }
            ClaimAnswer::AtLimit(row) => {
                let seen = (row.state.running, row.state.queued);
                entry.take(row.into());
                entry.limit_seen = Some(seen);
                self.claim_again(key, now);
            }
            ClaimAnswer::NotTried => self.claim_again(key, now),
            ClaimAnswer::Lost(Some(row)) if row.state.incarnation == key.incarnation => {
                // An edit may have overtaken the answer.
                let newer = entry.newer.take().map(|newer| *newer);
                let newer = newer.filter(|due| due.stored.state.revision > row.state.revision);
                entry.take(newer.unwrap_or_else(|| row.into()));
                entry.code = self.node.code_of(&entry.stored.job).ok();
                state.schedule(key, &mut self.effects, now);
            }
            ClaimAnswer::Lost(now_there) => {
                entry.stored.state.next_run_time = None;
                entry.newer = None;
                state.schedule(key, &mut self.effects, now);
                if let Some(row) = now_there {
                    state.adopt(row.into(), &self.node, &mut self.effects, now);
                }
            }
        }
    }

    /// Claims a job next that is still due, unless an edit has postponed it in the meantime.
    fn claim_again(&mut self, key: JobKey, now: i64) {
        let Some(state) = self.stores.get_mut(&key.store) else {
            return;
        };
        let Some(entry) = state.jobs.get_mut(key) else {
            return;
        };
        entry.phase = Phase::Due;
        entry.is_listed = true;
        let newer = entry.newer.take();
        state.due.push_front(key);
        if let Some(newer) = newer {
            state.adopt(*newer, &self.node, &mut self.effects, now);
        }
    }

    /// Starts the runs of a plan that the store has accepted, as `by_hand` says if a caller has
    /// asked for them.
    ///
    /// Queued runs wait in the store. The store also tells the runs to end that the plan replaces.
    pub(crate) fn obey_plan(
        &mut self,
        key: JobKey,
        plan: Plan,
        won: &Won,
        by_hand: Option<RunOverrides>,
    ) {
        self.tell_plan(key, &plan);
        if !plan.start.is_empty() {
            let mut instance = Instance::of_plan(won, plan.start);
            let past = self.entry(key).and_then(|entry| entry.past);
            instance.past = past.filter(|_| by_hand.is_none());
            instance.may_be_late = by_hand.is_none();
            instance.args = by_hand.and_then(|overrides| overrides.args);
            self.start_instance(key, instance);
        }
    }

    /// Reports the fire times of a plan that do not run.
    pub(crate) fn tell_plan(&mut self, key: JobKey, plan: &Plan) {
        let missed = plan
            .missed
            .map(|(range, why)| (range, Outcome::Missed(why)));
        let skipped = plan
            .skipped
            .map(|(range, why)| (range, Outcome::Skipped(why)));
        let coalesced = plan.coalesced.map(|range| (range, Outcome::Coalesced));
        for (range, outcome) in [missed, skipped, coalesced].into_iter().flatten() {
            self.effects.tell(Tell::Decided { range, outcome });
            if outcome != Outcome::Coalesced {
                // The run that stands for coalesced fire times reports them.
                self.tell_did_not_run(key, range, outcome);
            }
        }
    }
}

/// Turns won claims into lost ones if their lease has ended, since other nodes decide about them.
fn disown(reply: &mut ClaimReply) {
    for answer in &mut reply.answers {
        if matches!(answer, ClaimAnswer::Won(_)) {
            *answer = ClaimAnswer::Lost(None);
        }
    }
    reply.handed.clear();
    reply.cancels.clear();
}

impl<N: Node> Entry<N> {
    /// Updates the row as the store has updated it.
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
    /// Puts the ends that the store has not tried first into the next request.
    pub(crate) fn take_back(&mut self, mut sent: Vec<RunEnd>, done: usize) {
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
