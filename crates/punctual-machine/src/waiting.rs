//! Runs that wait for a free instance or for their next attempt.
//!
//! They belong to the job, and the store keeps them. This node only remembers the jobs that it has
//! to ask for, and the times.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Origin, Outcome, RunId};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, EndText, Handed, OpenRun, RunEnd, WaitingJob, Won,
};

use crate::alarm::Alarm;
use crate::effect::{Effect, Effects, Read};
use crate::entry::Entry;
use crate::instance::Instance;
use crate::machine::{Machine, instant};
use crate::node::Node;
use crate::repeated::instances;
use crate::store::{StoreState, Waits};
use crate::tell::Tell;
use crate::window::ahead_micros;

/// The time for which a run that this node cannot go on with is left to other nodes, in
/// microseconds. Without a wait the store would hand it out again by the same request.
pub(crate) const ELSEWHERE: i64 = 1_000_000;

/// The error of a run that is lost because the row of its job is damaged.
const UNREADABLE: &str =
    "the definition of the job cannot be read, so no node can go on with the run";

impl<N: Node> Machine<N> {
    /// Takes over jobs of the store with waiting runs that may start.
    pub(crate) fn jobs_wait(&mut self, store: u32, jobs: Vec<WaitingJob>) {
        for job in jobs {
            if self.node.knows(&job.task) {
                self.wait_for(store, job.birth, job.id, job.due);
                self.may_hide_others(store, job.birth);
            }
        }
    }

    /// Notes that more runs may wait. The store names a job by the earliest of its runs that may
    /// start.
    fn may_hide_others(&mut self, store: u32, birth: u64) {
        let state = self.stores.get_mut(&store);
        if let Some(waits) = state.and_then(|own| own.waits.get_mut(&birth)) {
            waits.may_hide_others = true;
        }
    }

    /// Asks for the waiting runs of a job when they are due, or when a longer pause is over.
    pub(crate) fn wait_for(&mut self, store: u32, birth: u64, id: JobId, due: DateTime<Utc>) {
        let may_start = self.stage.starts_runs();
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        if !may_start || state.is_leaving {
            return;
        }
        let at = due.timestamp_micros();
        let waits = state.waits.entry(birth);
        let waits = waits.or_insert_with(|| Waits::of(id));
        let is_new = waits.times.insert(at);
        if at <= self.now {
            self.promote(store, birth);
        } else if is_new {
            self.effects.at(at, birth, Alarm::Promote { store, birth });
        }
    }

    /// Asks for the due waiting runs of a job.
    pub(crate) fn promote(&mut self, store: u32, birth: u64) {
        let begins_runs = self.begins_runs();
        let now = self.now;
        if let Some(state) = self.stores.get_mut(&store)
            && begins_runs
            && !state.is_leaving
        {
            state.promote(birth, now);
        }
    }

    /// Arms the alarms of waiting runs anew after the clock was set.
    ///
    /// A clock that was set back comes once more to times whose alarms are gone, since they were
    /// due in a pause or while the store was asked.
    pub(crate) fn await_anew(&mut self) {
        let now = self.now;
        for state in self.stores.values() {
            let store = state.id;
            for (birth, at) in state.promotions().filter(|(_, at)| *at > now) {
                let alarm = Alarm::Promote { store, birth };
                self.effects.cancel_at(at, alarm);
                self.effects.at(at, birth, alarm);
            }
        }
    }

    /// Asks for runs that became due during a pause.
    pub(crate) fn promote_all(&mut self) {
        let now = self.now;
        for state in self.stores.values_mut().filter(|own| !own.is_leaving) {
            let births: Vec<u64> = state.waits.keys().copied().collect();
            births
                .into_iter()
                .for_each(|birth| state.promote(birth, now));
        }
    }

    /// Handles the answer to a claim of waiting runs.
    ///
    /// Runs that were handed out start by themselves. Runs that were not belong to another node, or
    /// the end that makes room for them hands them out.
    ///
    /// A clock that was set back after the node had decided to ask sent the request at an earlier time
    /// than some runs are due. They still wait then.
    pub(crate) fn promoted(
        &mut self,
        store: u32,
        claim: Claim,
        sent: DateTime<Utc>,
        answer: &ClaimAnswer,
    ) {
        let now = self.now;
        let begins_runs = self.begins_runs();
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        if matches!(answer, ClaimAnswer::NotTried) {
            state.outbox.claims.push_back((None, claim));
            return;
        }
        let Some(waits) = state.waits.get_mut(&claim.birth) else {
            return;
        };
        let mut asked = std::mem::take(&mut waits.asked);
        let birth = claim.birth;
        for at in asked.split_off(&sent.timestamp_micros().saturating_add(1)) {
            if waits.times.insert(at) && at > now {
                self.effects.at(at, birth, Alarm::Promote { store, birth });
            }
        }
        let may_hide_others = waits.may_hide_others;
        if begins_runs {
            // More runs may have become due while the store was asked.
            state.promote(birth, now);
        }
        let is_told = self.node.capabilities(store).shared;
        if matches!(answer, ClaimAnswer::Won(_)) && may_hide_others && !is_told {
            // No renewal reports the other waiting runs.
            self.ask_for_window(store);
        }
    }

