//! Schedules that were set back onto fire times that are decided already.

use chrono::{DateTime, Utc};
use punctual_core::plan::Plan;
use punctual_core::{FireRange, Origin, Outcome, SkipReason};

use super::{Batch, Rows, Verdict};

/// A part of a plan: a range of fire times, and what becomes of it unless it runs.
struct Part {
    range: FireRange,
    outcome: Option<Outcome>,
}

impl<R: Rows> Batch<'_, R> {
    /// Moves a schedule past what was decided before. The node that reads the row plans what is
    /// left anew.
    ///
    /// The oldest fire time is passed in any case, so the schedule moves forward. A run is opened
    /// only by a plan that is won as a whole: one that is the oldest of a plan with used keys is
    /// skipped.
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

    /// Records what can be decided, and says where the rest begins, if there is one.
    fn pass_parts(&mut self, row: R::Row, plan: &Plan) -> Option<DateTime<Utc>> {
        let origin = Origin::Scheduled;
        for (place, part) in parts(plan).into_iter().enumerate() {
            let is_oldest = place == 0;
            let Part { range, outcome } = part;
            if self.is_used(row, origin, range.first) {
                if range.first == range.last {
                    continue;
                }
                // All that is known of the others is where those of the oldest part begin.
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

/// The parts of a plan, the oldest first.
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
