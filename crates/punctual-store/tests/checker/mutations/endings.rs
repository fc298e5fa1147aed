//! Ledgers that disagree with the endings of bodies.

use chrono::TimeDelta;
use punctual_core::{CancelReason, JobId, OnLost, Outcome, Policies, Run, RunState};
use punctual_store::checker::{Ending, Execution, Rule};

use super::super::dice::Dice;
use super::super::life::Told;
use super::causes::{all, has_succeeded};
use super::{Mutation, change, of_bodies, pick, pick_with};

pub(super) const MUTATIONS: &[Mutation] = &[
    of_bodies(
        "a run succeeds whose body failed",
        &[Rule::Contradictory],
        |told, dice| end(told, dice, Outcome::Succeeded, Ending::Failed),
    ),
    of_bodies(
        "a run succeeds whose process died",
        &[Rule::Contradictory],
        |told, dice| end(told, dice, Outcome::Succeeded, Ending::Unknown),
    ),
    of_bodies(
        "a run fails whose body succeeded",
        &[Rule::Contradictory],
        |told, dice| end(told, dice, Outcome::Failed, Ending::Succeeded),
    ),
    of_bodies(
        "a run panics whose body failed",
        &[Rule::Contradictory],
        |told, dice| end(told, dice, Outcome::Panicked, Ending::Failed),
    ),
    of_bodies(
        "the result of a run is thrown away",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let is_recorded = |its: &Policies| its.on_lost() == OnLost::Record;
                has_succeeded(run) && all(told, run, is_recorded)
            })?;
            let (id, finished) = (told.ledger[index].id, told.ledger[index].finished?);
            told.cancels.push((id.into(), finished.into()));
            let cancelled = RunState::Ended(Outcome::Cancelled(CancelReason::User));
            Some(change(told, index, |run| run.state = cancelled))
        },
    ),
    of_bodies(
        "the result of a run that was told to end is thrown away",
        &[Rule::Contradictory],
        |told, dice| {
            let timed_out = RunState::Ended(Outcome::TimedOut);
            let index = pick_with(told, dice, |told, run| {
                let is_recorded = |its: &Policies| its.on_lost() == OnLost::Record;
                run.state == timed_out && all(told, run, is_recorded)
            })?;
            let run = told.ledger[index].clone();
            body_of(told, &run, run.attempts)?.ending = Ending::Succeeded;
            Some(run.job)
        },
    ),
    of_bodies(
        "a run is tried again whose body succeeded",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let is_recorded = |its: &Policies| its.on_lost() == OnLost::Record;
                run.attempts > 1 && all(told, run, is_recorded)
            })?;
            let run = told.ledger[index].clone();
            let first = body_of(told, &run, 1)?;
            (first.ending, first.told) = (Ending::Succeeded, None);
            Some(run.job)
        },
    ),
    of_bodies(
        "a body is dropped that was never told to end",
        &[Rule::Contradictory],
        |told, dice| {
            let timed_out = RunState::Ended(Outcome::TimedOut);
            let index = pick(told, dice, |run| run.state == timed_out)?;
            let run = told.ledger[index].clone();
            body_of(told, &run, run.attempts)?.told = None;
            Some(run.job)
        },
    ),
    of_bodies(
        "the last attempt of a run times out before its time",
        &[Rule::WithoutReason],
        |told, dice| {
            let timed_out = RunState::Ended(Outcome::TimedOut);
            let index = pick(told, dice, |run| run.state == timed_out && run.attempts > 1)?;
            let run = told.ledger[index].clone();
            let last = body_of(told, &run, run.attempts)?;
            last.began = last.ended? - TimeDelta::seconds(1);
            Some(run.job)
        },
    ),
];

fn body_of<'a>(told: &'a mut Told, run: &Run, attempt: u32) -> Option<&'a mut Execution> {
    let mut bodies = told.executions.iter_mut();
    bodies.find(|body| body.run == run.id && body.attempt == attempt)
}

/// Changes the ending of the body of a run with this outcome.
fn end(told: &mut Told, dice: &mut Dice, outcome: Outcome, ending: Ending) -> Option<JobId> {
    let ended = RunState::Ended(outcome);
    let index = pick(told, dice, |run| run.state == ended)?;
    let run = told.ledger[index].clone();
    body_of(told, &run, run.attempts)?.ending = ending;
    Some(run.job)
}
