//! The decisions that an edit or the removal of a job makes.

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, Outcome};

use super::rows::JobRow;
use super::state::State;
use crate::batch::Batch;

impl State {
    pub(super) fn record_decided(
        &mut self,
        slot: u32,
        decided: Option<(FireRange, Outcome)>,
        now: DateTime<Utc>,
    ) {
        if let Some((range, outcome)) = decided {
            let mut asked = self.asked();
            Batch::new(&mut asked, now).record_decided(slot, range, outcome);
        }
    }

    /// Ends the waiting runs of a job that is removed, and decides its overdue fire times.
    pub(super) fn settle_removed(&mut self, slot: u32, now: DateTime<Utc>) {
        let decided = self.rows.get(slot).map(JobRow::stored);
        let decided = decided.and_then(|stored| stored.passed_over(now));
        self.record_decided(slot, decided, now);
        let mut asked = self.asked();
        Batch::new(&mut asked, now).remove(slot);
    }
}
