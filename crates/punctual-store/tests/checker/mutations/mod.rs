//! Ways to tamper with a ledger, each with the rule that has to notice it.

mod bodies;
mod causes;
mod endings;
mod entries;
mod reasons;
mod waits;

use punctual_core::{Coalesce, JobId, OnLost, Origin, Outcome, Overlap, Run, RunId, RunState};
use punctual_store::checker::Rule;

use super::dice::Dice;
use super::life::Told;

pub(super) struct Mutation {
    pub(super) name: &'static str,
    /// The rules, one of which has to be found broken.
    pub(super) rules: &'static [Rule],
    pub(super) by_bodies: bool,
    /// Tampers with a ledger, and returns the job, or `None` if there is nothing to tamper with.
    pub(super) tamper: fn(&mut Told, &mut Dice) -> Option<JobId>,
}

const fn of_ledger(
    name: &'static str,
    rules: &'static [Rule],
    tamper: fn(&mut Told, &mut Dice) -> Option<JobId>,
) -> Mutation {
    Mutation {
        name,
        rules,
        by_bodies: false,
        tamper,
    }
}

const fn of_bodies(
    name: &'static str,
    rules: &'static [Rule],
    tamper: fn(&mut Told, &mut Dice) -> Option<JobId>,
) -> Mutation {
    Mutation {
        by_bodies: true,
        ..of_ledger(name, rules, tamper)
    }
}

/// Returns all mutations.
pub(super) fn all() -> impl Iterator<Item = &'static Mutation> {
    let of_ledgers = [
        entries::MUTATIONS,
        reasons::MUTATIONS,
        causes::MUTATIONS,
        waits::MUTATIONS,
    ];
    let of_bodies = [bodies::MUTATIONS, endings::MUTATIONS];
    of_ledgers.into_iter().chain(of_bodies).flatten()
}

fn is_scheduled(run: &Run) -> bool {
    run.key.origin == Origin::Scheduled
}

fn is_limited_to_one(told: &Told, run: &Run) -> bool {
    let its = &told.policies[&run.job];
    its.iter()
        .all(|policies| policies.max_instances() == Some(1))
}

fn starts_at_once(told: &Told, run: &Run) -> bool {
    told.policies[&run.job].iter().all(|policies| {
        policies.overlap() == Overlap::Skip
            && policies.on_lost() == OnLost::Record
            && !matches!(policies.coalesce(), Coalesce::All { .. })
    })
}

fn pick(told: &Told, dice: &mut Dice, fits: impl Fn(&Run) -> bool) -> Option<usize> {
    pick_with(told, dice, |_, run| fits(run))
}

fn pick_with(told: &Told, dice: &mut Dice, fits: impl Fn(&Told, &Run) -> bool) -> Option<usize> {
    let all = told.ledger.iter().enumerate();
    let all: Vec<usize> = all
        .filter(|(_, run)| fits(told, run))
        .map(|(index, _)| index)
        .collect();
    (!all.is_empty()).then(|| dice.pick(&all))
}

/// Returns a stretch and the entry that follows it.
fn with_neighbour(told: &Told, dice: &mut Dice) -> Option<(usize, usize)> {
    let follows = |index: usize| {
        let run = &told.ledger[index];
        let its = told.ledger.iter().enumerate().filter(|(_, other)| {
            is_scheduled(other)
                && other.key.incarnation == run.key.incarnation
                && other.fire_time() > run.fire_time()
        });
        its.min_by_key(|(_, other)| other.fire_time())
            .map(|(index, _)| index)
    };
    let coalesced = RunState::Ended(Outcome::Coalesced);
    let index = pick(told, dice, |run| {
        is_scheduled(run) && run.state == coalesced && run.range.is_some()
    })?;
    Some((index, follows(index)?))
}

fn change(told: &mut Told, index: usize, how: impl FnOnce(&mut Run)) -> JobId {
    how(&mut told.ledger[index]);
    told.ledger[index].job.clone()
}

fn add(told: &mut Told, index: usize, how: impl FnOnce(&mut Run)) -> Option<JobId> {
    let mut run = told.ledger[index].clone();
    run.id = RunId(told.ledger.iter().map(|run| run.id.0).max()? + 1);
    how(&mut run);
    let job = run.job.clone();
    told.ledger.push(run);
    Some(job)
}

fn unstart(run: &mut Run, outcome: Outcome) {
    run.state = RunState::Ended(outcome);
    run.started = None;
    run.attempts = 0;
}
