//! Statistics of the runs of a job.

use chrono::TimeDelta;
use punctual_core::{Outcome, RunId};
use serde::{Deserialize, Serialize};

use crate::LastRun;

/// Counts of all fire times of a job since it was first added, including those that have left the
/// ledger.
///
/// For a job that is gone, a store may count only what is left in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Statistics {
    /// The number of runs that succeeded.
    pub succeeded: u64,
    /// The number of runs that failed with an error.
    pub failed: u64,
    /// The number of runs that panicked.
    pub panicked: u64,
    /// The number of runs that exceeded their timeout.
    pub timed_out: u64,
    /// The number of runs that were cancelled.
    pub cancelled: u64,
    /// The number of fire times that were missed.
    pub missed: u64,
    /// The number of fire times that were skipped.
    pub skipped: u64,
    /// The number of fire times that another run stands for.
    pub coalesced: u64,
    /// The number of runs whose process died.
    pub lost: u64,
    /// The newest run that ran and has ended.
    pub last_run: Option<LastRun>,
    /// The total duration of all runs, in microseconds.
    pub total_micros: u64,
    /// The duration of the longest run, in microseconds.
    pub longest_micros: u64,
    /// The usual duration of a run that succeeds, in microseconds.
    ///
    /// It is a mean in which the last run weighs one eighth and all runs before it the rest.
    pub usual_micros: Option<u64>,
    /// The usual distance of such runs from [`usual_micros`](Self::usual_micros), in microseconds.
    ///
    /// It is a mean in which the last run weighs one quarter.
    pub deviation_micros: u64,
}

impl Statistics {
    /// Counts fire times that share an outcome.
    pub fn count(&mut self, outcome: Outcome, fire_times: u64) {
        let counter = match outcome {
            Outcome::Succeeded => &mut self.succeeded,
            Outcome::Failed => &mut self.failed,
            Outcome::Panicked => &mut self.panicked,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Cancelled(_) => &mut self.cancelled,
            Outcome::Missed(_) => &mut self.missed,
            Outcome::Skipped(_) => &mut self.skipped,
            Outcome::Coalesced => &mut self.coalesced,
            Outcome::Lost => &mut self.lost,
            // A test counts each outcome that there is.
            _ => return,
        };
        *counter = counter.saturating_add(fire_times);
    }

    /// Counts a run that is over. Times are in microseconds.
    pub fn end(
        &mut self,
        run: RunId,
        fire_time: i64,
        outcome: Outcome,
        started: Option<i64>,
        finished: i64,
    ) {
        self.count(outcome, 1);
        let last = LastRun::of(run, fire_time, outcome, started, finished);
        self.last_run = match (self.last_run, last) {
            // A run may end after the run that follows it.
            (Some(newer), Some(last)) if newer.id > last.id => Some(newer),
            (before, last) => last.or(before),
        };
        let Some(started) = started else {
            return;
        };
        let micros = finished.saturating_sub(started).max(0).unsigned_abs();
        self.time(micros);
        if outcome == Outcome::Succeeded {
            self.learn(micros);
        }
    }

    /// Returns the outcome of the [last run](Self::last_run).
    #[must_use]
    pub fn last_outcome(&self) -> Option<Outcome> {
        self.last_run.map(|last| last.outcome)
    }

    /// Weighs a duration as TCP weighs round trips (RFC 6298).
    fn learn(&mut self, micros: u64) {
        let Some(usual) = self.usual_micros else {
            self.usual_micros = Some(micros);
            self.deviation_micros = micros / 2;
            return;
        };
        let weighed = |old: u64, new: u64, parts: u64| old - old / parts + new / parts;
        self.deviation_micros = weighed(self.deviation_micros, usual.abs_diff(micros), 4);
        self.usual_micros = Some(weighed(usual, micros, 8));
    }

