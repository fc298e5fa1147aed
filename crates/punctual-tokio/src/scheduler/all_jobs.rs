//! Removes, pauses and resumes many jobs.

use std::sync::Arc;

use punctual_core::JobId;
use punctual_core::plan::Resume;
use punctual_store::JobFilter;

use super::Scheduler;
use super::call::awaited;
use super::get_jobs::GetJobs;
use crate::error::Error;
use crate::events::event::EventKind;
use crate::job::snapshot::JobSnapshot;
use crate::stores::NamedStore;

/// # Changing many jobs
impl Scheduler {
    /// Removes all jobs, or those of one [store](RemoveAllJobs::store) or with one
    /// [tag](RemoveAllJobs::tag), and returns their number. Declared jobs stay away, as after
    /// [`remove_job`](Self::remove_job).
    ///
    /// ```
    /// # use punctual_core::Crontab;
    /// # use punctual_tokio::Scheduler;
    /// # async fn bill() {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// scheduler.add_job(bill, Crontab::new("@daily")).tag("billing").await?;
    /// scheduler.add_job(bill, Crontab::new("@daily")).await?;
    /// assert_eq!(scheduler.pause_all_jobs().tag("billing").await?, 1);
    /// assert_eq!(scheduler.resume_all_jobs().await?, 1);
    /// assert_eq!(scheduler.remove_all_jobs().store("default").await?, 2);
    /// # Ok(()) }
    /// ```
    pub fn remove_all_jobs(&self) -> RemoveAllJobs {
        RemoveAllJobs {
            of: Selection::all(self),
        }
    }

    /// Pauses all jobs on all nodes, or those of one store or with one tag. Returns the number of
    /// jobs that were paused by this call. Jobs that are added later run. See
    /// [`pause_job`](Self::pause_job).
    ///
    /// To start no runs of any job on this node, [`pause`](Self::pause) the scheduler.
    pub fn pause_all_jobs(&self) -> PauseAllJobs {
        PauseAllJobs {
            of: Selection::all(self),
        }
    }

    /// Resumes all paused jobs, or those of one store or with one tag. Returns the number of jobs
    /// that were resumed by this call. See [`resume_job`](Self::resume_job).
    pub fn resume_all_jobs(&self) -> ResumeAllJobs {
        ResumeAllJobs {
            of: Selection::all(self),
            resume: Resume::SkipMissed,
        }
    }

    /// Removes the jobs of a store. Closures of jobs that are added concurrently stay.
    async fn clear(&self, named: &NamedStore) -> Result<u64, Error> {
        let jobs = if named.store.capabilities().persistent {
            Vec::new()
        } else {
            named.store.list(JobFilter::default()).await?.jobs
        };
        let count = named.store.clear(self.now()).await?;
        self.shared.unstarted.cleared(named);
        for stored in jobs {
            self.shared.registry.unused(stored.job.task());
        }
        Ok(count)
    }
}

/// The jobs that a verb is about.
#[derive(Debug)]
struct Selection {
    scheduler: Scheduler,
    store: Option<String>,
    tag: Option<String>,
}

impl Selection {
    fn all(scheduler: &Scheduler) -> Self {
        Self {
            scheduler: scheduler.clone(),
            store: None,
            tag: None,
        }
    }

    /// Reads the ids of the jobs, or of those that are paused or not.
    async fn jobs(&self, paused: Option<bool>) -> Result<Vec<(NamedStore, JobId)>, Error> {
        let shared = &self.scheduler.shared;
        let filter = JobFilter {
            tag: self.tag.clone(),
            paused,
            ..JobFilter::default()
        };
        let jobs = GetJobs::of(&self.scheduler, filter, self.store.clone()).await?;
        let named = |job: JobSnapshot| Ok((shared.store(job.store())?, job.id().clone()));
        jobs.into_iter().map(named).collect()
    }
}

