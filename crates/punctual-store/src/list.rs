//! Lists of jobs: which jobs, in which order, and by pages.

use punctual_core::{JobId, JobState, Outcome};
use serde::{Deserialize, Serialize};

use crate::StoredJob;

/// Which jobs are listed. Everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// In this order.
    pub order: JobOrder,
    /// Only after this place in the order: the [`next`](crate::JobPage::next) of the page before.
    pub after: Option<JobCursor>,
    /// At most so many; 0 is no limit.
    pub limit: usize,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only those that call this task.
    pub task: Option<String>,
    /// Only those that the code of this crate declared.
    pub declared_by: Option<String>,
    /// Only paused ones, or only others.
    pub paused: Option<bool>,
    /// Only those whose id or name holds this text, in any case.
    pub search: Option<String>,
}

impl JobFilter {
    /// Whether a job passes, page and limit aside.
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

/// The order of a list of jobs. Equal places go by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobOrder {
    /// By id.
    #[default]
    Id,
    /// By next fire time, the earliest first. Jobs that have none, or are paused, come last.
    NextRun,
    /// By how the last run ended. Jobs whose last run did not succeed come first, then those whose
    /// last run succeeded, then those that never ran.
    LastOutcome,
}

impl JobOrder {
    /// Says how far back a job is in this order, equal places aside. `last_outcome` is that of its
    /// [`Statistics`](crate::Statistics).
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

/// A place in one order of jobs. Of another order it means nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobCursor {
    /// How far back it is; see [`JobOrder::rank`].
    pub rank: i64,
    /// Decides between equal ranks.
    pub id: JobId,
}

impl JobCursor {
    /// The place of a job. `last_outcome` counts in [`JobOrder::LastOutcome`] only.
    #[must_use]
    pub fn of(order: JobOrder, stored: &StoredJob, last_outcome: Option<Outcome>) -> Self {
        Self {
            rank: order.rank(&stored.state, last_outcome),
            id: stored.job.id().clone(),
        }
    }
}

/// The place of an id in [`JobOrder::Id`], whether there is such a job or not.
impl From<JobId> for JobCursor {
    fn from(id: JobId) -> Self {
        Self { rank: 0, id }
    }
}

/// A part of a list of jobs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobPage {
    /// The jobs in the order that was asked for.
    pub jobs: Vec<StoredJob>,
    /// The [rank](JobOrder::rank) of each of them, so that lists of several stores can be merged.
    pub ranks: Vec<i64>,
    /// The place of the last of them, if there are more.
    pub next: Option<JobCursor>,
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
