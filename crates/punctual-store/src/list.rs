//! Filters, orders and pages of lists of jobs.

use punctual_core::{JobId, JobState, Outcome};
use serde::{Deserialize, Serialize};

use crate::{LastRun, StoredJob};

/// A filter of jobs. A job must match every field that is set.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a filter is written with the rest of its default"
)]
pub struct JobFilter {
    /// The order of the list.
    pub order: JobOrder,
    /// Selects jobs after this place in the order. It is the [`next`](crate::JobPage::next) of the
    /// page before.
    pub after: Option<JobCursor>,
    /// The maximum number of jobs. 0 means no limit.
    pub limit: usize,
    /// Selects jobs with this tag.
    pub tag: Option<String>,
    /// Selects jobs that call this task.
    pub task: Option<String>,
    /// Selects jobs that the code of this crate declared.
    pub declared_by: Option<String>,
    /// Selects paused jobs if true, jobs that are not paused if false.
    pub paused: Option<bool>,
    /// Selects jobs whose id or name contains this text, in upper or lower case.
    pub search: Option<String>,
}

impl JobFilter {
    /// Returns true if a job matches. Page and limit are ignored.
    #[must_use]
    pub fn admits(&self, stored: &StoredJob) -> bool {
        let job = &stored.job;
        let holds = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        self.tag
            .as_ref()
            .is_none_or(|tag| job.tags().any(|own| own == tag))
            && self.task.as_ref().is_none_or(|task| **job.task() == **task)
            && self.declared_by.as_ref().is_none_or(|by| {
                let declared = job.declared();
                declared.is_some_and(|declared| declared.by() == by)
            })
            && self
                .paused
                .is_none_or(|paused| stored.state.paused == paused)
            && self
                .search
                .as_ref()
                .is_none_or(|part| holds(job.id().as_str(), part) || holds(job.name(), part))
    }
}

/// The order of a list of jobs. Jobs with equal places are ordered by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum JobOrder {
    /// By id.
    #[default]
    Id,
    /// By next fire time, the earliest first. Jobs that are paused or have no next fire time come
    /// last.
    NextRun,
    /// By the outcome of the [last run](crate::LastRun). Jobs whose last run did not succeed come first, then jobs
    /// whose last run succeeded, then jobs without a run.
    LastOutcome,
}

impl JobOrder {
    /// Returns the rank of a job in this order. Jobs with equal ranks are ordered by id.
    ///
    /// `last_outcome` is that of the [last run](crate::LastRun) of the job.
    #[must_use]
    pub fn rank(self, state: &JobState, last_outcome: Option<Outcome>) -> i64 {
        match self {
            Self::Id => 0,
            Self::NextRun => {
                let next = state.next_run_time.filter(|_| !state.paused);
                next.map_or(i64::MAX, |next| next.timestamp_micros())
            }
            Self::LastOutcome => match last_outcome {
                Some(Outcome::Succeeded) => 1,
                Some(_) => 0,
                None => 2,
            },
        }
    }
}

/// A place in one order of jobs. It has no meaning in another order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobCursor {
    /// The rank, as of [`JobOrder::rank`].
    pub rank: i64,
    /// The id, which orders jobs with equal ranks.
    pub id: JobId,
}

impl JobCursor {
    /// Returns a place.
    #[must_use]
    pub fn new(rank: i64, id: JobId) -> Self {
        Self { rank, id }
    }
}

impl JobCursor {
    /// Returns the place of a job. `last_outcome` counts in [`JobOrder::LastOutcome`] only.
    #[must_use]
    pub fn of(order: JobOrder, stored: &StoredJob, last_outcome: Option<Outcome>) -> Self {
        Self {
            rank: order.rank(&stored.state, last_outcome),
            id: stored.job.id().clone(),
        }
    }
}

/// The place of an id in [`JobOrder::Id`], even if there is no job with this id.
impl From<JobId> for JobCursor {
    fn from(id: JobId) -> Self {
        Self { rank: 0, id }
    }
}

/// A page of a list of jobs.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct JobPage {
    /// The jobs in the order of the request.
    pub jobs: Vec<StoredJob>,
    /// The [rank](JobOrder::rank) of each job. A caller can merge the lists of several stores by
    /// it.
    pub ranks: Vec<i64>,
    /// The last run of each job, from its row.
    pub last_runs: Vec<Option<LastRun>>,
    /// The place of the last job, if more jobs follow.
    pub next: Option<JobCursor>,
}

impl JobPage {
    /// Returns the last page.
    #[must_use]
    pub fn new(jobs: Vec<StoredJob>, ranks: Vec<i64>, last_runs: Vec<Option<LastRun>>) -> Self {
        Self {
            jobs,
            ranks,
            last_runs,
            next: None,
        }
    }

    /// Sets [`next`](#structfield.next).
    #[must_use]
    pub fn next(self, next: Option<JobCursor>) -> Self {
        Self { next, ..self }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn what_is_paused_has_no_next_run() {
        let mut state = JobState::default();
        assert_eq!(JobOrder::NextRun.rank(&state, None), i64::MAX);
        state.next_run_time = DateTime::from_timestamp_micros(7);
        assert_eq!(JobOrder::NextRun.rank(&state, None), 7);
        state.paused = true;
        assert_eq!(JobOrder::NextRun.rank(&state, None), i64::MAX);
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = JobCursor {
            rank: i64::MAX,
            id: "å".try_into().unwrap(),
        };
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<JobCursor>(&text).unwrap(), cursor);
    }
}
