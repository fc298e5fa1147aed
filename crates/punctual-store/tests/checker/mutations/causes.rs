//! Runs that were ended by a cause that did not happen.

use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::{CancelReason, JobId, Outcome, Overlap, Policies, Run, RunState, SkipReason};
use punctual_store::checker::Rule;

use super::super::dice::Dice;
use super::super::life::Told;
use super::{Mutation, change, is_scheduled, of_ledger, pick, pick_with, unstart};

pub(super) const MUTATIONS: &[Mutation] = &[
    of_ledger(
        "a user cancels a run without a call",
        &[Rule::WithoutReason],
        |told, dice| cancel(told, dice, CancelReason::User),
    ),
    of_ledger(
        "a shutdown that did not happen cancels a run",
        &[Rule::WithoutReason],
        |told, dice| cancel(told, dice, CancelReason::Shutdown),
    ),
    of_ledger(
        "a run is replaced and nothing takes its place",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let follows = |other: &Run| {
                    let near = run.finished.unwrap() + TimeDelta::minutes(2);
                    // A run that waits in a pause has not ended.
                    let ended = other.finished.unwrap_or(told.now);
                    is_of(other, run) && ended >= run.fire_time() && other.fire_time() <= near
                };
                has_succeeded(run)
                    && all(told, run, |its| its.overlap() == Overlap::CancelRunning)
                    && is_attended(told, run, TimeDelta::minutes(2))
                    && !told.ledger.iter().any(follows)
            })?;
            let replaced = RunState::Ended(Outcome::Cancelled(CancelReason::Replaced));
            Some(change(told, index, |run| run.state = replaced))
        },
    ),
    of_ledger(
        "a run times out before its time",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let took = run.duration().unwrap_or_default() + Duration::from_secs(1);
                let has_time = |its: &Policies| {
                    let limit = its.timeout();
                    limit.is_some_and(|limit| took < limit)
                };
                has_succeeded(run) && all(told, run, has_time)
            })?;
            Some(change(told, index, |run| {
                run.state = RunState::Ended(Outcome::TimedOut);
            }))
        },
    ),
    of_ledger(
        "a queue is full in which nothing waits",
        &[Rule::WithoutReason],
        |told, dice| {
            let queues = |its: &Policies| matches!(its.overlap(), Overlap::Queue { .. });
            let index = pick_with(told, dice, |told, run| {
                let near = |other: &Run| {
                    let slack = TimeDelta::minutes(2);
                    let from = other.fire_time() - slack;
                    is_of(other, run)
                        && from < run.started.unwrap()
                        && run.fire_time() < other.finished.unwrap_or(told.now) + slack
                };
                is_scheduled(run)
                    && has_succeeded(run)
                    && all(told, run, queues)
                    && !told.ledger.iter().any(near)
            })?;
            Some(change(told, index, |run| {
                run.finished = run.started;
                unstart(run, Outcome::Skipped(SkipReason::QueueFull));
            }))
        },
    ),
    of_ledger(
        "an executor is missing that is there",
        &[Rule::WithoutReason],
        |told, dice| go_without(told, dice, SkipReason::NoExecutor),
    ),
    of_ledger(
        "a task is missing that is there",
        &[Rule::WithoutReason],
        |told, dice| go_without(told, dice, SkipReason::NoTask),
    ),
];

pub(super) fn has_succeeded(run: &Run) -> bool {
    run.state == RunState::Ended(Outcome::Succeeded) && run.attempts > 0
}

/// Returns true if all policies that its job ever had satisfy `is_it`.
pub(super) fn all(told: &Told, run: &Run, is_it: impl Fn(&Policies) -> bool) -> bool {
    told.policies[&run.job].iter().all(is_it)
}

/// Returns true if `other` is another run of the same job.
pub(super) fn is_of(other: &Run, run: &Run) -> bool {
    other.job == run.job && other.id != run.id
}

/// Returns true if a node was there from the fire time until `longer` after the end, and the job
/// was never paused.
pub(super) fn is_attended(told: &Told, run: &Run, longer: TimeDelta) -> bool {
    let until = run.finished.unwrap() + longer;
    let mut absences = told.absences.iter();
    let was_away = absences.any(|away| away.from() <= until && run.fire_time() <= away.until());
    !was_away && !told.paused.contains(&run.job) && until < told.now
}

fn cancel(told: &mut Told, dice: &mut Dice, reason: CancelReason) -> Option<JobId> {
    let index = pick(told, dice, has_succeeded)?;
    let cancelled = RunState::Ended(Outcome::Cancelled(reason));
    Some(change(told, index, |run| run.state = cancelled))
}

fn go_without(told: &mut Told, dice: &mut Dice, what: SkipReason) -> Option<JobId> {
    let index = pick(told, dice, |run| is_scheduled(run) && has_succeeded(run))?;
    Some(change(told, index, |run| {
        unstart(run, Outcome::Skipped(what));
    }))
}