    /// Returns the usual duration of a run that succeeds and its usual deviation, or `None` before
    /// the first success.
    ///
    /// A run is unusual if it takes longer than the duration and four times the deviation together.
    #[must_use]
    pub fn usual(&self) -> Option<(TimeDelta, TimeDelta)> {
        let delta = |micros| i64::try_from(micros).ok().map(TimeDelta::microseconds);
        Some((delta(self.usual_micros?)?, delta(self.deviation_micros)?))
    }

    /// Counts the duration of a run.
    pub fn time(&mut self, micros: u64) {
        self.total_micros = self.total_micros.saturating_add(micros);
        self.longest_micros = self.longest_micros.max(micros);
    }

    /// Returns the number of runs.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.succeeded + self.failed + self.panicked + self.timed_out + self.cancelled + self.lost
    }

    /// Returns the average duration of a run.
    #[must_use]
    pub fn average(&self) -> Option<TimeDelta> {
        let micros = self.total_micros.checked_div(self.runs())?;
        Some(TimeDelta::microseconds(i64::try_from(micros).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::{CancelReason, MissReason};

    use super::*;

    fn micros(usual: Option<(TimeDelta, TimeDelta)>) -> Option<(i64, i64)> {
        let (usual, deviation) = usual?;
        Some((usual.num_microseconds()?, deviation.num_microseconds()?))
    }

    /// Counts a run that took this number of microseconds, or never began.
    fn end(statistics: &mut Statistics, run: u64, outcome: Outcome, took: Option<i64>) {
        let finished = took.unwrap_or_default();
        statistics.end(RunId(run), 0, outcome, took.map(|_| 0), finished);
    }

    #[test]
    fn every_outcome_has_its_counter() {
        for outcome in Outcome::ALL {
            let mut statistics = Statistics::default();
            statistics.count(outcome, 1);
            assert_ne!(statistics, Statistics::default(), "{outcome}");
        }
    }

    #[test]
    fn what_is_usual_follows_the_last_runs_that_succeeded() {
        let mut statistics = Statistics::default();
        assert_eq!(statistics.usual(), None);
        end(&mut statistics, 1, Outcome::Succeeded, Some(800));
        assert_eq!(micros(statistics.usual()), Some((800, 400)));
        end(&mut statistics, 2, Outcome::Succeeded, Some(1_600));
        assert_eq!(micros(statistics.usual()), Some((900, 500)));
        end(&mut statistics, 3, Outcome::Failed, Some(1));
        end(&mut statistics, 4, Outcome::Succeeded, None);
        assert_eq!(micros(statistics.usual()), Some((900, 500)));
        for run in 5..200 {
            end(&mut statistics, run, Outcome::Succeeded, Some(8_000));
        }
        let (usual, deviation) = micros(statistics.usual()).unwrap();
        assert!((7_900..=8_000).contains(&usual), "{usual}");
        assert!(deviation < 100, "{deviation}");
        statistics.end(RunId(200), 0, Outcome::Succeeded, Some(i64::MIN), i64::MAX);
        end(&mut statistics, 201, Outcome::Succeeded, Some(0));
        assert_eq!(statistics.longest_micros, i64::MAX.unsigned_abs());
    }

    #[test]
    fn the_last_run_is_the_newest_one_that_ran() {
        let mut statistics = Statistics::default();
        let last = |statistics: &Statistics| statistics.last_run.map(|last| last.id.0);
        end(
            &mut statistics,
            1,
            Outcome::Cancelled(CancelReason::User),
            None,
        );
        assert_eq!((last(&statistics), statistics.last_outcome()), (None, None));
        end(&mut statistics, 3, Outcome::Failed, Some(5));
        end(&mut statistics, 2, Outcome::Succeeded, Some(9));
        end(
            &mut statistics,
            4,
            Outcome::Cancelled(CancelReason::User),
            None,
        );
        statistics.count(Outcome::Missed(MissReason::Paused), 7);
        assert_eq!(last(&statistics), Some(3));
        assert_eq!(statistics.last_outcome(), Some(Outcome::Failed));
        end(&mut statistics, 5, Outcome::Lost, None);
        assert_eq!(last(&statistics), Some(5));
    }
}