/// Returns whether a job was changed. A job that another caller has removed first was not.
fn is_changed(changed: Result<bool, Error>) -> Result<bool, Error> {
    match changed {
        Err(error) if error.is_not_found() => Ok(false),
        changed => changed,
    }
}

macro_rules! selects {
    ($verb:ident) => {
        impl $verb {
            /// Selects the jobs of one store. By default the jobs of all stores are meant.
            pub fn store(mut self, alias: impl Into<String>) -> Self {
                self.of.store = Some(alias.into());
                self
            }

            /// Selects the jobs with this tag.
            pub fn tag(mut self, tag: impl Into<String>) -> Self {
                self.of.tag = Some(tag.into());
                self
            }
        }

        awaited!($verb -> u64);
    };
}

/// Jobs that are about to be removed. See [`Scheduler::remove_all_jobs`].
///
/// # Errors
///
/// Awaiting it returns an error if there is no store of the alias, or if a store cannot be reached.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. If the future is dropped, some of the jobs may have been
/// removed.
#[derive(Debug)]
#[must_use = "jobs are removed only when this is awaited"]
pub struct RemoveAllJobs {
    of: Selection,
}

selects!(RemoveAllJobs);

impl RemoveAllJobs {
    async fn perform(self) -> Result<u64, Error> {
        let scheduler = &self.of.scheduler;
        let mut count = 0;
        if self.of.tag.is_some() {
            for (named, id) in self.of.jobs(None).await? {
                count += u64::from(is_changed(scheduler.remove(&named, &id).await)?);
            }
            return Ok(count);
        }
        let bus = &scheduler.shared.bus;
        let mut cleared: Vec<Arc<str>> = Vec::new();
        for named in scheduler.shared.asked(self.of.store.as_deref())? {
            match scheduler.clear(&named).await {
                Ok(removed) => count += removed,
                Err(error) => {
                    for alias in cleared {
                        bus.emit(|| EventKind::AllJobsRemoved(Some(alias)));
                    }
                    return Err(error);
                }
            }
            cleared.push(named.alias);
        }
        let alias = self.of.store.map(Arc::from);
        bus.emit(|| EventKind::AllJobsRemoved(alias));
        Ok(count)
    }
}

/// Jobs that are about to be paused. See [`Scheduler::pause_all_jobs`].
///
/// # Errors
///
/// Awaiting it returns an error if there is no store of the alias, or if a store cannot be reached.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. If the future is dropped, some of the jobs may be paused.
#[derive(Debug)]
#[must_use = "jobs are paused only when this is awaited"]
pub struct PauseAllJobs {
    of: Selection,
}

selects!(PauseAllJobs);

impl PauseAllJobs {
    async fn perform(self) -> Result<u64, Error> {
        let mut count = 0;
        for (named, id) in self.of.jobs(Some(false)).await? {
            let changed = self.of.scheduler.pause_in(Some(&named), &id).await;
            count += u64::from(is_changed(changed)?);
        }
        Ok(count)
    }
}

/// Jobs that are about to be resumed. See [`Scheduler::resume_all_jobs`].
///
/// # Errors
///
/// Awaiting it returns an error if there is no store of the alias, or if a store cannot be reached.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. If the future is dropped, some of the jobs may be resumed.
#[derive(Debug)]
#[must_use = "jobs are resumed only when this is awaited"]
pub struct ResumeAllJobs {
    of: Selection,
    resume: Resume,
}

selects!(ResumeAllJobs);

impl ResumeAllJobs {
    /// Lets the policies of the jobs decide about the fire times that came due in the pause.
    pub fn catch_up(mut self) -> Self {
        self.resume = Resume::CatchUp;
        self
    }

    async fn perform(self) -> Result<u64, Error> {
        let mut count = 0;
        for (named, id) in self.of.jobs(Some(true)).await? {
            let scheduler = &self.of.scheduler;
            let changed = scheduler.resume_in(Some(&named), &id, self.resume).await;
            count += u64::from(is_changed(changed)?);
        }
        Ok(count)
    }
}
