//! Runs by hand.

use chrono::{DateTime, Utc};
use punctual_core::RunId;
use punctual_core::plan::Plan;
use punctual_store::{Claim, ClaimAnswer, ClaimKind, RunOverrides, StoredJob};

use crate::effect::{Effect, Effects};
use crate::entry::Entry;
use crate::key::JobKey;
use crate::machine::{Machine, instant};
use crate::node::Node;
use crate::refusal::Refusal;
use crate::store::StoreState;

impl<N: Node> Machine<N> {
    /// Asks for a run by hand, which differs from its job in these settings. [`Effect::Answer`]
    /// comes with the `ticket`.
    pub fn run_job(&mut self, store: u32, job: StoredJob, overrides: RunOverrides, ticket: u64) {
        if !self.stage.starts_runs() {
            return self.answer(ticket, Err(Refusal::IsStopping));
        }
        let fire_time = self.fire_time_by_hand();
        let state = self.stores.get_mut(&store);
        let Some(state) = state.filter(|state| !state.is_leaving) else {
            return self.answer(ticket, Err(Refusal::NoStore));
        };
        let code = match self.node.code_of(&job.job) {
            Ok(code) => code,
            Err(missing) => return self.answer(ticket, Err(Refusal::Lacks(missing))),
        };
        // The job was read just now, perhaps after an edit that is not reported yet.
        let key = state.know(job, &self.node, &mut self.effects, self.now);
        let Some(entry) = state.jobs.get_mut(key) else {
            return self.answer(ticket, Err(Refusal::Lost));
        };
        entry.code.get_or_insert(code);
        let claim = entry.claim_manual(fire_time, overrides);
        state.ask_by_hand(key, claim, ticket);
    }

    fn answer(&mut self, ticket: u64, answer: Result<RunId, Refusal>) {
        self.effects.push(Effect::Answer { ticket, answer });
    }

    /// Answers requests that no store has answered or will answer.
    pub(crate) fn refuse_all(&mut self, tickets: impl IntoIterator<Item = u64>, why: Refusal) {
        for ticket in tickets {
            self.answer(ticket, Err(why));
        }
    }

    /// Returns the current time, or some microseconds later. Two requests in one microsecond must
    /// have different keys.
    fn fire_time_by_hand(&mut self) -> DateTime<Utc> {
        let next = self.last_manual.saturating_add(1);
        self.last_manual = self.now.max(next);
        instant(self.last_manual)
    }

    pub(crate) fn manual_answered(
        &mut self,
        key: JobKey,
        (plan, overrides): (Plan, RunOverrides),
        answer: ClaimAnswer,
        is_repeated: bool,
    ) {
        // Another node was asked for a run of the job in the same microsecond.
        let is_another = !is_repeated && is_taken(key, &answer);
        let is_edited = !is_repeated && self.is_edited(key, &answer);
        let starts_runs = self.stage.starts_runs();
        let again_at = if is_another || is_edited {
            self.fire_time_by_hand()
        } else {
            plan.fire_times().next().unwrap_or_default()
        };
        let Some(state) = self.stores.get_mut(&key.store) else {
            return;
        };
        let Some(ticket) = state.outbox.manual.pop_front() else {
            return;
        };
        let Some(entry) = state.jobs.get_mut(key) else {
            return self.answer(ticket, Err(Refusal::Lost));
        };
        entry.asked = entry.asked.saturating_sub(1);
        self.settled.push(key);
        let is_open = matches!(answer, ClaimAnswer::AtLimit(_) | ClaimAnswer::NotTried);
        if is_open || is_another || is_edited {
            if state.is_leaving {
                return self.answer(ticket, Err(Refusal::NoStore));
            }
            if !starts_runs {
                return self.answer(ticket, Err(Refusal::IsStopping));
            }
        }
        match answer {
            ClaimAnswer::Won(won) => {
                if let Some(job) = &won.job {
                    entry.fill(job);
                }
                let told = match plan.skipped {
                    None if won.first == RunId::default() => Err(Refusal::NumberLost),
                    None => Ok(won.first),
                    Some((_, reason)) => Err(Refusal::Busy(reason)),
                };
                self.answer(ticket, told);
                self.obey_plan(key, plan, &won, Some(overrides));
            }
            ClaimAnswer::AtLimit(row) => {
                // An edit may have changed the limit. The store uses the limit in its row.
                let seen = Some((row.state.running, row.state.queued));
                self.ask_anew(key.store, (row, seen), (again_at, overrides), ticket);
            }
            ClaimAnswer::Lost(Some(row)) if is_edited => {
                self.ask_anew(key.store, (row, None), (again_at, overrides), ticket);
            }
            ClaimAnswer::NotTried => {
                let incarnation = entry.stored.state.incarnation;
                let claim = entry.claim_of(ClaimKind::Manual {
                    incarnation,
                    plan,
                    overrides,
                });
                state.ask_by_hand(key, claim, ticket);
            }
            ClaimAnswer::Lost(_) if is_another => {
                let claim = entry.claim_manual(again_at, overrides);
                state.ask_by_hand(key, claim, ticket);
            }
            ClaimAnswer::Lost(_) => {
                self.answer(ticket, Err(Refusal::Lost));
            }
        }
    }
}

