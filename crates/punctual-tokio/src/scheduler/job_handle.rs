//! Names a job by its id, with the verbs of the scheduler.

use chrono::{DateTime, Utc};
use punctual_core::{IntoTrigger, JobId, RunId};
use punctual_store::Statistics;

use crate::command::RunningRun;
use crate::error::{Error, no_job};
use crate::job::snapshot::JobSnapshot;
use crate::scheduler::{ModifyJob, Resume, Runs, WeakScheduler};

/// A job that was added. The handle keeps nothing alive, and it names the job that has the id now.
/// Its verbs work while the scheduler runs or a handle of the scheduler is held.
#[derive(Debug, Clone)]
pub struct JobHandle {
    scheduler: WeakScheduler,
    id: JobId,
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl JobHandle {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// Returns an error if the verb of the scheduler does, or if the scheduler is gone.
                ///
                /// # Cancel safety
                ///
                /// This method is as cancel safe as the verb of the scheduler.
                pub async fn $name(&self $(, $argument: $kind)*) -> Result<$answer, Error> {
                    self.scheduler.require()?.$name(&self.id $(, $argument)*).await
                }
            )*
        }
    };
}

verbs! {
    /// Reads the job. See [`Scheduler::get_job`](crate::Scheduler::get_job).
    get_job() -> Option<JobSnapshot>;
    /// Gives the job another trigger. See
    /// [`Scheduler::reschedule_job`](crate::Scheduler::reschedule_job).
    reschedule_job(trigger: impl IntoTrigger) -> ();
    /// Pauses the job. See [`Scheduler::pause_job`](crate::Scheduler::pause_job).
    pause_job() -> ();
    /// Resumes the job. See [`Scheduler::resume_job`](crate::Scheduler::resume_job).
    resume_job(resume: Resume) -> ();
    /// Runs the job now. See [`Scheduler::run_job`](crate::Scheduler::run_job).
    run_job() -> RunId;
    /// Removes the job. See [`Scheduler::remove_job`](crate::Scheduler::remove_job).
    remove_job() -> ();
    /// Counts the outcomes of the job. See [`Scheduler::statistics`](crate::Scheduler::statistics).
    statistics() -> Statistics;
}

impl JobHandle {
    pub(crate) fn new(scheduler: WeakScheduler, id: JobId) -> Self {
        Self { scheduler, id }
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// Changes the job. See [`Scheduler::modify_job`](crate::Scheduler::modify_job).
    pub fn modify_job(&self) -> ModifyJob {
        ModifyJob::new(self.scheduler.require(), Ok(self.id.clone()))
    }

    /// Returns the job's next fire times, at most `count`. A paused job has none.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be reached, or if the job or the scheduler is gone.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn upcoming(&self, count: usize) -> Result<Vec<DateTime<Utc>>, Error> {
        let found = self.scheduler.require()?.get_job(&self.id).await?;
        let job = found.ok_or_else(|| no_job(&self.id))?;
        let next = job.next_run_time();
        let anchor = job.state.anchor.or(next).unwrap_or_default();
        let trigger = job.job.trigger().anchored(anchor);
        let fire_times = std::iter::successors(next, |last| trigger.after(*last));
        Ok(fire_times.take(count).collect())
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
    pub async fn running(&self) -> Result<Vec<RunningRun>, Error> {
        let mut running = self.scheduler.require()?.running().await?;
        running.retain(|run| run.job == self.id);
        Ok(running)
    }

    /// Lists the job's runs, the newest first. See [`Scheduler::runs`](crate::Scheduler::runs).
    pub fn runs(&self) -> Runs {
        Runs::new(self.scheduler.require()).job(&self.id)
    }
}
