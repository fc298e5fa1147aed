//! Compares the executions that job bodies wrote down with the ledger.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{OnLost, Policies, Run, RunId};

use super::endings::check_ending;
use super::execution::last_of;
use super::{Case, Checker, Ending, Execution, Period, Rule, Violation};

/// The executions by the number of the run that the ledger has for them.
pub(super) struct Bodies<'a> {
    of_run: BTreeMap<RunId, Vec<&'a Execution>>,
}

impl<'a> Bodies<'a> {
    /// Sorts executions by their runs. An execution without a run is a violation.
    pub(super) fn of(
        checker: &'a Checker,
        ledger: &[Run],
        found: &mut Vec<Violation>,
    ) -> Option<Self> {
        let executions = checker.executions.as_ref()?;
        let numbers: BTreeSet<RunId> = ledger.iter().map(|run| run.id).collect();
        let mut of_run: BTreeMap<RunId, Vec<&Execution>> = BTreeMap::new();
        for execution in executions {
            if numbers.contains(&execution.run) {
                of_run.entry(execution.run).or_default().push(execution);
            } else {
                let (job, fire_time) = (&execution.job, execution.fire_time);
                let seen = format!(
                    "run {} began and the ledger does not know it",
                    execution.run
                );
                found.push(Violation::at(job, fire_time, Rule::Contradictory, seen));
            }
        }
        for its in of_run.values_mut() {
            its.sort_by_key(|body| (body.attempt, body.began));
        }
        Some(Self { of_run })
    }

    pub(super) fn of_run(&self, run: RunId) -> &[&'a Execution] {
        self.of_run.get(&run).map_or(&[], Vec::as_slice)
    }

    /// Returns the attempt by which a run ended, if its body began.
    pub(super) fn last_of(&self, run: &Run) -> Option<&'a Execution> {
        last_of(run, self.of_run(run.id))
    }
}

impl Case<'_> {
    pub(super) fn check_bodies(&self, found: &mut Vec<Violation>) {
        let Some(bodies) = self.bodies else {
            return;
        };
        for run in &self.runs {
            let its = bodies.of_run(run.id);
            let (attempts, reruns) = self.allowed(run);
            let is_unheard = |body: &Execution| reruns > 0 && self.may_have_died(run, body);
            check_ending(run, its, &is_unheard, found);
            check_attempts(run, its, &is_unheard, found);
            check_count(run, its, u64::from(attempts) + reruns, found);
            check_reruns(run, its, reruns, found);
        }
    }

    /// Returns true if an attempt may have died with its node before its end was recorded.
    pub(super) fn may_have_died(&self, run: &Run, body: &Execution) -> bool {
        let until = run.finished.unwrap_or(self.now);
        let is_its = |(name, away): &(String, Period)| {
            let away = away.widened(self.checker.skew);
            *name == body.node && away.from <= until && body.began <= away.until
        };
        let deaths = self.checker.deaths.as_ref();
        body.forsaken.is_some() || deaths.is_none_or(|deaths| deaths.iter().any(is_its))
    }

    /// Returns the numbers of attempts and of reruns that the policies of a run allow.
    fn allowed(&self, run: &Run) -> (u32, u64) {
        let end = run.finished.unwrap_or(self.now);
        let from = run.fire_time().min(end);
        let policies = self.history.policies_in(from, end, self.checker.skew);
        let attempts = policies.clone().map(|policies| policies.retry().attempts);
        let reruns = policies.map(|policies: &Policies| match policies.on_lost() {
            OnLost::Rerun { at_most, .. } => u64::from(at_most),
            _ => 0,
        });
        (
            attempts.max().unwrap_or(1).max(1),
            reruns.max().unwrap_or(0),
        )
    }
}

/// Checks that no attempt begins twice.
///
/// The exception is an attempt that no store has heard of. The later fire times of an instance may
/// have begun on a node that died before it could report the end of the first.
fn check_attempts(
    run: &Run,
    bodies: &[&Execution],
    is_unheard: &dyn Fn(&Execution) -> bool,
    found: &mut Vec<Violation>,
) {
    let twice = bodies
        .windows(2)
        .filter(|two| two[0].attempt == two[1].attempt && !is_unheard(two[0]));
    for two in twice {
        let seen = format!("attempt {} of run {} began twice", two[0].attempt, run.id);
        found.push(Violation::of(run, Rule::Twice, seen));
    }
}

/// Checks the number of attempts. A rerun counts on from the attempts that were lost.
fn check_count(run: &Run, bodies: &[&Execution], most: u64, found: &mut Vec<Violation>) {
    let too_many = |body: &&&Execution| u64::from(body.attempt) > most;
    if let Some(body) = bodies.iter().find(too_many) {
        let seen = format!("attempt {} began, {most} allowed", body.attempt);
        found.push(Violation::of(run, Rule::Twice, seen));
    }
}

/// Checks that after an attempt whose end was not seen, another one begins only as a rerun.
fn check_reruns(run: &Run, bodies: &[&Execution], reruns: u64, found: &mut Vec<Violation>) {
    let has_died = |body: &&&Execution| body.forsaken.is_some() || body.ending == Ending::Unknown;
    let followed = bodies.iter().rev().skip(1);
    let died = followed.filter(has_died).count() as u64;
    if died > reruns {
        let seen = format!("it was begun again after {died} deaths, {reruns} times allowed");
        found.push(Violation::of(run, Rule::Twice, seen));
    }
}
