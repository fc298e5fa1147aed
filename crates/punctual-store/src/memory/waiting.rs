//! Jobs whose waiting runs may start. No run of a paused job may.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::state::State;
use crate::{KnownTasks, OpenState, WaitingJob};

/// The maximum number of waiting jobs in one answer.
const WAITING: usize = 256;

impl State {
    /// Returns jobs whose waiting runs may start by `now`.
    pub(super) fn waiting_jobs(&self, tasks: Option<&KnownTasks>, now: i64) -> Vec<WaitingJob> {
        let knows = |task: &str| tasks.is_none_or(|tasks| tasks.iter().any(|own| &**own == task));
        let mut seen = HashSet::new();
        let queued = self.open.queued().filter(|birth| self.has_room(*birth));
        // The first time that a job appears with is its earliest.
        let dues = queued.map(|birth| (0, birth)).chain(self.open.due(now));
        let jobs = dues
            .filter(|(_, birth)| seen.insert(*birth))
            .filter_map(|(due, birth)| self.waiting_job(birth, due));
        jobs.filter(|job| knows(&job.task)).take(WAITING).collect()
    }

    fn has_room(&self, birth: u64) -> bool {
        let row = self.rows.born(birth).and_then(|slot| self.rows.get(slot));
        row.is_some_and(|row| row.job.policies().has_room(row.state.running))
    }

    /// Returns the job of a birth as a waiting job, unless it is paused.
    fn waiting_job(&self, birth: u64, due: i64) -> Option<WaitingJob> {
        let row = self.rows.get(self.rows.born(birth)?)?;
        if row.state.paused {
            return None;
        }
        Some(WaitingJob {
            id: row.job.id().clone(),
            birth,
            task: row.job.task().clone(),
            due: DateTime::from_timestamp_micros(due).unwrap_or_default(),
        })
    }

    /// Returns the time of the first attempt that is due after `through`.
    pub(super) fn next_waiting(&self, through: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.open.due_after(through)?)
    }

    /// Returns a job if it has a waiting run that may start by `until`.
    pub(super) fn waits(&self, birth: u64, until: i64) -> Option<WaitingJob> {
        let has_room = self.has_room(birth);
        let runs = self.open.waiting(birth).into_iter();
        let due = runs
            .filter_map(|id| match self.open.get(id)?.state() {
                OpenState::Queued => has_room.then_some(0),
                OpenState::Retrying { due } => (due <= until).then_some(due),
                OpenState::Running => None,
            })
            .min()?;
        self.waiting_job(birth, due)
    }
}