    /// Starts instances that the store has handed to this node.
    pub(crate) fn handed(&mut self, store: u32, handed: Vec<Handed>) {
        for Handed { job, runs, .. } in handed {
            let Some(mut instance) = Instance::of(&runs) else {
                continue;
            };
            let may_start = self.stage.starts_runs();
            let code = self.node.code_of(&job.job).ok();
            let Some(state) = self.stores.get_mut(&store) else {
                return;
            };
            if !may_start || state.is_leaving {
                self.give_back(store, &runs, 0);
                continue;
            }
            let now = self.now;
            state.adopt(job.clone().into(), &self.node, &mut self.effects, now);
            let found = state.jobs.find(job.state.incarnation);
            let known = found.and_then(|key| state.jobs.get(key));
            let is_known = code.is_some() || known.is_some_and(|entry| entry.code.is_some());
            let is_shared = self.node.capabilities(store).shared;
            if !is_known && (instance.attempts > 0 || is_shared) {
                // The run goes on at a node that knows its task.
                self.give_back(store, &runs, ELSEWHERE);
                if !is_shared {
                    // There is no other node, and no renewal will tell this one.
                    let (birth, id) = (job.state.birth, job.job.id().clone());
                    self.wait_for(
                        store,
                        birth,
                        id,
                        instant(now.saturating_add(ahead_micros())),
                    );
                }
                continue;
            }
            let key = found.unwrap_or_else(|| state.jobs.insert(Entry::new(job, None)));
            if let Some(entry) = state.jobs.get_mut(key) {
                entry.code = entry.code.take().or(code);
                let is_of_entry = runs.iter().all(|run| is_scheduled_by(run, key.incarnation));
                instance.past = entry.past.filter(|_| is_of_entry);
            }
            let is_scheduled = runs.iter().all(|run| run.key.origin == Origin::Scheduled);
            let in_time = if is_scheduled {
                self.in_time(key, instance)
            } else {
                Some(instance)
            };
            if let Some(instance) = in_time {
                self.start_instance(key, instance);
            }
            self.settled.push(key);
        }
    }

    /// Lets runs that have not begun here wait for another node or the next start.
    fn give_back(&mut self, store: u32, runs: &[OpenRun], wait: i64) {
        if let Some(instance) = Instance::of(runs) {
            self.postpone(store, &instance, wait);
        }
    }

    /// Lets an instance that has not begun here wait for another node or the next start, for at
    /// least `wait` microseconds. The other runs of the instance wait with the first one.
    pub(crate) fn postpone(&mut self, store: u32, instance: &Instance, wait: i64) {
        let now = self.now;
        let end = RunEnd::new(instance.first, Outcome::Lost, now, instance.attempts)
            .retry_at(Some(now.saturating_add(wait)))
            .started(instance.started)
            .text(instance.failure.clone().map(EndText::Error));
        if let Some(state) = self.stores.get_mut(&store) {
            state.outbox.ends.push(end);
        }
    }

    /// Ends runs that cannot go on here because their jobs are gone or cannot be read.
    fn cannot_go_on(&mut self, store: u32, mut runs: Vec<(OpenRun, Outcome)>) {
        if let Some(state) = self.stores.get_mut(&store) {
            runs.retain(|(run, _)| state.takes(std::slice::from_ref(run)));
        }
        for (run, outcome) in runs {
            let text = (outcome == Outcome::Lost).then(|| EndText::Error(UNREADABLE.into()));
            let end = self.tell_over(store, run, outcome, text);
            if let Some(state) = self.stores.get_mut(&store) {
                state.outbox.ends.push(end);
            }
        }
    }

    /// Returns the runs of a store that this node has, is about to begin, or has ended without a
    /// confirmation of the store.
    pub(crate) fn known_runs(&mut self, store: u32) -> BTreeSet<RunId> {
        let Some(state) = self.stores.get(&store) else {
            return BTreeSet::new();
        };
        let mut known = state.adopting.clone();
        known.extend(state.outbox.ends.iter().map(|end| end.run));
        for key in self.active.of_store(store) {
            // A body of a lost lease may still be there when this node gets its run again.
            let own = self.active.get_mut(key).filter(|own| !own.is_fenced);
            known.extend(own.into_iter().flat_map(|own| own.runs()));
        }
        known
    }

