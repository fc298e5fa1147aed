//! Schedules that were set back onto decided fire times.

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{FireRange, Origin, Outcome, SkipReason};

use super::{Batch, Rows, Verdict};

/// A range of fire times of a plan, with its outcome unless it runs.
struct Part {
    range: FireRange,
    outcome: Option<Outcome>,
}

impl<R: Rows> Batch<'_, R> {
    /// Moves a schedule past the fire times that were decided before. The node reads the row again
    /// and plans the rest.
    ///
    /// The oldest fire time is passed in any case, so that the schedule moves forward. Only a plan
    /// that is won as a whole opens a run. If such a run is the oldest part of a plan with used
    /// keys, its fire time is skipped.
    pub(super) fn pass_over(&mut self, row: R::Row, plan: &Plan) -> Verdict<R::Row> {
        let next = self.pass_parts(row, plan);
        let mut state = *self.rows.state(row);
        match next {
            Some(fire_time) => state.next_run_time = Some(fire_time),
            None => state.advance(&plan.next),
        }
        state.revision += 1;
        self.rows.set_moved(row, state);
        self.leave_if_over(row);
        Verdict::Lost(Some(row))
    }

    /// Records the parts that can be decided, and returns the start of the rest, if there is one.
    fn pass_parts(&mut self, row: R::Row, plan: &Plan) -> Option<DateTime<Utc>> {
        let origin = Origin::Scheduled;
        for (place, part) in parts(plan).into_iter().enumerate() {
            let is_oldest = place == 0;
            let Part { range, outcome } = part;
            if self.is_used(row, origin, range.first) {
                if range.first == range.last {
                    continue;
                }
                // The plan names the second fire time of its oldest part only.
                return if is_oldest {
                    plan.after_oldest
                } else {
                    Some(range.first)
                };
            }
            match outcome {
                Some(outcome) => self.record(row, origin, range, outcome),
                None if is_oldest => {
                    let edited = Outcome::Skipped(SkipReason::Edited);
                    self.record(row, origin, range, edited);
                }
                None => return Some(range.first),
            }
        }
        None
    }
}

/// Returns the parts of a plan, the oldest first.
fn parts(plan: &Plan) -> Vec<Part> {
    let runs = plan.fire_times().map(|fire_time| Part {
        range: FireRange::single(fire_time),
        outcome: None,
    });
    let ranges = plan.ranges().map(|(range, outcome)| Part {
        range,
        outcome: Some(outcome),
    });
    let mut parts: Vec<_> = runs.chain(ranges).collect();
    parts.sort_by_key(|part| part.range.first);
    parts
}
