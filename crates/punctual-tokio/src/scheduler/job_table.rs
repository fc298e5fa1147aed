//! A table of all jobs, for people.

use std::fmt;
use std::sync::Arc;

use punctual_core::legible;

use super::Scheduler;
use super::call::Call;
use crate::error::Error;
use crate::handler::registry::legible as legible_task;
use crate::job::snapshot::{JobSnapshot, JobStatus};

/// # A table of jobs
impl Scheduler {
    /// Reads a table of all jobs, with the name, the rule and the next run of each. Of a parked job
    /// the table tells what the job lacks on this node.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = punctual_tokio::Scheduler::builder().build()?;
    /// println!("{}", scheduler.job_table().await?);
    /// # assert_eq!(scheduler.job_table().await?.to_string(), "Jobstore default:\n    No scheduled jobs");
    /// # Ok(()) }
    /// ```
    #[doc(alias = "print_jobs")]
    pub fn job_table(&self) -> GetJobTable {
        GetJobTable {
            scheduler: self.clone(),
            store: None,
        }
    }
}

/// A table of jobs that is being asked for. `await` it.
///
/// # Errors
///
/// Returns an error if there is no store of the alias, or if a store cannot be reached.
///
/// # Cancel safety
///
/// This call is cancel safe. It changes nothing.
#[derive(Debug, Clone)]
#[must_use = "a table is read when it is awaited"]
pub struct GetJobTable {
    scheduler: Scheduler,
    store: Option<String>,
}

impl GetJobTable {
    /// Selects jobs of the store with this alias.
    pub fn store(mut self, alias: impl Into<String>) -> Self {
        self.store = Some(alias.into());
        self
    }

    async fn read(self) -> Result<JobTable, Error> {
        let shared = &self.scheduler.shared;
        let stores = shared.asked(self.store.as_deref())?;
        let mut sections = Vec::with_capacity(stores.len());
        for named in stores {
            let jobs = self.scheduler.get_jobs().store(&*named.alias).await?;
            let lines = jobs.iter().map(|job| self.line(job)).collect();
            sections.push((named.alias, lines));
        }
        Ok(JobTable { sections })
    }

    fn line(&self, job: &JobSnapshot) -> String {
        let next = match (job.status(), job.next_run_time()) {
            (JobStatus::Parked, _) => format!("parked: {}", self.missing(job)),
            (_, Some(next)) => {
                let zone = &self.scheduler.shared.zone;
                format!("next run at: {}", zone.local(next))
            }
            (status, None) => format!("{status:?}").to_lowercase(),
        };
        let (name, rule) = (legible(job.name()), job.trigger().describe());
        format!("{name} (trigger: {rule}, {next})")
    }

    /// Names what a parked job lacks on this node.
    fn missing(&self, job: &JobSnapshot) -> String {
        let shared = &self.scheduler.shared;
        let (task, executor) = (job.task(), job.executor());
        if shared.registry.get(task).is_none() {
            format!("no task `{}` here", legible_task(task))
        } else if !shared.executors.has(executor) {
            format!("no executor `{executor}` here")
        } else {
            "no code of its trigger here".to_owned()
        }
    }
}

impl IntoFuture for GetJobTable {
    type Output = Result<JobTable, Error>;
    type IntoFuture = Call<JobTable>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(self.read())
    }
}

/// A table of jobs, as [`job_table`](Scheduler::job_table) reads it. `Display` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobTable {
    /// The alias of each store, with a line for each job.
    sections: Vec<(Arc<str>, Vec<String>)>,
}

impl fmt::Display for JobTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (store, jobs)) in self.sections.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "Jobstore {store}:")?;
            if jobs.is_empty() {
                write!(f, "\n    No scheduled jobs")?;
            }
            for job in jobs {
                write!(f, "\n    {job}")?;
            }
        }
        Ok(())
    }
}
