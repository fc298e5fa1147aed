//! Reasons that are not true.

use chrono::TimeDelta;
use punctual_core::{
    CancelReason, Coalesce, FireRange, MissReason, Outcome, Overlap, Run, RunState, SkipReason,
};
use punctual_store::checker::Rule;

use super::{Mutation, change, is_scheduled, of_ledger, pick, pick_with, unstart, with_neighbour};

pub(super) const MUTATIONS: &[Mutation] = &[
    of_ledger(
        "no run stands for what was coalesced",
        &[Rule::WithoutReason],
        |told, dice| {
            let (index, after) = with_neighbour(told, dice)?;
            let (run, next) = (&told.ledger[index], &told.ledger[after]);
            let all_latest = |coalesce: Coalesce| coalesce != Coalesce::Earliest;
            let its = told.policies.get(&run.job)?;
            let fits = run.state == RunState::Ended(Outcome::Coalesced)
                && next.range.is_none()
                && its.iter().all(|policies| all_latest(policies.coalesce()));
            fits.then(|| {
                change(told, after, |run| {
                    unstart(run, Outcome::Coalesced);
                    run.range = Some(FireRange::single(run.fire_time()));
                })
            })
        },
    ),
    of_ledger(
        "nothing newer comes for what is superseded",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick(told, dice, |run| {
                run.state == RunState::Ended(Outcome::Coalesced) && run.range.is_none()
            })?;
            Some(change(told, index, |run| {
                run.finished = run.finished.map(|at| at + TimeDelta::microseconds(1));
            }))
        },
    ),
    of_ledger(
        "an edit that did not happen passes over",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.started.is_some())?;
            Some(change(told, index, |run| {
                run.finished = run.finished.map(|at| at + TimeDelta::microseconds(1));
                unstart(run, Outcome::Skipped(SkipReason::Edited));
            }))
        },
    ),
    of_ledger(
        "what was in time is called missed",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick(told, dice, |run| {
                let in_time = run
                    .started
                    .is_some_and(|started| started - run.fire_time() < TimeDelta::seconds(40));
                is_scheduled(run) && in_time
            })?;
            Some(change(told, index, |run| {
                run.finished = run.started;
                unstart(run, Outcome::Missed(MissReason::Grace));
            }))
        },
    ),
    of_ledger(
        "a job that was not paused missed something for that",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick(told, dice, |run| is_scheduled(run) && run.started.is_some())?;
            let run = &told.ledger[index];
            let never = !told.paused.contains(&run.job);
            never.then(|| {
                change(told, index, |run| {
                    unstart(run, Outcome::Missed(MissReason::Paused));
                })
            })
        },
    ),
    of_ledger(
        "a job without runs is busy",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let near = |other: &Run| {
                    let from = other.started.unwrap_or(other.fire_time());
                    let until = other.finished.unwrap_or(told.now);
                    let slack = TimeDelta::minutes(2);
                    from - slack < run.fire_time() + slack
                        && run.fire_time() - slack < until + slack
                };
                let others = told
                    .ledger
                    .iter()
                    .filter(|other| other.job == run.job && other.id != run.id);
                let in_time = run
                    .started
                    .is_some_and(|started| started - run.fire_time() < TimeDelta::minutes(1));
                is_scheduled(run) && in_time && !others.into_iter().any(near)
            })?;
            Some(change(told, index, |run| {
                run.finished = run.started;
                unstart(run, Outcome::Skipped(SkipReason::MaxInstances));
            }))
        },
    ),
    of_ledger(
        "a queue is full that does not exist",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let queues = |overlap| matches!(overlap, Overlap::Queue { .. });
                is_scheduled(run)
                    && run.started.is_some()
                    && told.policies[&run.job]
                        .iter()
                        .all(|policies| !queues(policies.overlap()))
            })?;
            Some(change(told, index, |run| {
                unstart(run, Outcome::Skipped(SkipReason::QueueFull));
            }))
        },
    ),
    of_ledger(
        "a run is replaced that nothing replaces",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let replaces = |overlap| overlap == Overlap::CancelRunning;
                run.started.is_some()
                    && told.policies[&run.job]
                        .iter()
                        .all(|policies| !replaces(policies.overlap()))
            })?;
            let replaced = RunState::Ended(Outcome::Cancelled(CancelReason::Replaced));
            Some(change(told, index, |run| run.state = replaced))
        },
    ),
    of_ledger(
        "a run times out that has all the time",
        &[Rule::WithoutReason],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let its = &told.policies[&run.job];
                run.started.is_some() && its.iter().all(|policies| policies.timeout().is_none())
            })?;
            Some(change(told, index, |run| {
                run.state = RunState::Ended(Outcome::TimedOut);
            }))
        },
    ),
    of_ledger(
        "a node that lives loses a run",
        &[Rule::WithoutReason],
        |told, dice| {
            if !told.deaths.is_empty() {
                return None;
            }
            let index = pick(told, dice, |run| run.started.is_some())?;
            Some(change(told, index, |run| {
                run.state = RunState::Ended(Outcome::Lost);
            }))
        },
    ),
];
