//! Compares the outcomes of runs in the ledger with the endings of their bodies.

use punctual_core::{Outcome, Run, RunState};

use super::execution::last_of;
use super::{Ending, Execution, Rule, Violation};

/// Compares the outcome of a run with the endings of its bodies.
pub(super) fn check_ending(
    run: &Run,
    bodies: &[&Execution],
    is_unheard: &dyn Fn(&Execution) -> bool,
    found: &mut Vec<Violation>,
) {
    let RunState::Ended(outcome) = run.state else {
        return;
    };
    let own = bodies.iter().copied();
    let last = last_of(run, bodies);
    // If a body succeeded on a node that died, the store may not have heard of it.
    let heard = |body: &&Execution| !is_unheard(body);
    let seen = disagreement(outcome, run, bodies, last)
        .or_else(|| dropped_result(outcome, last.filter(heard)))
        .or_else(|| {
            let mut its = own.clone().filter(heard);
            its.find_map(|body| went_on(body, run))
        })
        .or_else(|| own.clone().find_map(|body| aborted_unasked(outcome, body)));
    if let Some(seen) = seen {
        found.push(Violation::of(run, Rule::Contradictory, seen));
    }
}

/// Returns the ending that an outcome requires, if only a body can bring it about.
fn wanted(outcome: Outcome) -> Option<Ending> {
    match outcome {
        Outcome::Succeeded => Some(Ending::Succeeded),
        Outcome::Failed => Some(Ending::Failed),
        Outcome::Panicked => Some(Ending::Panicked),
        _ => None,
    }
}

fn disagreement(
    outcome: Outcome,
    run: &Run,
    bodies: &[&Execution],
    last: Option<&Execution>,
) -> Option<String> {
    let Some(wanted) = wanted(outcome) else {
        let has_begun = !outcome.has_run() && !bodies.is_empty();
        return has_begun.then(|| format!("it is {outcome}, and its body began"));
    };
    let Some(last) = last else {
        let attempt = run.attempts;
        return Some(format!(
            "it is {outcome}, and its body never began (attempt {attempt})"
        ));
    };
    let said = last.ending;
    (said != wanted).then(|| format!("it is {outcome}, and its body ended otherwise: {said:?}"))
}

/// Checks that the result of a body that returned `Ok` is recorded.
fn dropped_result(outcome: Outcome, last: Option<&Execution>) -> Option<String> {
    let is_other = matches!(outcome, Outcome::Cancelled(_) | Outcome::TimedOut);
    let last = last.filter(|last| is_other && counts_as_success(last))?;
    let attempt = last.attempt;
    Some(format!(
        "it is {outcome}, and attempt {attempt} of its body succeeded"
    ))
}

/// Checks that no attempt follows a body that returned `Ok`.
fn went_on(body: &Execution, run: &Run) -> Option<String> {
    let went_on = counts_as_success(body) && body.attempt < run.attempts;
    let attempt = body.attempt;
    went_on.then(|| format!("attempt {attempt} of its body succeeded, and there was another one"))
}

/// Returns true if a body returned `Ok`. That counts even after it was told to end.
fn counts_as_success(body: &Execution) -> bool {
    body.ending == Ending::Succeeded
}

/// Checks that a body was told to end before it was dropped, unless its process died.
fn aborted_unasked(outcome: Outcome, body: &Execution) -> Option<String> {
    let is_unasked =
        body.ending == Ending::Dropped && body.told.is_none() && outcome != Outcome::Lost;
    let attempt = body.attempt;
    is_unasked.then(|| format!("attempt {attempt} of its body was dropped and never told to end"))
}
