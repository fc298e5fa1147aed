//! A client of stores, which begins no runs.

use std::fmt;

use chrono::{DateTime, Utc};
use punctual_core::IntoTrigger;
use punctual_store::{JobStore, Statistics};

use super::{
    AddJob, Call, CancelRun, GetJobs, IntoJobId, IntoRun, JobHandle, ModifyJob, PauseAllJobs,
    PauseJob, RemoveAllJobs, RemoveJob, RescheduleJob, ResumeAllJobs, ResumeJob, RunHandle, Runs,
    Scheduler,
};
use crate::builder::SchedulerBuilder;
use crate::error::Error;
use crate::job::snapshot::JobSnapshot;
use crate::stores::health::StoreHealth;

/// Reads and changes the jobs of stores for which other processes run the jobs, such as a page for
/// operators or a command-line tool.
///
/// A client has no node in the store, no lease and no background task. Its verbs are those of
/// [`Scheduler`], without those that run something. A scheduler of the store hears of each change
/// as fast as the store tells it.
///
/// ```
/// use punctual_store::MemoryStore;
/// use punctual_tokio::{Client, JobStatus, Scheduler};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let store = MemoryStore::new();
/// # let scheduler = Scheduler::builder().store("default", store.clone()).build()?;
/// # scheduler.add_job(async || {}, "0 9 * * mon-fri").id("report").await?;
/// let client = Client::new(store)?;
/// client.pause_job("report").await?;
/// assert_eq!(client.get_job("report").await?.unwrap().status(), JobStatus::Paused);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(Scheduler);

/// # Making a client
impl Client {
    /// Makes a client of one store, under the alias `default`.
    ///
    /// [`SchedulerBuilder::build_client`] makes a client of several stores, or with settings such as
    /// a time zone.
    ///
    /// # Errors
    ///
    /// Returns an error if the store is one that `TestClock` refuses.
    pub fn new(store: impl JobStore) -> Result<Self, Error> {
        Scheduler::builder()
            .store(crate::DEFAULT, store)
            .build_client()
    }
}

/// # Changing jobs
impl Client {
    /// Adds a job, as [`Scheduler::add_job`] does. A node of the store has to know the task.
    pub fn add_job(&self, task: impl Into<String>, trigger: impl IntoTrigger) -> AddJob {
        self.0.add_job(task.into(), trigger)
    }

    /// Changes a job, as [`Scheduler::modify_job`] does.
    pub fn modify_job(&self, id: impl IntoJobId) -> ModifyJob {
        self.0.modify_job(id)
    }

    /// Gives a job another trigger, as [`Scheduler::reschedule_job`] does.
    pub fn reschedule_job(&self, id: impl IntoJobId, trigger: impl IntoTrigger) -> RescheduleJob {
        self.0.reschedule_job(id, trigger)
    }

    /// Pauses a job, as [`Scheduler::pause_job`] does.
    pub fn pause_job(&self, id: impl IntoJobId) -> PauseJob {
        self.0.pause_job(id)
    }

    /// Resumes a job, as [`Scheduler::resume_job`] does.
    pub fn resume_job(&self, id: impl IntoJobId) -> ResumeJob {
        self.0.resume_job(id)
    }

    /// Removes a job, as [`Scheduler::remove_job`] does.
    pub fn remove_job(&self, id: impl IntoJobId) -> RemoveJob {
        self.0.remove_job(id)
    }

    /// Pauses all jobs, as [`Scheduler::pause_all_jobs`] does.
    pub fn pause_all_jobs(&self) -> PauseAllJobs {
        self.0.pause_all_jobs()
    }

    /// Resumes all jobs, as [`Scheduler::resume_all_jobs`] does.
    pub fn resume_all_jobs(&self) -> ResumeAllJobs {
        self.0.resume_all_jobs()
    }

    /// Removes all jobs, as [`Scheduler::remove_all_jobs`] does.
    pub fn remove_all_jobs(&self) -> RemoveAllJobs {
        self.0.remove_all_jobs()
    }

    /// Adds exported jobs, as [`Scheduler::import_jobs`] does.
    pub fn import_jobs(&self, json: impl Into<String>) -> Call<Vec<JobHandle>> {
        self.0.import_jobs(json)
    }
}

/// # Runs
impl Client {
    /// Cancels a run on any node, as [`Scheduler::cancel_run`] does.
    pub fn cancel_run(&self, run: impl IntoRun) -> CancelRun {
        self.0.cancel_run(run)
    }

    /// Returns a handle of a run, as [`Scheduler::run`] does. The handle waits for the end of the
    /// run on any node.
    pub fn run(&self, run: impl IntoRun) -> Call<RunHandle> {
        self.0.run(run)
    }

    /// Lists runs, as [`Scheduler::runs`] does.
    pub fn runs(&self) -> Runs {
        self.0.runs()
    }

    /// Counts the outcomes of a job, as [`Scheduler::statistics`] does.
    pub fn statistics(&self, id: impl IntoJobId) -> Call<Statistics> {
        self.0.statistics(id)
    }
}

/// # Looking at jobs
impl Client {
    /// Returns a job, as [`Scheduler::get_job`] does.
    pub fn get_job(&self, id: impl IntoJobId) -> Call<Option<JobSnapshot>> {
        self.0.get_job(id)
    }

    /// Lists jobs, as [`Scheduler::get_jobs`] does.
    pub fn get_jobs(&self) -> GetJobs {
        self.0.get_jobs()
    }

    /// Returns all jobs as JSON, as [`Scheduler::export_jobs`] does.
    pub fn export_jobs(&self) -> Call<String> {
        self.0.export_jobs()
    }

    /// Returns the time that the clock of this process shows, by which the client takes relative
    /// triggers.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    /// Returns the health of each store, which tells if the store answers.
    #[must_use]
    pub fn health(&self) -> Vec<StoreHealth> {
        self.0.health()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// # Clients
impl SchedulerBuilder {
    /// Makes a [`Client`] instead of a scheduler, which begins no runs. It needs the stores and, for
    /// jobs that it adds, the time zone, the job defaults and the executors of the schedulers.
    ///
    /// # Errors
    ///
    /// Returns an error if [`build`](Self::build) does.
    pub fn build_client(self) -> Result<Client, Error> {
        let scheduler = self.build()?;
        scheduler.shared.unstarted.is_of_client();
        Ok(Client(scheduler))
    }
}