    /// Compares all open runs of this node after an answer was lost. The lost answer handed out the
    /// runs that are unknown here.
    pub(crate) fn compare(&mut self, store: u32, own: &[OpenRun]) {
        if own.is_empty() {
            // Almost all answers end here. To look at all runs under way would cost each of them.
            return;
        }
        let known = self.known_runs(store);
        // A known run stands for its instance, since the other runs come after it or wait with it.
        let unknown: Vec<OpenRun> = instances(own)
            .filter(|instance| !instance.iter().any(|run| known.contains(&run.id)))
            .flatten()
            .cloned()
            .collect();
        if unknown.is_empty() {
            return;
        }
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        let count = unknown.len();
        self.effects.tell(Tell::Found(count));
        if state.is_adopting {
            for instance in instances(&unknown) {
                self.give_back(store, instance, 0);
            }
            return;
        }
        state.is_adopting = true;
        state.adopting.extend(unknown.iter().map(|run| run.id));
        let read = Read::Adopt(unknown);
        self.effects.push(Effect::Read { store, read });
    }

    /// Starts runs that were unknown here, unless they no longer belong to this node, and ends
    /// those that cannot go on.
    pub(crate) fn adopted(
        &mut self,
        store: u32,
        mut handed: Vec<Handed>,
        over: Vec<(OpenRun, Outcome)>,
    ) {
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        state.is_adopting = false;
        handed.retain(|handed| state.takes(&handed.runs));
        self.handed(store, handed);
        self.cannot_go_on(store, over);
        if let Some(state) = self.stores.get_mut(&store) {
            let now = self.now;
            state.arm_refill(&mut self.effects, now);
        }
    }
}

impl<N: Node> StoreState<N> {
    /// Returns the births and times for which the timer is armed, so that waiting runs begin.
    pub(crate) fn promotions(&self) -> impl Iterator<Item = (u64, i64)> {
        self.waits
            .iter()
            .flat_map(|(birth, waits)| waits.times.iter().map(|at| (*birth, *at)))
    }

    /// Asks for no waiting runs, now or later.
    pub(crate) fn forget_waits(&mut self, effects: &mut Effects<N>) {
        let store = self.id;
        for (birth, at) in self.promotions() {
            effects.cancel_at(at, Alarm::Promote { store, birth });
        }
        self.waits.clear();
    }

    /// Returns true if these runs, which were unknown here, still belong to this node.
    fn takes(&mut self, runs: &[OpenRun]) -> bool {
        let asked = runs.iter().filter(|run| self.adopting.remove(&run.id));
        asked.count() == runs.len()
    }

    /// Asks for the waiting runs of a job, if some of them are due by `now`.
    fn promote(&mut self, birth: u64, now: i64) {
        let Some(waits) = self
            .waits
            .get_mut(&birth)
            .filter(|waits| waits.asked.is_empty())
        else {
            return;
        };
        let later = waits.times.split_off(&now.saturating_add(1));
        waits.asked = std::mem::replace(&mut waits.times, later);
        if waits.asked.is_empty() {
            if waits.times.is_empty() {
                self.waits.remove(&birth);
            }
            return;
        }
        let claim = Claim::new(waits.id.clone(), birth, ClaimKind::Promote);
        self.outbox.claims.push_back((None, claim));
    }
}

/// Returns true if the schedule of this incarnation named the fire time of a run.
fn is_scheduled_by(run: &OpenRun, incarnation: u64) -> bool {
    run.key.origin == Origin::Scheduled && run.key.incarnation == incarnation
}

impl Waits {
    fn of(id: JobId) -> Self {
        Self {
            id,
            times: BTreeSet::new(),
            asked: BTreeSet::new(),
            may_hide_others: false,
        }
    }
}

impl Instance {
    /// Returns the instance that a claim has opened.
    pub(crate) fn of_plan(won: &Won, fire_times: Vec<DateTime<Utc>>) -> Self {
        Self {
            first: won.first,
            token: won.token,
            fire_times,
            attempts: 0,
            started: None,
            failure: None,
            args: None,
            was_admitted: false,
            may_be_late: false,
            past: None,
        }
    }

    /// Returns the instance of consecutive runs.
    pub(crate) fn of(runs: &[OpenRun]) -> Option<Self> {
        let first = runs.first()?;
        Some(Self {
            first: first.id,
            token: first.token,
            fire_times: runs.iter().map(|run| run.key.fire_time).collect(),
            attempts: first.attempts,
            started: first.started,
            failure: first.failure.clone(),
            args: first.args.clone(),
            was_admitted: true,
            may_be_late: first.key.origin == Origin::Scheduled,
            past: None,
        })
    }
}
