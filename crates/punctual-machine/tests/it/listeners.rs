//! What listeners and the log hear, compared with what happens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use punctual_core::{Outcome, RunId};
use punctual_machine::{Counted, Tell};

use crate::world::World;

/// What was told.
#[derive(Default)]
pub(crate) struct Heard {
    /// The runs that are about to begin.
    pub(crate) submitted: BTreeMap<RunId, DateTime<Utc>>,
    /// The attempts that failed and are followed by another one.
    pub(crate) again: BTreeSet<(RunId, u32)>,
    /// The number of reports of jobs that left, by birth.
    pub(crate) left: BTreeMap<u64, u32>,
    /// Whether reports of fire times that did not run were the first of their kind.
    pub(crate) firsts: Vec<bool>,
    /// The same of jobs that this node cannot run.
    pub(crate) parked: Vec<bool>,
    pub(crate) pauses: u32,
    pub(crate) left_out: u32,
    /// The ends that were told one by one.
    ended: BTreeMap<RunId, u32>,
    /// The fire times that did not run, by outcome, and those that were counted as such.
    did_not_run: BTreeMap<String, u64>,
    not_run: BTreeMap<String, u64>,
}

impl World {
    pub(crate) fn hear(&mut self, tell: Tell) {
        let is_heard = self.is_heard.get();
        let seen = &mut self.seen;
        let heard = &mut seen.heard;
        match tell {
            Tell::Submitted {
                run, fire_times, ..
            } => {
                assert!(is_heard, "nothing listens");
                for (id, fire_time) in (run.0..).map(RunId).zip(fire_times) {
                    heard.submitted.insert(id, fire_time);
                }
            }
            Tell::Ended { fire_time, end, .. } => {
                assert!(is_heard || end.outcome != Outcome::Succeeded);
                let counted = seen.counted.get(&end.run).expect("it is counted");
                assert_eq!(counted.outcome, end.outcome);
                assert_eq!(
                    (counted.started, counted.finished),
                    (end.started, end.finished)
                );
                if let Some(before) = seen.fire_times.get(&end.run) {
                    assert_eq!(*before, fire_time);
                }
                *heard.ended.entry(end.run).or_default() += 1;
            }
            Tell::Again {
                run,
                attempts,
                wait,
                error,
                ..
            } => {
                heard.again.insert((run, attempts));
                let wanted = seen.retries[&run].wait_after(attempts);
                assert_eq!(wanted, Some(wait), "run {run} waits for its next attempt");
                let (has_failed, _) = seen.failures[&run];
                assert!(error.is_some() == has_failed, "{error:?} of run {run}");
            }
            Tell::DidNotRun {
                range,
                outcome,
                is_first,
                ..
            } => {
                heard.firsts.push(is_first);
                *heard.did_not_run.entry(outcome.to_string()).or_default() += range.count.number();
            }
            Tell::Decided { range, outcome } => {
                let count = range.count.number();
                *seen.decided.entry(outcome.to_string()).or_default() += count;
                if outcome != Outcome::Coalesced {
                    *heard.not_run.entry(outcome.to_string()).or_default() += count;
                }
            }
            Tell::JobLeft { job, .. } => *heard.left.entry(job.state.birth).or_default() += 1,
            Tell::Parked { is_first, .. } => heard.parked.push(is_first),
            Tell::Paused => heard.pauses += 1,
            Tell::LeftOut { .. } => heard.left_out += 1,
            Tell::Resumed | Tell::Found(_) => {}
        }
    }

    pub(crate) fn hear_count(&mut self, counted: &Counted) {
        let heard = &mut self.seen.heard;
        if !counted.outcome.has_run() {
            let outcome = counted.outcome.to_string();
            *heard.not_run.entry(outcome).or_default() += 1;
        }
    }

    /// Checks that each end was told, and each fire time that did not run.
    pub(crate) fn check_heard(&self) {
        let heard = &self.seen.heard;
        for counted in self.seen.counted.values() {
            let is_alone = self.is_heard.get() || counted.outcome != Outcome::Succeeded;
            let expected = if counted.outcome.has_run() && is_alone {
                self.told[&counted.run]
            } else {
                0
            };
            let told = heard.ended.get(&counted.run).copied().unwrap_or_default();
            assert!(
                told == expected || !self.seen.is_own(counted.run),
                "told {told} times: {counted:?}"
            );
        }
        assert_eq!(heard.did_not_run, heard.not_run, "what did not run is told");
    }
}
