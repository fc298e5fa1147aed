//! Runs that wait: for a free instance, or for their next attempt. They belong to the job and are
//! kept by the store. This node only remembers which jobs it has to ask for, and when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Origin, Outcome, RunId};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, EndText, Handed, OpenRun, RunEnd, WaitingJob, Won,
};
use tokio::sync::mpsc::error::TrySendError;

use super::{Alarm, Driver};
use crate::partition::{Entry, Instance, Partition, Waits};
use crate::timer::Timer;
use crate::worker::Read;

/// How long a run is left to other nodes that this one cannot go on with, in microseconds. Without
/// a wait the store would hand it out again by the same request.
pub(super) const ELSEWHERE: i64 = 1_000_000;

impl Driver {
    /// The store knows of jobs with waiting runs that may start.
    pub(super) fn jobs_wait(&mut self, store: u32, jobs: Vec<WaitingJob>) {
        for job in jobs {
            if self.core.registry.get(&job.task).is_some() {
                self.wait_for(store, job.birth, job.id, job.due);
                self.may_hide_others(store, job.birth);
            }
        }
    }

    /// The store names a job by the earliest of its runs that may start.
    fn may_hide_others(&mut self, store: u32, birth: u64) {
        let partition = self.partitions.get_mut(&store);
        if let Some(waits) = partition.and_then(|own| own.waits.get_mut(&birth)) {
            waits.may_hide_others = true;
        }
    }

    /// Asks for the waiting runs of a job when they are due, or when a pause that lasts longer is
    /// over.
    pub(super) fn wait_for(&mut self, store: u32, birth: u64, id: JobId, due: DateTime<Utc>) {
        let may_start = self.stage.starts_runs();
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        if !may_start || partition.is_leaving {
            return;
        }
        let at = due.timestamp_micros();
        let waits = partition.waits.entry(birth);
        let waits = waits.or_insert_with(|| Waits::of(id));
        let is_new = waits.times.insert(at);
        if at <= self.core.clock.micros() {
            self.promote(store, birth);
        } else if is_new {
            self.timer.at(at, birth, Alarm::Promote { store, birth });
        }
    }

    /// What waits of a job is due.
    pub(super) fn promote(&mut self, store: u32, birth: u64) {
        let begins_runs = self.begins_runs();
        let now = self.core.clock.micros();
        if let Some(partition) = self.partitions.get_mut(&store)
            && begins_runs
            && !partition.is_leaving
        {
            partition.promote(birth, now);
        }
    }

    /// Arms anew for what waits, after the clock was set. Set back, it comes once more to times
    /// whose alarms are gone: they were due in a pause, or while the store was asked.
    pub(super) fn await_anew(&mut self) {
        let now = self.core.clock.micros();
        for partition in self.partitions.values() {
            let store = partition.id;
            for (birth, at) in partition.promotions().filter(|(_, at)| *at > now) {
                let alarm = Alarm::Promote { store, birth };
                self.timer.cancel_at(at, alarm);
                self.timer.at(at, birth, alarm);
            }
        }
    }

    /// Asks for what became due during a pause.
    pub(super) fn promote_all(&mut self) {
        let now = self.core.clock.micros();
        for partition in self.partitions.values_mut().filter(|own| !own.is_leaving) {
            let births: Vec<u64> = partition.waits.keys().copied().collect();
            births
                .into_iter()
                .for_each(|birth| partition.promote(birth, now));
        }
    }

    /// The store has answered: what it has handed out starts by itself. What it has not is another
    /// node's, or is told by the end that makes room for it.
    pub(super) fn promoted(&mut self, store: u32, claim: Claim, answer: &ClaimAnswer) {
        let now = self.core.clock.micros();
        let begins_runs = self.begins_runs();
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        if matches!(answer, ClaimAnswer::NotTried) {
            partition.outbox.claims.push_back((None, claim));
            return;
        }
        let Some(waits) = partition.waits.get_mut(&claim.birth) else {
            return;
        };
        waits.is_asked = false;
        let may_hide_others = waits.may_hide_others;
        if begins_runs {
            // More may have become due while the store was asked.
            partition.promote(claim.birth, now);
        }
        let is_told = partition.store.capabilities().shared;
        if matches!(answer, ClaimAnswer::Won(_)) && may_hide_others && !is_told {
            // No renewal tells of what else waits.
            self.ask_for_window(store);
        }
    }

