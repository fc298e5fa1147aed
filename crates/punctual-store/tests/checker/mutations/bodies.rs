//! Ledgers that disagree with the executions of bodies.

use chrono::TimeDelta;
use punctual_core::{OnLost, Outcome, Policies, Run, RunId, RunState, SkipReason};
use punctual_store::checker::{Ending, Rule};

use super::causes::all;
use super::{Mutation, change, is_limited_to_one, of_bodies, pick, pick_with, unstart};

pub(super) const MUTATIONS: &[Mutation] = &[
    of_bodies(
        "a body ran that the ledger does not know",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick(told, dice, |run| run.attempts > 0)?;
            let run = told.ledger.remove(index);
            Some(run.job)
        },
    ),
    of_bodies(
        "a run has an outcome and no body",
        &[Rule::Contradictory],
        |told, dice| {
            let ended = RunState::Ended(Outcome::Succeeded);
            let index = pick(told, dice, |run| run.state == ended)?;
            let run = &told.ledger[index];
            told.executions.retain(|execution| execution.run != run.id);
            Some(run.job.clone())
        },
    ),
    of_bodies(
        "a body ran that was skipped",
        &[Rule::Contradictory],
        |told, dice| {
            let index = pick(told, dice, |run| run.attempts > 0)?;
            Some(change(told, index, |run| {
                unstart(run, Outcome::Skipped(SkipReason::NoTask));
            }))
        },
    ),
    of_bodies("an attempt begins twice", &[Rule::Twice], |told, dice| {
        let mut its = told.executions.clone();
        // A rerun may explain a second execution.
        its.retain(|body| {
            let mut policies = told.policies[&body.job].iter();
            policies.all(|its| its.on_lost() == OnLost::Record)
        });
        if its.is_empty() {
            return None;
        }
        let execution = dice.pick(&its);
        told.executions.push(execution.clone());
        Some(execution.job)
    }),
    of_bodies(
        "there are more attempts than allowed",
        &[Rule::Twice],
        |told, dice| {
            let mut execution = dice.pick(&told.executions);
            execution.attempt = 6;
            told.executions.push(execution.clone());
            Some(execution.job)
        },
    ),
    of_bodies(
        "a run is rerun that is not to be",
        &[Rule::Twice],
        |told, dice| {
            let index = pick_with(told, dice, |told, run| {
                let is_recorded = |its: &Policies| its.on_lost() == OnLost::Record;
                run.attempts > 0 && all(told, run, is_recorded)
            })?;
            let run = told.ledger[index].clone();
            let mut all = told.executions.iter_mut();
            let last = all.find(|body| body.run == run.id && body.attempt == run.attempts)?;
            last.ending = Ending::Unknown;
            let mut again = last.clone();
            again.attempt += 1;
            told.executions.push(again);
            Some(change(told, index, |run| run.attempts += 1))
        },
    ),
    of_bodies(
        "two bodies are under way at once",
        &[Rule::Overlapping],
        |told, dice| {
            let mut its = told.executions.clone();
            let runs: std::collections::BTreeMap<RunId, &Run> =
                told.ledger.iter().map(|run| (run.id, run)).collect();
            its.retain(|execution| {
                let lasts = execution.ended.is_some_and(|ended| ended > execution.began);
                lasts && is_limited_to_one(told, runs[&execution.run])
            });
            if its.is_empty() {
                return None;
            }
            let one = dice.pick(&its);
            let next = its
                .iter()
                .filter(|other| other.job == one.job && other.began > one.began);
            let next = next.map(|other| other.began).min()?;
            let is_it = |other: &&mut punctual_store::checker::Execution| {
                other.run == one.run && other.attempt == one.attempt
            };
            let longer = told.executions.iter_mut().find(is_it)?;
            longer.ended = Some(next + TimeDelta::microseconds(1));
            Some(one.job)
        },
    ),
];
