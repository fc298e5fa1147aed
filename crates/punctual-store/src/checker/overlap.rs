//! Checks the number of instances that were under way at the same time.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use punctual_core::{Outcome, Run, RunId};

use super::bodies::Bodies;
use super::saturating::earlier;
use super::{Case, Rule, Violation};

/// A run or a body that was under way.
struct Seen<'a> {
    run: &'a Run,
    began: DateTime<Utc>,
    ended: DateTime<Utc>,
}

impl Case<'_> {
    pub(super) fn check_overlap(&self, found: &mut Vec<Violation>) {
        let is_limited = |limit: Option<u32>| limit.is_some();
        let mut limits = self.history.policies.iter();
        if !limits.any(|(_, policies)| is_limited(policies.max_instances())) {
            return;
        }
        let mut seen = match self.bodies {
            Some(bodies) => self.seen_by_bodies(bodies),
            None => self.seen_by_ledger(),
        };
        seen.sort_unstable_by_key(|seen| (seen.began, seen.run.id));
        let mut under_way: BTreeSet<(DateTime<Utc>, RunId)> = BTreeSet::new();
        for new in &seen {
            under_way = under_way.split_off(&(new.began, RunId(u64::MAX)));
            under_way.insert((new.ended, new.run.id));
            let count = u32::try_from(under_way.len()).unwrap_or(u32::MAX);
            let limit = self.limit_of(new);
            if limit.is_some_and(|limit| count > limit) {
                let runs: Vec<_> = under_way.iter().map(|(_, run)| run.to_string()).collect();
                let seen = format!(
                    "{count} under way at {}: runs {}",
                    new.began,
                    runs.join(", ")
                );
                found.push(Violation::of(new.run, Rule::Overlapping, seen));
            }
        }
    }

    /// Returns the greatest limit that was in force from the fire time until the end, or `None` if
    /// there was no limit.
    fn limit_of(&self, seen: &Seen<'_>) -> Option<u32> {
        // The run was admitted when it was due or later, and the limit may have been lowered since.
        // By the start of its last attempt, other runs may have been admitted under a higher limit.
        let ended = seen.run.finished.unwrap_or(self.now);
        let from = seen.run.fire_time().min(ended);
        let policies = self.history.policies_in(from, ended, self.checker.skew);
        let mut limits = policies.map(|policies| policies.max_instances());
        limits.try_fold(0, |most, limit| Some(most.max(limit?)))
    }

    fn seen_by_ledger(&self) -> Vec<Seen<'_>> {
        let skew = self.checker.skew * 2;
        let spans = self.runs.iter().filter_map(|run| {
            let (began, ended) = (run.started?, earlier(run.finished?, skew));
            let has_run = run.state.outcome().is_some_and(Outcome::has_run);
            (has_run && ended > began).then_some(Seen { run, began, ended })
        });
        spans.collect()
    }

    fn seen_by_bodies<'b>(&'b self, bodies: &'b Bodies<'_>) -> Vec<Seen<'b>> {
        let runs = self.runs.iter();
        let spans = runs.flat_map(|run| {
            let its = bodies.of_run(run.id).iter();
            its.filter_map(|execution| {
                let (began, ended) = execution.counted()?;
                (ended > began).then_some(Seen { run, began, ended })
            })
        });
        spans.collect()
    }
}
