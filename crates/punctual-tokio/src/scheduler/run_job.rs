//! Runs a job now.

use punctual_core::JobId;

use super::call::awaited;
use super::{IntoJobId, RunHandle, Scheduler, job_id};
use crate::command::Command;
use crate::error::Error;

/// # Running jobs now
impl Scheduler {
    /// Runs a job now, besides its schedule, which stays as it is. Returns a handle when the run
    /// was started or queued. The handle [waits](RunHandle::wait) for the end of the run.
    ///
    /// This node has to be started and to know the task. This node runs the job itself, unless all
    /// instances are busy and the overlap policy lets the run wait. A run that waits may start on
    /// any node that knows the task, and does not start while the job is paused.
    ///
    /// ```
    /// # use punctual_core::Crontab;
    /// # use punctual_tokio::{Output, Scheduler};
    /// # async fn report() -> Output<u32> { Output(42) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// # scheduler.add_job(report, Crontab::new("@yearly")).id("report").await?;
    /// # scheduler.start().await?;
    /// let run = scheduler.run_job("report").await?;
    /// let ended = run.wait().await?;
    /// assert_eq!(ended.result, Some(42.into()));
    /// # Ok(()) }
    /// ```
    pub fn run_job(&self, id: impl IntoJobId) -> RunJob {
        RunJob {
            scheduler: self.clone(),
            id: job_id(id),
        }
    }
}

/// A job that is about to run now. See [`Scheduler::run_job`].
///
/// # Errors
///
/// Awaiting it returns an error if the scheduler does not run, if there is no such job, if its task
/// is unknown on this node, or if all its instances are busy.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. If the future is dropped, the job may run nevertheless.
#[derive(Debug)]
#[must_use = "a job runs only when this is awaited"]
pub struct RunJob {
    scheduler: Scheduler,
    id: Result<JobId, Error>,
}

impl RunJob {
    async fn perform(self) -> Result<RunHandle, Error> {
        let (scheduler, id) = (self.scheduler, self.id?);
        let (named, job) = scheduler.shared.find(&id).await?;
        let run = scheduler
            .ask(|answer| Command::RunJob {
                store: named.id,
                job,
                answer,
            })
            .await?;
        Ok(RunHandle::new(scheduler, named.alias, id, run?))
    }
}

awaited!(RunJob -> RunHandle);
