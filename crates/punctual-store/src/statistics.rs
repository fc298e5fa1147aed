//! How the runs of a job have gone, counted.

use chrono::TimeDelta;
use punctual_core::{Outcome, RunId};
use serde::{Deserialize, Serialize};

/// What became of all fire times of a job since it was added first, whatever the ledger still
/// holds of them. Of a job that is gone, a store may count what the ledger still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Statistics {
    /// Runs that succeeded.
    pub succeeded: u64,
    /// Runs that failed with an error.
    pub failed: u64,
    /// Runs that panicked.
    pub panicked: u64,
    /// Runs that took too long.
    pub timed_out: u64,
    /// Runs that were stopped.
    pub cancelled: u64,
    /// Fire times that came too late.
    pub missed: u64,
    /// Fire times without room.
    pub skipped: u64,
    /// Fire times that another run stands for.
    pub coalesced: u64,
    /// Runs whose process died.
    pub lost: u64,
    /// How the last run ended, of those that ran.
    pub last_outcome: Option<Outcome>,
    /// The last run that ended, of those that ran.
    pub last_run: Option<RunId>,
    /// How long all runs took together, in microseconds.
    pub total_micros: u64,
    /// How long the longest run took, in microseconds.
    pub longest_micros: u64,
    /// How long a run that succeeds usually takes, in microseconds: a mean in which the last run
    /// weighs an eighth, and all before it the rest.
    pub usual_micros: Option<u64>,
    /// How far from that such runs usually are, in microseconds: a mean in which the last one weighs
    /// a quarter.
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
        };
        *counter = counter.saturating_add(fire_times);
        if outcome.has_run() {
            self.last_outcome = Some(outcome);
        }
    }

    /// Counts a run that is over, and the time that it took if it began.
    pub fn end(&mut self, run: RunId, outcome: Outcome, micros: Option<u64>) {
        self.count(outcome, 1);
        if outcome.has_run() {
            self.last_run = Some(run);
        }
        let Some(micros) = micros else {
            return;
        };
        self.time(micros);
        if outcome == Outcome::Succeeded {
            self.learn(micros);
        }
    }

    /// Weighs a time as TCP weighs round trips (RFC 6298).
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

    /// How long a run that succeeds usually takes, and how far from that it usually is; nothing
    /// before one did. A run that takes longer than the first and four times the second is unusual.
    #[must_use]
    pub fn usual(&self) -> Option<(TimeDelta, TimeDelta)> {
        let delta = |micros| i64::try_from(micros).ok().map(TimeDelta::microseconds);
        Some((delta(self.usual_micros?)?, delta(self.deviation_micros)?))
    }

    /// Counts the time that a run took.
    pub fn time(&mut self, micros: u64) {
        self.total_micros = self.total_micros.saturating_add(micros);
        self.longest_micros = self.longest_micros.max(micros);
    }

    /// How many runs there were.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.succeeded + self.failed + self.panicked + self.timed_out + self.cancelled + self.lost
    }

    /// How long a run took on average.
    #[must_use]
    pub fn average(&self) -> Option<TimeDelta> {
        let micros = self.total_micros.checked_div(self.runs())?;
        Some(TimeDelta::microseconds(i64::try_from(micros).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(usual: Option<(TimeDelta, TimeDelta)>) -> Option<(i64, i64)> {
        let (usual, deviation) = usual?;
        Some((usual.num_microseconds()?, deviation.num_microseconds()?))
    }

    #[test]
    fn what_is_usual_follows_the_last_runs_that_succeeded() {
        let mut statistics = Statistics::default();
        assert_eq!(statistics.usual(), None);
        statistics.end(RunId(1), Outcome::Succeeded, Some(800));
        assert_eq!(micros(statistics.usual()), Some((800, 400)));
        statistics.end(RunId(2), Outcome::Succeeded, Some(1_600));
        assert_eq!(micros(statistics.usual()), Some((900, 500)));
        statistics.end(RunId(3), Outcome::Failed, Some(1));
        statistics.end(RunId(4), Outcome::Succeeded, None);
        assert_eq!(micros(statistics.usual()), Some((900, 500)));
        assert_eq!(statistics.last_run, Some(RunId(4)));
        for run in 5..200 {
            statistics.end(RunId(run), Outcome::Succeeded, Some(8_000));
        }
        let (usual, deviation) = micros(statistics.usual()).unwrap();
        assert!((7_900..=8_000).contains(&usual), "{usual}");
        assert!(deviation < 100, "{deviation}");
        statistics.end(RunId(200), Outcome::Succeeded, Some(u64::MAX));
        statistics.end(RunId(201), Outcome::Succeeded, Some(0));
        assert_eq!(statistics.longest_micros, u64::MAX);
    }
}
