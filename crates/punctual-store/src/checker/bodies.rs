//! What job bodies wrote down, against what the ledger says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use punctual_core::{JobId, OnLost, Policies, Run, RunId};

use super::endings::check_ending;
use super::{Case, Checker, Execution, Rule, Violation};

/// Executions by the number of the run that the ledger has for them.
pub(super) struct Bodies<'a> {
    of_run: BTreeMap<RunId, Vec<&'a Execution>>,
}

impl<'a> Bodies<'a> {
    /// Sorts executions by their runs. Those that no run answers for are violations.
    pub(super) fn of(
        checker: &'a Checker,
        ledger: &[Run],
        found: &mut Vec<Violation>,
    ) -> Option<Self> {
        let executions = checker.executions.as_ref()?;
        let numbers: BTreeSet<RunId> = ledger.iter().map(|run| run.id).collect();
        let single = ledger.iter().filter(|run| run.range.is_none());
        let keys: BTreeSet<(&JobId, DateTime<Utc>, RunId)> = single
            .map(|run| (&run.job, run.fire_time(), run.id))
            .collect();
        let mut of_run: BTreeMap<RunId, Vec<&Execution>> = BTreeMap::new();
        for execution in executions {
            let (job, fire_time) = (&execution.job, execution.fire_time);
            // A run that was taken from a dead node goes on under a greater number.
            let reruns = (job, fire_time, execution.run)..=(job, fire_time, RunId(u64::MAX));
            let known = numbers.contains(&execution.run).then_some(execution.run);
            let known = known.or_else(|| keys.range(reruns).next().map(|(.., run)| *run));
            if let Some(run) = known {
                of_run.entry(run).or_default().push(execution);
            } else {
                let seen = format!(
                    "run {} began and the ledger does not know it",
                    execution.run
                );
                found.push(Violation::at(job, fire_time, Rule::Contradictory, seen));
            }
        }
        Some(Self { of_run })
    }

    pub(super) fn of_run(&self, run: RunId) -> &[&'a Execution] {
        self.of_run.get(&run).map_or(&[], Vec::as_slice)
    }

    /// The attempt by which a run ended, if its body began.
    pub(super) fn last_of(&self, run: &Run) -> Option<&'a Execution> {
        let mut its = self.of_run(run.id).iter();
        let is_last = |body: &&&Execution| body.run == run.id && body.attempt == run.attempts;
        its.find(is_last).copied()
    }
}

impl Case<'_> {
    pub(super) fn check_bodies(&self, found: &mut Vec<Violation>) {
        let Some(bodies) = self.bodies else {
            return;
        };
        for run in &self.runs {
            let its = bodies.of_run(run.id);
            check_ending(run, its, found);
            self.check_attempts(run, its, found);
        }
    }

    fn check_attempts(&self, run: &Run, bodies: &[&Execution], found: &mut Vec<Violation>) {
        let mut attempts = BTreeSet::new();
        for body in bodies {
            if !attempts.insert((body.run, body.attempt)) {
                let seen = format!("attempt {} of run {} began twice", body.attempt, body.run);
                found.push(Violation::of(run, Rule::Twice, seen));
            }
        }
        let (attempts, reruns) = self.allowed(run);
        let numbers: BTreeSet<RunId> = bodies.iter().map(|body| body.run).collect();
        if numbers.len() as u64 > reruns + 1 {
            let seen = format!("it was rerun as {numbers:?}, {reruns} times allowed");
            found.push(Violation::of(run, Rule::Twice, seen));
        }
        // A rerun counts on from the attempts that were lost.
        let most = u64::from(attempts) + reruns;
        let too_many = |body: &&&Execution| u64::from(body.attempt) > most;
        if let Some(body) = bodies.iter().find(too_many) {
            let seen = format!("attempt {} began, {most} allowed", body.attempt);
            found.push(Violation::of(run, Rule::Twice, seen));
        }
    }

    /// How many attempts its policies allow, and how many reruns.
    fn allowed(&self, run: &Run) -> (u32, u64) {
        let end = run.finished.unwrap_or(self.now);
        let from = run.fire_time().min(end);
        let policies = self.history.policies_in(from, end, self.checker.skew);
        let attempts = policies.clone().map(|policies| policies.retry.attempts);
        let reruns = policies.map(|policies: &Policies| match policies.on_lost {
            OnLost::Record => 0,
            OnLost::Rerun { at_most } => u64::from(at_most),
        });
        (
            attempts.max().unwrap_or(1).max(1),
            reruns.max().unwrap_or(0),
        )
    }
}
