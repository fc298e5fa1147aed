//! Names a job by its id, with the verbs of the scheduler.

use chrono::{DateTime, Utc};
use punctual_core::{IntoTrigger, JobId};
use punctual_store::Statistics;

use super::{
    Call, IntoJobId, ModifyJob, PauseJob, RemoveJob, RescheduleJob, ResumeJob, RunJob, Runs,
    Scheduler, job_id,
};
use crate::error::Error;
use crate::job::snapshot::JobSnapshot;
use crate::report::RunningRun;

/// A job of a scheduler, by its id. The handle names the job that has the id now.
///
/// A started scheduler goes on without any handle, and a handle of a job keeps nothing that the
/// scheduler was given after its shutdown. See [`Scheduler`].
///
/// ```
/// # use punctual_core::Crontab;
/// # use punctual_tokio::Scheduler;
/// # async fn tick() {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::builder().build()?;
/// let job = scheduler.add_job(tick, Crontab::new("@hourly")).id("tick").await?;
/// job.pause().await?;
/// job.resume().catch_up().await?;
/// job.modify().name("Tock").await?;
/// job.reschedule(Crontab::new("*/15 * * * *")).await?;
/// println!("{:?}", job.next_run_time().await?);
/// job.remove().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct JobHandle {
    scheduler: Scheduler,
    id: JobId,
}

/// # Handles of jobs
impl Scheduler {
    /// Returns a handle of the job with this id, without asking a store. The verbs of the handle
    /// tell if there is no such job.
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// let job = scheduler.job("report")?;
    /// assert!(job.pause().await.unwrap_err().is_not_found());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a valid id.
    pub fn job(&self, id: impl IntoJobId) -> Result<JobHandle, Error> {
        Ok(JobHandle::new(self.clone(), job_id(id)?))
    }
}

impl JobHandle {
    pub(super) fn new(scheduler: Scheduler, id: JobId) -> Self {
        Self { scheduler, id }
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// Returns the scheduler of the job.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Reads the job. See [`Scheduler::get_job`].
    pub fn get(&self) -> Call<Option<JobSnapshot>> {
        self.scheduler.get_job(&self.id)
    }

    /// Pauses the job. See [`Scheduler::pause_job`].
    pub fn pause(&self) -> PauseJob {
        self.scheduler.pause_job(&self.id)
    }

    /// Resumes the job. See [`Scheduler::resume_job`].
    pub fn resume(&self) -> ResumeJob {
        self.scheduler.resume_job(&self.id)
    }

    /// Removes the job. See [`Scheduler::remove_job`].
    pub fn remove(&self) -> RemoveJob {
        self.scheduler.remove_job(&self.id)
    }

    /// Runs the job now. See [`Scheduler::run_job`].
    pub fn run(&self) -> RunJob {
        self.scheduler.run_job(&self.id)
    }

    /// Changes the job. See [`Scheduler::modify_job`].
    pub fn modify(&self) -> ModifyJob {
        self.scheduler.modify_job(&self.id)
    }

    /// Gives the job another trigger. See [`Scheduler::reschedule_job`].
    pub fn reschedule(&self, trigger: impl IntoTrigger) -> RescheduleJob {
        self.scheduler.reschedule_job(&self.id, trigger)
    }

    /// Counts the outcomes of the job. See [`Scheduler::statistics`].
    pub fn statistics(&self) -> Call<Statistics> {
        self.scheduler.statistics(&self.id)
    }

    /// Returns the job's next fire time. A paused job has none.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be reached, or if the job is gone.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn next_run_time(&self) -> Call<Option<DateTime<Utc>>> {
        let handle = self.clone();
        Call::new(async move { Ok(handle.snapshot().await?.next_run_time()) })
    }

    /// Returns the job's next fire times, at most `count`. A paused job has none.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be reached, or if the job is gone.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn upcoming(&self, count: usize) -> Call<Vec<DateTime<Utc>>> {
        let handle = self.clone();
        Call::new(async move {
            let job = handle.snapshot().await?;
            let next = job.next_run_time();
            let anchor = job.state.anchor.or(next).unwrap_or_default();
            let trigger = job.job.trigger().anchored(anchor);
            let fire_times = std::iter::successors(next, |last| trigger.after(*last));
            Ok(fire_times.take(count).collect())
        })
    }

    /// Returns the job's runs that are under way on this node.
    ///
    /// # Errors
    ///
    /// Returns an error if the scheduler does not run.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn running(&self) -> Call<Vec<RunningRun>> {
        let handle = self.clone();
        Call::new(async move {
            let mut running = handle.scheduler.running().await?;
            running.retain(|run| run.job == handle.id);
            Ok(running)
        })
    }

    /// Lists the job's runs, the newest first. See [`Scheduler::runs`].
    pub fn runs(&self) -> Runs {
        self.scheduler.runs().job(&self.id)
    }

    async fn snapshot(&self) -> Result<JobSnapshot, Error> {
        match self.get().await? {
            Some(job) => Ok(job),
            None => Err(self.scheduler.shared.no_job(&self.id).await),
        }
    }
}
