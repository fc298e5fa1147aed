//! The requests of handles to the scheduler task.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, RunId};
use punctual_machine::ShutdownTimes;
use punctual_store::{RunOverrides, StoredJob};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::stores::NamedStore;

pub(crate) type Answer<T> = oneshot::Sender<T>;

pub(crate) enum Command {
    /// Starts no new runs on this node.
    Pause(Answer<()>),
    /// Starts runs again.
    Resume(Answer<()>),
    /// Runs a job now, besides its schedule, with these settings instead of those of the job.
    RunJob {
        store: u32,
        job: StoredJob,
        overrides: RunOverrides,
        answer: Answer<Result<RunId, Error>>,
    },
    /// Stops a run of this node. The answer is `true` if there is such a run.
    CancelRun {
        store: u32,
        run: RunId,
        answer: Answer<bool>,
    },
    /// Asks for the runs that are under way on this node.
    Running(Answer<Vec<RunningRun>>),
    AddStore(Box<NamedStore>),
    RemoveStore {
        store: u32,
        answer: Answer<()>,
    },
    /// Parks the jobs of an executor that was removed.
    RemoveExecutor(Arc<str>, Answer<()>),
    /// Looks at everything again, since tasks were registered, or since a caller asks for it.
    LookAgain,
    /// Asks, for a test, for the contents of the scheduler task.
    #[cfg(feature = "testing")]
    Held {
        latest: i64,
        answer: Answer<punctual_machine::Held>,
    },
    Shutdown(AskedToEnd),
}

/// A request to end.
pub(crate) struct AskedToEnd {
    pub(crate) times: ShutdownTimes,
    /// The longest time that leaving the stores may take.
    pub(crate) leaving: Duration,
    pub(crate) answer: Answer<ShutdownReport>,
}

/// A run that is under way on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningRun {
    /// The job.
    pub job: JobId,
    /// The alias of the job's store.
    pub store: Arc<str>,
    /// The run.
    pub run: RunId,
    /// The fire time that it answers for.
    pub fire_time: DateTime<Utc>,
    /// The time at which the first attempt started. It is absent while the run waits for a permit
    /// of its executor.
    pub started: Option<DateTime<Utc>>,
    /// The number of attempts that were begun. An attempt that still waits for a permit of its
    /// executor counts too.
    pub attempts: u32,
}

/// The runs that a shutdown had to leave behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Runs that did not end in time, and were told to end or aborted.
    pub cancelled: Vec<RunId>,
    /// Runs that wait in the stores for an instance or for their next attempt, among the newest
    /// thousand open runs of each store. Another node goes on with them, or the next start does.
    pub waiting: Vec<RunId>,
    /// Runs that did not end even then. They are plain functions, whose threads cannot be taken
    /// away.
    pub abandoned: Vec<RunningRun>,
    /// The number of ends of runs that no store has confirmed, because it did not answer. An end
    /// that was on its way may nevertheless be recorded.
    pub unrecorded: usize,
}

impl ShutdownReport {
    /// Returns true if all runs ended by themselves and every end was recorded. Runs may wait in
    /// the stores all the same.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cancelled.is_empty() && self.abandoned.is_empty() && self.unrecorded == 0
    }
}

/// Writes one line for a log.
impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.cancelled.len(), "told to end"),
            (self.abandoned.len(), "abandoned"),
            (self.unrecorded, "not recorded"),
            (self.waiting.len(), "waiting in the stores"),
        ];
        let mut parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let Some((count, what)) = parts.next() else {
            return f.write_str("all runs ended");
        };
        write!(f, "runs: {count} {what}")?;
        parts.try_for_each(|(count, what)| write!(f, ", {count} {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_line() {
        let mut report = ShutdownReport::default();
        assert_eq!(report.to_string(), "all runs ended");
        report.waiting = vec![RunId(3)];
        assert!(report.is_clean());
        report.cancelled = vec![RunId(1), RunId(2)];
        assert!(!report.is_clean());
        let line = "runs: 2 told to end, 1 waiting in the stores";
        assert_eq!(report.to_string(), line);
    }
}
