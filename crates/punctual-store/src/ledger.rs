//! What is kept of runs.

use chrono::{DateTime, Utc};
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
    /// At most this many, the newest first; 0 is no limit.
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
    /// Of each job, all but this many of the newest.
    pub per_job: Option<usize>,
}
