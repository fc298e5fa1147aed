//! Runs a job now.

use punctual_core::{Job, JobId, Overlap, Policies, json};
use punctual_store::{RunOverrides, limits};
use serde::Serialize;

use super::call::awaited;
use super::{IntoJobId, RunHandle, Scheduler, job_id};
use crate::command::Command;
use crate::error::Error;
use crate::executor::Place;
use crate::handler::CheckContext;
use crate::shared::Shared;

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
    ///
    /// The run can have other [arguments](RunJob::args) than the job, and another
    /// [overlap policy](RunJob::overlap).
    ///
    /// ```
    /// # use punctual_core::{Crontab, Overlap};
    /// # use punctual_tokio::{Args, Output, Scheduler};
    /// async fn report(Args(month): Args<String>) -> Output<String> {
    ///     Output(format!("the report of {month}"))
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// # scheduler.start().await?;
    /// scheduler.add_job(report, "@monthly").id("report").args(("2026-12",)).await?;
    ///
    /// let run = scheduler.run_job("report").args(("2026-11",)).overlap(Overlap::queue(1)).await?;
    /// let ended = run.wait().await?;
    /// assert_eq!(ended.result_as::<String>()?.unwrap(), "the report of 2026-11");
    /// assert!(ended.has_own_args());
    /// # Ok(()) }
    /// ```
    pub fn run_job(&self, id: impl IntoJobId) -> RunJob {
        RunJob {
            scheduler: self.clone(),
            id: job_id(id),
            args: None,
            overlap: None,
        }
    }
}

/// A job that is about to run now. See [`Scheduler::run_job`].
///
/// # Errors
///
/// Awaiting it returns an error if the scheduler does not run or shuts down, if there is no such job, if its task
/// is unknown on this node, if the given arguments do not fit the task, or if all its instances are
/// busy and the run may not wait.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. If the future is dropped, the job may run nevertheless.
#[derive(Debug)]
#[must_use = "a job runs only when this is awaited"]
pub struct RunJob {
    scheduler: Scheduler,
    id: Result<JobId, Error>,
    /// The arguments as JSON text.
    args: Option<Result<String, Error>>,
    overlap: Option<Overlap>,
}

impl RunJob {
    /// Gives this run other arguments than the job has. See [`NewJob::args`](crate::NewJob::args).
    ///
    /// The run keeps them wherever it goes on, after a wait, at its next attempt, on another node
    /// and after a restart. They are checked as those of a new job are, and
    /// [`Run::args`](punctual_core::Run::args) shows them. The job keeps its own.
    pub fn args(mut self, args: impl Serialize) -> Self {
        self.args = Some(json::to_text("args", &args));
        self
    }

    /// Decides what becomes of this run if all instances are busy, in the place of the overlap
    /// policy of the job.
    ///
    /// A run that waits by [`Overlap::Queue`] counts all waiting runs of the job. A run that
    /// replaces older ones by [`Overlap::CancelRunning`] is replaced itself only by the policy of the
    /// job, or of a later run. While the job is paused, it ends the runs under way as well, and waits
    /// until the job is resumed.
    ///
    /// ```
    /// # use punctual_core::Overlap;
    /// # use punctual_tokio::Scheduler;
    /// # async fn doc(scheduler: Scheduler) -> Result<(), punctual_tokio::Error> {
    /// // Waits for the run that is under way, although runs of the schedule are skipped then.
    /// let run = scheduler.run_job("report").overlap(Overlap::queue(1)).await?;
    /// # drop(run);
    /// # Ok(()) }
    /// ```
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = Some(overlap);
        self
    }

    async fn perform(self) -> Result<RunHandle, Error> {
        let (scheduler, id) = (self.scheduler, self.id?);
        if let Some(overlap) = self.overlap {
            Policies::new().overlap(overlap).build()?;
        }
        let args = self.args.transpose()?;
        let (named, job) = scheduler.shared.find(&id).await?;
        if let Some(args) = &args {
            check(&scheduler.shared, &job.job, args)?;
        }
        let overrides = RunOverrides::none()
            .args(args.map(Into::into))
            .overlap(self.overlap);
        let run = scheduler
            .ask(|answer| Command::RunJob {
                store: named.id,
                job,
                overrides,
                answer,
            })
            .await?;
        Ok(RunHandle::new(scheduler, named.alias, id, run?))
    }
}

/// Checks the arguments of a run as those of its job are checked. The scheduler task refuses a run
/// whose task or executor is unknown here.
fn check(shared: &Shared, job: &Job, args: &str) -> Result<(), Error> {
    let own = job.clone().with_args_json(args)?;
    limits::check(&own)?;
    let Some(task) = shared.registry.get(job.task()) else {
        return Ok(());
    };
    let place = shared.executors.get(job.executor());
    task.0.check(&CheckContext {
        states: &shared.states(),
        task: job.task(),
        args: own.args_json(),
        has_scheduler: !place.as_ref().is_some_and(Place::is_process),
    })
}

awaited!(RunJob -> RunHandle);
