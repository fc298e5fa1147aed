//! Reads and lists jobs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{Job, JobId, legible};
use punctual_store::{DueRequest, JobFilter, StoredJob};

use super::{IntoJobId, Scheduler, job_id};
use crate::error::{Error, ErrorKind};
use crate::handler::registry::legible as legible_task;
use crate::job::snapshot::{JobSnapshot, JobStatus};
use crate::stores::NamedStore;

/// A future fire time of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upcoming {
    /// The time at which the job fires.
    pub fire_time: DateTime<Utc>,
    /// The job that fires.
    pub job: JobId,
    /// The alias of its store.
    pub store: Arc<str>,
}

impl Scheduler {
    /// Reads a job from the first store that holds a job of this id.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached, or if the id is not a valid id.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn get_job(&self, id: impl IntoJobId) -> Result<Option<JobSnapshot>, Error> {
        match self.shared.find(&job_id(id)?).await {
            Ok((named, stored)) => Ok(Some(self.shared.snapshot(&named, stored))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists jobs of all stores together, in the order of their ids or in the order of the filter.
    /// The filter's limit and place count for all stores together, too.
    ///
    /// For a list that is shown page by page, see [`get_jobs_page`](Self::get_jobs_page).
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn get_jobs(&self, filter: JobFilter) -> Result<Vec<JobSnapshot>, Error> {
        Ok(self.page_of_jobs(filter, None).await?.items)
    }

    /// Lists jobs of one store, in the order of their ids or in the order of the filter.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no store of this alias, or if the store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn get_jobs_of(
        &self,
        store: &str,
        filter: JobFilter,
    ) -> Result<Vec<JobSnapshot>, Error> {
        self.list_store(&self.shared.store(store)?, filter).await
    }

    async fn list_store(
        &self,
        named: &NamedStore,
        filter: JobFilter,
    ) -> Result<Vec<JobSnapshot>, Error> {
        let found = named.store.list(filter).await?.jobs.into_iter();
        Ok(found
            .map(|stored| self.shared.snapshot(named, stored))
            .collect())
    }

    /// Returns the next fire times of all jobs together, at most `count`.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn upcoming(&self, count: usize) -> Result<Vec<Upcoming>, Error> {
        let mut jobs = Vec::new();
        for named in self.shared.stores() {
            let request = DueRequest::through(DateTime::<Utc>::MAX_UTC, count);
            let due = named.store.due(request).await?.jobs.into_iter();
            jobs.extend(due.map(|due| (Arc::clone(&named.alias), due.stored)));
        }
        // The nearest fire time of all jobs comes first. Its place is then taken by the next fire
        // time of the same job.
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

    /// Writes a table of all jobs, with the name, the rule and the next run of each. Of a parked
    /// job the table tells what the job lacks on this node.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached, or if the table cannot be written.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, a part of the table may have been
    /// written.
    pub async fn print_jobs(&self, mut out: impl io::Write) -> Result<(), Error> {
        for named in self.shared.stores() {
            let jobs = self.list_store(&named, JobFilter::default()).await?;
            self.print(&named, &jobs, &mut out).map_err(unwritten)?;
        }
        Ok(())
    }

    /// Writes a table of the jobs of one store.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no store of this alias, if the store cannot be reached, or if
    /// the table cannot be written.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, a part of the table may have been
    /// written.
    pub async fn print_jobs_of(&self, store: &str, mut out: impl io::Write) -> Result<(), Error> {
        let named = self.shared.store(store)?;
        let jobs = self.list_store(&named, JobFilter::default()).await?;
        self.print(&named, &jobs, &mut out).map_err(unwritten)
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
                (_, Some(next)) => format!("next run at: {}", self.shared.zone.local(next)),
                (status, None) => format!("{status:?}").to_lowercase(),
            };
            let (name, rule) = (legible(job.job.name()), job.job.trigger().describe());
            writeln!(out, "    {name} (trigger: {rule}, {next})")?;
        }
        Ok(())
    }

    /// Names what a parked job lacks on this node.
    fn missing(&self, job: &Job) -> String {
        let (task, executor) = (job.task(), job.executor());
        if self.shared.registry.get(task).is_none() {
            format!("no task `{}` here", legible_task(task))
        } else if !self.shared.executors.has(executor) {
            format!("no executor `{executor}` here")
        } else {
            "no code of its trigger here".to_owned()
        }
    }
}

fn unwritten(error: io::Error) -> Error {
    let message = format!("the table cannot be written: {error}");
    Error::of(ErrorKind::Io, message).telling(error)
}
