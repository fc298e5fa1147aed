//! Runs and statistics that a store keeps.

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Outcomes, Run, RunId};
use serde::{Deserialize, Serialize};

/// A filter of runs. A run must match every field that is set.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a filter is written with the rest of its default"
)]
pub struct RunFilter {
    /// Selects runs of this job.
    pub job: Option<JobId>,
    /// Selects the run with this number.
    pub id: Option<RunId>,
    /// Selects runs with one of these outcomes. Without it, open runs are selected, too.
    pub outcomes: Option<Outcomes>,
    /// Selects runs with a fire time from this one on.
    pub from: Option<DateTime<Utc>>,
    /// Selects runs with a fire time before this one.
    pub until: Option<DateTime<Utc>>,
    /// Selects runs without an outcome only.
    pub open: bool,
    /// Selects runs that are older than this. It is the [cursor](RunCursor::of) of the last run of
    /// the page before.
    pub before: Option<RunCursor>,
    /// The maximum number of runs, the newest first. 0 means no limit.
    pub limit: usize,
}

impl RunFilter {
    /// Returns a filter for all runs of a job.
    #[must_use]
    pub fn job(id: JobId) -> Self {
        Self {
            job: Some(id),
            ..Self::default()
        }
    }

    /// Returns true if a run matches. The limit is ignored.
    #[must_use]
    pub fn admits(&self, run: &Run) -> bool {
        let outcome = run.state.outcome();
        self.job.as_ref().is_none_or(|job| *job == run.job)
            && self.id.is_none_or(|id| id == run.id)
            && self
                .outcomes
                .is_none_or(|wanted| outcome.is_some_and(|outcome| wanted.contains(outcome)))
            && self.from.is_none_or(|from| run.fire_time() >= from)
            && self.until.is_none_or(|until| run.fire_time() < until)
            && (!self.open || outcome.is_none())
            && self.before.is_none_or(|before| RunCursor::of(run) < before)
    }
}

/// A place in the order of runs, which is the time of opening, then the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunCursor {
    /// The time at which the run was opened.
    pub opened: DateTime<Utc>,
    /// The number, which orders runs with the same time.
    pub id: RunId,
}

impl RunCursor {
    /// Returns a place.
    #[must_use]
    pub fn new(opened: DateTime<Utc>, id: RunId) -> Self {
        Self { opened, id }
    }
}

impl RunCursor {
    /// Returns the place of a run.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        Self {
            opened: run.opened,
            id: run.id,
        }
    }
}

/// The limits by which the ledger is purged.
///
/// An entry is purged if one of them applies. Open runs are never purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Retention {
    /// Purges entries that ended before this time.
    pub ended_before: Option<DateTime<Utc>>,
    /// Purges all but the newest entries of each job. This is the number that is kept.
    pub per_job: Option<usize>,
}

impl Retention {
    /// Sets [`ended_before`](#structfield.ended_before).
    #[must_use]
    pub fn ended_before(self, ended_before: Option<DateTime<Utc>>) -> Self {
        Self {
            ended_before,
            ..self
        }
    }

    /// Sets [`per_job`](#structfield.per_job).
    #[must_use]
    pub fn per_job(self, per_job: Option<usize>) -> Self {
        Self { per_job, ..self }
    }
}
