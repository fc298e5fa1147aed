//! Runs that wait without a reason.

use chrono::TimeDelta;
use punctual_core::{Coalesce, JobId, OnLost, Overlap, Policies, Run};
use punctual_store::checker::Rule;

use super::super::dice::Dice;
use super::super::life::Told;
use super::causes::{all, has_succeeded, is_attended, is_of};
use super::{Mutation, change, is_scheduled, of_ledger, pick_with};

/// More than the patience, the wait until the decision, and the grace of a replaced run together.
const LONG: TimeDelta = TimeDelta::seconds(150);

pub(super) const MUTATIONS: &[Mutation] = &[
    of_ledger(
        "a run waits in a queue while there is room",
        &[Rule::Late],
        |told, dice| {
            wait(told, dice, |its| {
                let is_plain = its.on_lost() == OnLost::Record && !keeps_all(its);
                is_plain && matches!(its.overlap(), Overlap::Queue { .. })
            })
        },
    ),
    of_ledger(
        "a run that replaces others waits while there is room",
        &[Rule::Late],
        |told, dice| {
            wait(told, dice, |its| {
                let is_plain = its.on_lost() == OnLost::Record && !keeps_all(its);
                is_plain && its.overlap() == Overlap::CancelRunning
            })
        },
    ),
    of_ledger(
        "a run of a backlog waits for nothing",
        &[Rule::Late],
        |told, dice| {
            wait(told, dice, |its| {
                keeps_all(its) && its.on_lost() == OnLost::Record && its.overlap() == Overlap::Skip
            })
        },
    ),
    of_ledger(
        "a run that may be rerun waits without a death",
        &[Rule::Late],
        |told, dice| {
            // A death may explain the wait, since these lives have one node only.
            if !told.deaths.is_empty() {
                return None;
            }
            wait(told, dice, |its| {
                its.on_lost() != OnLost::Record && its.overlap() == Overlap::Skip
            })
        },
    ),
];

fn keeps_all(its: &Policies) -> bool {
    matches!(its.coalesce(), Coalesce::All { .. })
}

/// Makes a run wait that has its job for itself.
fn wait(told: &mut Told, dice: &mut Dice, is_it: fn(&Policies) -> bool) -> Option<JobId> {
    let is_alone = |told: &Told, run: &Run| {
        let near = |other: &Run| {
            let ended = other.finished.unwrap_or(told.now) + TimeDelta::seconds(60);
            let until = run.finished.unwrap() + LONG;
            is_of(other, run) && ended >= run.fire_time() && other.fire_time() <= until
        };
        !told.ledger.iter().any(near)
    };
    let index = pick_with(told, dice, |told, run| {
        is_scheduled(run)
            && has_succeeded(run)
            && run.attempts == 1
            && all(told, run, |its| is_it(its) && its.jitter().is_none())
            && is_attended(told, run, LONG)
            && is_alone(told, run)
    })?;
    Some(change(told, index, |run| {
        run.started = run.started.map(|started| started + LONG);
        run.finished = run.finished.map(|finished| finished + LONG);
    }))
}