    /// Starts instances that the store has handed to this node.
    pub(super) fn handed(&mut self, store: u32, handed: Vec<Handed>) {
        for Handed { job, runs } in handed {
            let Some(instance) = Instance::of(&runs) else {
                continue;
            };
            let may_start = self.stage.starts_runs();
            let code = self.core.code_of(&job.job);
            let Some(partition) = self.partitions.get_mut(&store) else {
                return;
            };
            if !may_start || partition.is_leaving {
                self.give_back(store, &runs, 0);
                continue;
            }
            let now = self.core.clock.micros();
            partition.adopt(job.clone().into(), &self.core, &mut self.timer, now);
            let found = partition.jobs.find(job.state.incarnation);
            let known = found.and_then(|key| partition.jobs.get(key));
            let is_known = code.is_some() || known.is_some_and(|entry| entry.code.is_some());
            let is_shared = partition.store.capabilities().shared;
            if !is_known && (instance.attempts > 0 || is_shared) {
                // It goes on where its task is known.
                self.give_back(store, &runs, ELSEWHERE);
                continue;
            }
            let key = found.unwrap_or_else(|| partition.jobs.insert(Entry::new(job, None)));
            if let Some(entry) = partition.jobs.get_mut(key) {
                entry.code = entry.code.take().or(code);
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

    /// Lets runs that have not begun here wait for another node, or the next start.
    fn give_back(&mut self, store: u32, runs: &[OpenRun], wait: i64) {
        if let Some(instance) = Instance::of(runs) {
            self.postpone(store, &instance, wait);
        }
    }

    /// Lets an instance that has not begun here wait for another node, or the next start, for so
    /// many microseconds at least. With the first of its runs the others wait too.
    pub(super) fn postpone(&mut self, store: u32, instance: &Instance, wait: i64) {
        let now = self.core.clock.micros();
        let end = RunEnd {
            run: instance.first,
            outcome: Outcome::Lost,
            retry_at: Some(now.saturating_add(wait)),
            started: instance.started,
            finished: now,
            attempts: instance.attempts,
            text: instance.failure.clone().map(EndText::Error),
        };
        if let Some(partition) = self.partitions.get_mut(&store) {
            partition.outbox.ends.push(end);
        }
    }

    /// Ends runs that cannot go on here, because their jobs are gone or cannot be read.
    pub(super) fn cannot_go_on(&mut self, store: u32, mut runs: Vec<(OpenRun, Outcome)>) {
        if let Some(partition) = self.partitions.get_mut(&store) {
            runs.retain(|(run, _)| partition.takes(std::slice::from_ref(run)));
        }
        for (run, outcome) in runs {
            let end = self.tell_over(store, run, outcome);
            if let Some(partition) = self.partitions.get_mut(&store) {
                partition.outbox.ends.push(end);
            }
        }
    }

    /// The runs of a store that this node has, is about to begin, or has ended without the store having
    /// said that it heard of it.
    pub(super) fn known_runs(&mut self, store: u32) -> BTreeSet<RunId> {
        let Some(partition) = self.partitions.get(&store) else {
            return BTreeSet::new();
        };
        let mut known = partition.adopting.clone();
        known.extend(partition.outbox.ends.iter().map(|end| end.run));
        for key in self.active.of_store(store) {
            // A body of a lease that was lost may still be there when this node gets its run again.
            let own = self.active.get_mut(key).filter(|own| !own.is_fenced);
            known.extend(own.into_iter().flat_map(|own| own.runs()));
        }
        known
    }

    /// All open runs of this node, after an answer was lost: those that are unknown here were
    /// handed out by it.
    pub(super) fn compare(&mut self, store: u32, own: &[OpenRun]) {
        if own.is_empty() {
            // All answers but a few. To look at all that is under way would cost each of them.
            return;
        }
        let known = self.known_runs(store);
        // A run that is known stands for its instance: the others come after it, or wait with it.
        let goes_on =
            |run: &OpenRun, next: &OpenRun| !run.ends_instance && run.id.0 + 1 == next.id.0;
        let unknown: Vec<OpenRun> = own
            .chunk_by(goes_on)
            .filter(|instance| !instance.iter().any(|run| known.contains(&run.id)))
            .flatten()
            .cloned()
            .collect();
        if unknown.is_empty() {
            return;
        }
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        let count = unknown.len();
        tracing::debug!(runs = count, "runs are found that the store handed out");
        let ids: Vec<_> = unknown.iter().map(|run| run.id).collect();
        let requests = partition.requests.as_ref();
        match requests.map(|requests| requests.reads.try_send(Read::Adopt(unknown))) {
            Some(Ok(())) => partition.adopting.extend(ids),
            Some(Err(TrySendError::Full(Read::Adopt(unknown)))) => {
                for instance in unknown.chunk_by(|run, _| !run.ends_instance) {
                    self.give_back(store, instance, 0);
                }
            }
            _ => {}
        }
    }

    /// Starts runs that were unknown here, unless they are not this node's any more.
    pub(super) fn adopted(&mut self, store: u32, mut handed: Vec<Handed>) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        handed.retain(|handed| partition.takes(&handed.runs));
        self.handed(store, handed);
        if let Some(partition) = self.partitions.get_mut(&store) {
            let now = self.core.clock.micros();
            partition.arm_refill(&mut self.timer, now);
        }
    }
}

impl Partition {
    /// For which births the timer is armed, and when, so that what waits begins.
    fn promotions(&self) -> impl Iterator<Item = (u64, i64)> {
        self.waits
            .iter()
            .flat_map(|(birth, waits)| waits.times.iter().map(|at| (*birth, *at)))
    }

    /// Asks for nothing that waits, also not later.
    pub(super) fn forget_waits(&mut self, timer: &mut Timer<Alarm>) {
        let store = self.id;
        for (birth, at) in self.promotions() {
            timer.cancel_at(at, Alarm::Promote { store, birth });
        }
        self.waits.clear();
    }

    /// Whether these runs, which were unknown here, are this node's still.
    fn takes(&mut self, runs: &[OpenRun]) -> bool {
        let asked = runs.iter().filter(|run| self.adopting.remove(&run.id));
        asked.count() == runs.len()
    }

    /// Asks for what waits of a job, if some of it is due by `now`.
    fn promote(&mut self, birth: u64, now: i64) {
        let Some(waits) = self.waits.get_mut(&birth).filter(|waits| !waits.is_asked) else {
            return;
        };
        let later = waits.times.split_off(&now.saturating_add(1));
        let is_due = !std::mem::replace(&mut waits.times, later).is_empty();
        if !is_due {
            if waits.times.is_empty() {
                self.waits.remove(&birth);
            }
            return;
        }
        waits.is_asked = true;
        let claim = Claim {
            id: waits.id.clone(),
            birth,
            kind: ClaimKind::Promote,
            wants_job: false,
        };
        self.outbox.claims.push_back((None, claim));
    }
}

impl Waits {
    fn of(id: JobId) -> Self {
        Self {
            id,
            times: BTreeSet::new(),
            is_asked: false,
            may_hide_others: false,
        }
    }
}

impl Instance {
    /// The instance that a claim has opened.
    pub(super) fn of_plan(won: &Won, fire_times: Vec<DateTime<Utc>>) -> Self {
        Self {
            first: won.first,
            token: won.token,
            fire_times,
            attempts: 0,
            started: None,
            failure: None,
            was_admitted: false,
            may_be_late: false,
        }
    }

    /// The instance of runs that follow each other.
    pub(super) fn of(runs: &[OpenRun]) -> Option<Self> {
        let first = runs.first()?;
        Some(Self {
            first: first.id,
            token: first.token,
            fire_times: runs.iter().map(|run| run.key.fire_time).collect(),
            attempts: first.attempts,
            started: first.started,
            failure: first.failure.clone(),
            was_admitted: true,
            may_be_late: first.key.origin == Origin::Scheduled,
        })
    }
}
