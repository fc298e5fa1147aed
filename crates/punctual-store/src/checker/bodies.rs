//! What job bodies wrote down, against what the ledger says.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{OnLost, Outcome, Policies, Run, RunId, RunState};

use super::{Case, Checker, Execution, Rule, Violation};

impl Checker {
    /// The code ran only where the ledger knows of it.
    pub(super) fn check_unrecorded(&self, known: &BTreeSet<RunId>, found: &mut Vec<Violation>) {
        let executions = self.executions.iter().flatten();
        for execution in executions.filter(|execution| !known.contains(&execution.run)) {
            let seen = format!(
                "run {} began and the ledger does not know it",
                execution.run
            );
            let began = execution.began;
            found.push(Violation::at(
                &execution.job,
                began,
                Rule::Contradictory,
                seen,
            ));
        }
    }
}

impl Case<'_> {
    pub(super) fn check_bodies(&self, found: &mut Vec<Violation>) {
        let Some(executions) = &self.checker.executions else {
            return;
        };
        let mut of_run: BTreeMap<RunId, Vec<&Execution>> = BTreeMap::new();
        for execution in executions {
            if execution.job == self.history.job {
                of_run.entry(execution.run).or_default().push(execution);
            }
        }
        for run in &self.runs {
            let bodies = of_run.get(&run.id).map_or(&[][..], Vec::as_slice);
            self.check_body(run, bodies, found);
        }
    }

    fn check_body(&self, run: &Run, bodies: &[&Execution], found: &mut Vec<Violation>) {
        if let RunState::Ended(outcome) = run.state {
            let ended_itself = matches!(
                outcome,
                Outcome::Succeeded | Outcome::Failed | Outcome::Panicked
            );
            if ended_itself && bodies.is_empty() {
                let seen = format!("it is {outcome}, and its body never began");
                found.push(Violation::of(run, Rule::Contradictory, seen));
            }
            if !outcome.has_run() && !bodies.is_empty() {
                let seen = format!("it is {outcome}, and its body began");
                found.push(Violation::of(run, Rule::Contradictory, seen));
            }
        }
        let mut attempts = BTreeSet::new();
        for body in bodies {
            if !attempts.insert((body.attempt, body.node.as_str())) {
                let seen = format!("attempt {} began twice", body.attempt);
                found.push(Violation::of(run, Rule::Twice, seen));
            }
        }
        let most = self.most_attempts(run);
        if bodies.len() as u64 > most {
            let seen = format!("its body began {} times, {most} allowed", bodies.len());
            found.push(Violation::of(run, Rule::Twice, seen));
        }
    }

    /// How often its policies let it begin: each time that it is lost, all attempts anew.
    fn most_attempts(&self, run: &Run) -> u64 {
        let end = run.finished.unwrap_or(self.now);
        let from = run.fire_time().min(end);
        let policies = self.history.policies_in(from, end, self.checker.skew);
        let attempts = |policies: &Policies| {
            let reruns = match policies.on_lost {
                OnLost::Record => 0,
                OnLost::Rerun { at_most } => at_most,
            };
            u64::from(policies.retry.attempts.max(1)) * (u64::from(reruns) + 1)
        };
        policies.map(attempts).max().unwrap_or(1)
    }
}
