//! Runs as a scheduler reports them, while it goes on and when it has shut down.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{JobId, Outcome, RunId};

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

/// A run that a shutdown told to end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndedRun {
    /// The job.
    pub job: JobId,
    /// The alias of the job's store.
    pub store: Arc<str>,
    /// The run.
    pub run: RunId,
    /// The fire time that it answers for.
    pub fire_time: DateTime<Utc>,
    /// How it ended. A run that tidied up in time may have succeeded all the same.
    pub outcome: Outcome,
}

/// A run that a shutdown left waiting in its store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandedOnRun {
    /// The job.
    pub job: JobId,
    /// The alias of the job's store.
    pub store: Arc<str>,
    /// The run.
    pub run: RunId,
    /// The fire time that it answers for.
    pub fire_time: DateTime<Utc>,
}

/// The runs that a shutdown ended or left behind. Its `Display` is one line for a log.
///
/// ```
/// # use punctual_tokio::Scheduler;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// let scheduler = Scheduler::new();
/// scheduler.start().await?;
/// let report = scheduler.shutdown().await?;
/// assert!(report.is_clean());
/// assert_eq!(report.to_string(), "all runs ended");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Runs that did not end in time, and were told to end or aborted, in the order of their ends.
    /// The fire times that shared an instance with such a run are here too.
    pub cancelled: Vec<EndedRun>,
    /// Runs that wait in the stores for an instance or for their next attempt, among the newest
    /// thousand open runs of each store. Another node goes on with them, or the next start does.
    /// Those in a `MemoryStore` end with the process.
    pub handed_on: Vec<HandedOnRun>,
    /// Runs that did not end even then. They are plain functions, whose threads cannot be taken
    /// away. The ledger has them as cancelled.
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

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.cancelled.len(), "told to end"),
            (self.abandoned.len(), "abandoned"),
            (self.unrecorded, "not recorded"),
            (self.handed_on.len(), "handed on"),
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
        let (job, store) = (JobId::new("a").unwrap(), Arc::from("default"));
        let (run, fire_time) = (RunId(3), DateTime::UNIX_EPOCH);
        let mut report = ShutdownReport::default();
        assert_eq!(report.to_string(), "all runs ended");
        report.handed_on = vec![HandedOnRun {
            job: job.clone(),
            store: Arc::clone(&store),
            run,
            fire_time,
        }];
        assert!(report.is_clean());
        let ended = EndedRun {
            job,
            store,
            run,
            fire_time,
            outcome: Outcome::Failed,
        };
        report.cancelled = vec![ended.clone(), ended];
        assert!(!report.is_clean());
        let line = "runs: 2 told to end, 1 handed on";
        assert_eq!(report.to_string(), line);
    }
}
