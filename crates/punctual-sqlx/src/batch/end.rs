//! Runs that end.

use punctual_core::Outcome;
use punctual_store::RunEnd;

use super::{Batch, Ended};
use crate::outcome;
use crate::row::text_of;

impl Batch {
    /// Ends a run, once: one that is not open is ignored.
    pub(crate) fn end(&mut self, end: &RunEnd) {
        let Some(open) = self.open.remove(&end.run) else {
            return;
        };
        let (result, error) = text_of(end.text.as_ref());
        self.ended.push(Ended {
            id: end.run,
            state: outcome::word(end.outcome),
            started: end.started,
            finished: end.finished,
            attempts: end.attempts,
            result,
            error,
        });
        let Some(job) = self.job_of(open.birth) else {
            return;
        };
        let statistics = job.count();
        statistics.count(end.outcome, 1);
        if let Some(started) = end.started {
            let took = end.finished.saturating_sub(started).max(0);
            statistics.time(took.unsigned_abs());
        }
        if !open.ends_instance {
            return;
        }
        let count = if open.is_queued {
            &mut job.state.queued
        } else {
            &mut job.state.running
        };
        *count = count.saturating_sub(1);
        job.leave_if_over();
    }

    /// Ends a run whose process died.
    pub(crate) fn lose(&mut self, run: punctual_core::RunId) {
        self.end(&RunEnd {
            run,
            outcome: Outcome::Lost,
            started: None,
            finished: self.now,
            attempts: 0,
            text: None,
        });
    }
}