impl<N: Node> Machine<N> {
    /// Returns true if an edit of the job began its fire times anew, which the node did not know.
    /// Another job that took its id has nothing to do with the request.
    fn is_edited(&self, key: JobKey, answer: &ClaimAnswer) -> bool {
        let ClaimAnswer::Lost(Some(row)) = answer else {
            return false;
        };
        let state = self.stores.get(&key.store);
        let entry = state.and_then(|state| state.jobs.get(key));
        let is_same = entry.is_some_and(|entry| entry.stored.state.birth == row.state.birth);
        is_same && row.state.incarnation != key.incarnation
    }

    /// Asks for a run by hand once more, by the row that the store has answered.
    fn ask_anew(
        &mut self,
        store: u32,
        (row, limit_seen): (StoredJob, Option<(u32, u32)>),
        (fire_time, overrides): (DateTime<Utc>, RunOverrides),
        ticket: u64,
    ) {
        // An edit may have given the job another task or executor.
        let code = match self.node.code_of(&row.job) {
            Ok(code) => code,
            Err(missing) => return self.answer(ticket, Err(Refusal::Lacks(missing))),
        };
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        let key = state.know(row, &self.node, &mut self.effects, self.now);
        let Some(entry) = state.jobs.get_mut(key) else {
            return self.answer(ticket, Err(Refusal::Lost));
        };
        entry.code.get_or_insert(code);
        entry.limit_seen = limit_seen.or(entry.limit_seen);
        let claim = entry.claim_manual(fire_time, overrides);
        state.ask_by_hand(key, claim, ticket);
    }
}

impl<N: Node> StoreState<N> {
    /// Asks the store for a run by hand. Tickets are in the order of claims, after those that are
    /// not answered yet.
    fn ask_by_hand(&mut self, key: JobKey, claim: Claim, ticket: u64) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.asked += 1;
        }
        self.outbox.claims.push_back((Some(key), claim));
        self.outbox.manual.push_back(ticket);
    }

    /// Takes over the current state of a job, and keeps the job although nothing of it is due.
    pub(crate) fn know(
        &mut self,
        job: StoredJob,
        node: &N,
        effects: &mut Effects<N>,
        now: i64,
    ) -> JobKey {
        self.adopt(job.clone().into(), node, effects, now);
        let found = self.jobs.find(job.state.incarnation);
        found.unwrap_or_else(|| {
            let code = node.code_of(&job.job).ok();
            self.jobs.insert(Entry::new(job, code))
        })
    }
}

/// Returns true if the claim of a run by hand was lost because its key is used.
fn is_taken(key: JobKey, answer: &ClaimAnswer) -> bool {
    matches!(answer, ClaimAnswer::Lost(Some(row)) if row.state.incarnation == key.incarnation)
}
