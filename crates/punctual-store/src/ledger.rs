//! What is kept of runs.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{JobId, Outcome, Run, RunId};
use serde::{Deserialize, Serialize};

/// Which runs are listed. Everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only of this job.
    pub job: Option<JobId>,
    /// Only this one.
    pub id: Option<RunId>,
    /// Only with such an outcome; the reason inside counts too.
    pub outcome: Option<Outcome>,
    /// Only with a scheduled time from this one on.
    pub from: Option<DateTime<Utc>>,
    /// Only with a scheduled time before this one.
    pub until: Option<DateTime<Utc>>,
    /// Only those that are not over.
    pub open: bool,
    /// Only older ones than this: the [cursor](RunCursor::of) of the last one of the page before.
    pub before: Option<RunCursor>,
    /// At most so many, the newest first; 0 is no limit.
    pub limit: usize,
}

impl RunFilter {
    /// All runs of a job.
    #[must_use]
    pub fn job(id: JobId) -> Self {
        Self {
            job: Some(id),
            ..Self::default()
        }
    }

    /// Whether a run passes, the limit aside.
    #[must_use]
    pub fn admits(&self, run: &Run) -> bool {
        let outcome = run.state.outcome();
        self.job.as_ref().is_none_or(|job| *job == run.job)
            && self.id.is_none_or(|id| id == run.id)
            && self.outcome.is_none_or(|wanted| outcome == Some(wanted))
            && self.from.is_none_or(|from| run.fire_time() >= from)
            && self.until.is_none_or(|until| run.fire_time() < until)
            && (!self.open || outcome.is_none())
            && self.before.is_none_or(|before| RunCursor::of(run) < before)
    }
}

/// A place in the order of runs: by the time at which they were opened, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunCursor {
    /// When the run was opened.
    pub opened: DateTime<Utc>,
    /// Decides between equal times.
    pub id: RunId,
}

impl RunCursor {
    /// The place of a run.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        Self {
            opened: run.opened,
            id: run.id,
        }
    }
}

/// What of the ledger may go: an entry goes if one of these says so. Open runs always stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Those that ended before this time.
    pub ended_before: Option<DateTime<Utc>>,
    /// Of each job, all but so many of the newest.
    pub per_job: Option<usize>,
}

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
    /// How long all runs took together, in microseconds.
    pub total_micros: u64,
    /// How long the longest run took, in microseconds.
    pub longest_micros: u64,
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
