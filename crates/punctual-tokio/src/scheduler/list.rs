//! Looking at jobs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobId, JobState, legible};
use punctual_store::{DueRequest, JobFilter, StoredJob};

use super::{Scheduler, job_id};
use crate::core::{Core, NamedStore};
use crate::error::Error;
use crate::handler::registry::legible as legible_task;

/// A job as it stood when it was read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobSnapshot {
    /// The alias of its store.
    pub store: Arc<str>,
    /// What was asked for.
    pub job: Arc<Job>,
    /// How it stood.
    pub state: JobState,
    /// Whether this node has its task and the code of its trigger.
    pub is_known: bool,
}

/// How a job stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobStatus {
    /// It waits for its next fire time.
    Scheduled,
    /// It was paused.
    Paused,
    /// Its task, its executor or the code of its trigger is not known here; it runs again once it
    /// is.
    Parked,
    /// Its trigger could not be decided; an edit helps.
    Stuck,
    /// Its trigger has no further fire time; it leaves with its last run.
    Finished,
}

impl JobSnapshot {
    pub(crate) fn new(core: &Core, named: &NamedStore, stored: StoredJob) -> Self {
        let is_known = core.code_of(&stored.job).is_ok() && stored.job.trigger().is_bound();
        Self {
            store: Arc::clone(&named.alias),
            job: stored.job,
            state: stored.state,
            is_known,
        }
    }

    /// How the job stands.
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

    /// The nominal time of its next run, if it is not paused.
    #[must_use]
    pub fn next_run_time(&self) -> Option<DateTime<Utc>> {
        self.state.next_run_time.filter(|_| !self.state.paused)
    }
}

/// A fire time to come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upcoming {
    /// When it is.
    pub fire_time: DateTime<Utc>,
    /// Which job fires.
    pub job: JobId,
    /// The alias of its store.
    pub store: Arc<str>,
}

impl Scheduler {
    /// Reads a job, from the first store that holds one of this id.
    ///
    /// # Errors
    ///
    /// If a store cannot be reached, or the id is none.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn get_job(&self, id: impl AsRef<str>) -> Result<Option<JobSnapshot>, Error> {
        match self.core.find(&job_id(id)?).await {
            Ok((named, stored)) => Ok(Some(JobSnapshot::new(&self.core, &named, stored))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists jobs of all stores together, in the order of their ids or in that of the filter. The
    /// filter's limit and place count for all stores together, too.
    ///
    /// For a list that is shown page by page, see [`get_jobs_page`](Self::get_jobs_page).
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn get_jobs(&self, filter: JobFilter) -> Result<Vec<JobSnapshot>, Error> {
        Ok(self.page_of_jobs(filter, None).await?.items)
    }

    /// Lists jobs of one store, in the order of their ids or in that of the filter.
    ///
    /// # Errors
    ///
    /// If there is no store of this alias, or it cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn get_jobs_of(
        &self,
        store: &str,
        filter: JobFilter,
    ) -> Result<Vec<JobSnapshot>, Error> {
        self.list_store(&self.core.store(store)?, filter).await
    }

    async fn list_store(
        &self,
        named: &NamedStore,
        filter: JobFilter,
    ) -> Result<Vec<JobSnapshot>, Error> {
        let found = named.store.list(filter).await?.jobs.into_iter();
        Ok(found
            .map(|stored| JobSnapshot::new(&self.core, named, stored))
            .collect())
    }

    /// The next fire times of all jobs together, at most `count`.
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn upcoming(&self, count: usize) -> Result<Vec<Upcoming>, Error> {
        let mut jobs = Vec::new();
        for named in self.core.stores() {
            let request = DueRequest::through(DateTime::<Utc>::MAX_UTC, count);
            let due = named.store.due(request).await?.jobs.into_iter();
            jobs.extend(due.map(|due| (Arc::clone(&named.alias), due.stored)));
        }
        // The nearest of all jobs comes first; it then stands for the job's fire time after it.
        let next_of =
            |index: usize, stored: &StoredJob| Some(Reverse((stored.state.next_run_time?, index)));
        let mut nearest: BinaryHeap<_> = jobs
            .iter()
            .enumerate()
            .filter_map(|(index, (_, stored))| next_of(index, stored))
            .collect();
        let mut upcoming = Vec::new();
        while upcoming.len() < count {
            let Some(Reverse((fire_time, index))) = nearest.pop() else {
                break;
            };
            let (store, stored) = &jobs[index];
            upcoming.push(Upcoming {
                fire_time,
                job: stored.job.id().clone(),
                store: Arc::clone(store),
            });
            let anchor = stored.state.anchor.unwrap_or(fire_time);
            let after = stored.job.trigger().anchored(anchor).after(fire_time);
            nearest.extend(after.map(|next| Reverse((next, index))));
        }
        Ok(upcoming)
    }

    /// Writes a table of all jobs: name, rule, and when each runs next; of one that is parked, what
    /// it lacks on this node.
    ///
    /// # Errors
    ///
    /// If a store cannot be reached, or the table cannot be written.
    ///
    /// # Cancel safety
    ///
    /// A part of the table may have been written.
    pub async fn print_jobs(&self, mut out: impl io::Write) -> Result<(), Error> {
        for named in self.core.stores() {
            let jobs = self.list_store(&named, JobFilter::default()).await?;
            self.print(&named, &jobs, &mut out)
                .map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }

    /// Writes a table of the jobs of one store.
    ///
    /// # Errors
    ///
    /// If there is no store of this alias, it cannot be reached, or the table cannot be written.
    ///
    /// # Cancel safety
    ///
    /// A part of the table may have been written.
    pub async fn print_jobs_of(&self, store: &str, mut out: impl io::Write) -> Result<(), Error> {
        let named = self.core.store(store)?;
        let jobs = self.list_store(&named, JobFilter::default()).await?;
        self.print(&named, &jobs, &mut out)
            .map_err(|error| unwritten(&error))
    }

    fn print(
        &self,
        named: &NamedStore,
        jobs: &[JobSnapshot],
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        writeln!(out, "Jobstore {}:", named.alias)?;
        if jobs.is_empty() {
            writeln!(out, "    No scheduled jobs")?;
        }
        for job in jobs {
            let next = match (job.status(), job.next_run_time()) {
                (JobStatus::Parked, _) => format!("parked: {}", self.missing(&job.job)),
                (_, Some(next)) => format!("next run at: {}", self.core.zone.local(next)),
                (status, None) => format!("{status:?}").to_lowercase(),
            };
            let (name, rule) = (legible(job.job.name()), job.job.trigger().describe());
            writeln!(out, "    {name} (trigger: {rule}, {next})")?;
        }
        Ok(())
    }

    /// What a parked job lacks on this node.
    fn missing(&self, job: &Job) -> String {
        let (task, executor) = (job.task(), job.executor());
        if self.core.registry.get(task).is_none() {
            format!("no task `{}` here", legible_task(task))
        } else if !self.core.executors.has(executor) {
            format!("no executor `{executor}` here")
        } else {
            "no code of its trigger here".to_owned()
        }
    }
}

fn unwritten(error: &io::Error) -> Error {
    let message = format!("the table cannot be written: {error}");
    Error::new(crate::ErrorKind::Invalid, message)
}
