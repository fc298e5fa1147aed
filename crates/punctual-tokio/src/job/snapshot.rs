//! A job as its store keeps it.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobId, JobState, Policies, Run, Trigger};
use punctual_store::{JobOrder, LastRun, StoredJob};
use serde_json::Value;

/// A job in the state that it had when it was read.
///
/// ```
/// # use punctual_tokio::Scheduler;
/// use punctual_tokio::JobStatus;
/// # async fn report() {}
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::new();
/// scheduler.add_job(report, "0 9 * * mon").id("report").tag("money").timeout("5m").await?;
/// let job = scheduler.get_job("report").await?.expect("it was just added");
/// assert_eq!((job.id().as_str(), job.name(), job.store()), ("report", "report", "default"));
/// assert_eq!(job.status(), JobStatus::Scheduled);
/// assert_eq!(job.status().to_string(), "scheduled");
/// assert_eq!(job.tags().collect::<Vec<_>>(), ["money"]);
/// assert!(job.policies().timeout().is_some());
/// assert!(job.last_run().is_none() && job.running() == 0);
/// println!("{}: {}, next {:?}", job.task(), job.trigger().describe(), job.next_run_time());
/// println!("{} on {}", job.args(), job.executor());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct JobSnapshot {
    pub(crate) store: Arc<str>,
    pub(crate) job: Arc<Job>,
    pub(crate) state: JobState,
    /// `true` if this node has the task, the executor and the code of the trigger.
    is_known: bool,
    last_run: Option<LastRun>,
    recent_runs: Vec<Run>,
}

/// The status of a job in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobStatus {
    /// The job waits for its next fire time.
    Scheduled,
    /// The job was paused.
    Paused,
    /// The node lacks the task, the executor or the code of the trigger. The job runs again once
    /// the node has it.
    Parked,
    /// The trigger could not be decided. An edit helps.
    Stuck,
    /// The trigger has no further fire time. The job leaves with its last run.
    Finished,
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheduled => "scheduled",
            Self::Paused => "paused",
            Self::Parked => "parked",
            Self::Stuck => "stuck",
            Self::Finished => "finished",
        })
    }
}

impl JobSnapshot {
    pub(crate) fn new(store: &Arc<str>, stored: StoredJob, is_known: bool) -> Self {
        Self {
            store: Arc::clone(store),
            job: stored.job,
            state: stored.state,
            is_known,
            last_run: None,
            recent_runs: Vec::new(),
        }
    }

    pub(crate) fn with_last_run(mut self, last_run: Option<LastRun>) -> Self {
        self.last_run = last_run;
        self
    }

    pub(crate) fn push_recent(&mut self, run: Run) {
        self.recent_runs.push(run);
    }

    /// Returns the place of the job in an order in which jobs with equal places go by their ids.
    pub(crate) fn rank(&self, order: JobOrder) -> i64 {
        let last_outcome = self.last_run.map(|last| last.outcome);
        order.rank(&self.state, last_outcome)
    }

    /// Returns the alias of the store that holds the job.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &JobId {
        self.job.id()
    }

    /// Returns the name, which is the id if the job was given none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.job.name()
    }

    /// Returns the name of the task that the job calls.
    #[must_use]
    pub fn task(&self) -> &str {
        self.job.task()
    }

    /// Returns the trigger.
    #[must_use]
    pub fn trigger(&self) -> &Trigger {
        self.job.trigger()
    }

    /// Returns the policies.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        self.job.policies()
    }

    /// Returns the job as it was asked for.
    #[must_use]
    pub fn job(&self) -> &Arc<Job> {
        &self.job
    }

    /// Returns the arguments of the task.
    #[must_use]
    pub fn args(&self) -> Value {
        self.job.args()
    }

    /// Returns the arguments of the task as JSON text, in which no number loses a digit.
    #[must_use]
    pub fn args_json(&self) -> &str {
        self.job.args_json()
    }

    /// Returns the tags, in their order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.job.tags()
    }

    /// Returns the alias of the executor.
    #[must_use]
    pub fn executor(&self) -> &str {
        self.job.executor()
    }

    /// Returns the name of the crate whose code declared the job, if code did.
    #[must_use]
    pub fn declared_by(&self) -> Option<&str> {
        self.job.declared().map(|declared| declared.by())
    }

    /// Returns the status of the job.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        if self.state.paused {
            JobStatus::Paused
        } else if !self.is_known {
            JobStatus::Parked
        } else if self.state.search_limit {
            JobStatus::Stuck
        } else if self.state.finished {
            JobStatus::Finished
        } else {
            JobStatus::Scheduled
        }
    }

    /// Returns the next fire time, if the job is not paused.
    #[must_use]
    pub fn next_run_time(&self) -> Option<DateTime<Utc>> {
        self.state.next_run_time.filter(|_| !self.state.paused)
    }

    /// Returns the newest run of the job that ran and has ended, even if the ledger has forgotten
    /// it.
    ///
    /// Fire times that were missed, skipped or coalesced have no run, and a run that was cancelled
    /// before it began did not run.
    #[must_use]
    pub fn last_run(&self) -> Option<&LastRun> {
        self.last_run.as_ref()
    }

    /// Returns the newest runs of the job, the newest first, if the list was asked for
    /// [them](crate::GetJobs::recent_runs).
    #[must_use]
    pub fn recent_runs(&self) -> &[Run] {
        &self.recent_runs
    }

    /// Returns the number of runs that count against `max_instances`, on all nodes.
    #[must_use]
    pub fn running(&self) -> u32 {
        self.state.running
    }

    /// Returns the state of the job as the store keeps it.
    #[must_use]
    pub fn state(&self) -> &JobState {
        &self.state
    }
}
