//! Takes jobs from one scheduler to another, as JSON.

use std::collections::HashSet;
use std::sync::Arc;

use punctual_core::{Job, JobId, JobState, json};
use punctual_store::{Insert, OnConflict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::add::only;
use super::{Call, JobHandle, Scheduler};
use crate::error::{Error, ErrorKind, listing};
use crate::handler::registry::is_anonymous;
use crate::json_path::joined;
use crate::nearest::with_hint;
use crate::stores::NamedStore;

const VERSION: u32 = 1;

const NOTHING_ADDED: &str = "import: nothing was added";

#[derive(Serialize)]
struct Export {
    version: u32,
    jobs: Vec<ExportedJob>,
}

/// An export whose jobs are read one by one, so that one error can tell all that is wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    version: u32,
    jobs: Vec<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedJob {
    store: String,
    job: Job,
    state: JobState,
}

/// # Export and import
impl Scheduler {
    /// Returns all jobs as JSON. Jobs whose function has no stable name are left out, since another
    /// process does not know the function.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn export_jobs(&self) -> Call<String> {
        let scheduler = self.clone();
        Call::new(async move { scheduler.exported().await })
    }

    async fn exported(&self) -> Result<String, Error> {
        let jobs = self.get_jobs().await?;
        let exported = jobs.into_iter().filter(|job| !is_anonymous(job.job.task()));
        let export = Export {
            version: VERSION,
            jobs: exported
                .map(|job| ExportedJob {
                    store: job.store.to_string(),
                    job: Job::clone(&job.job),
                    state: job.state,
                })
                .collect(),
        };
        serde_json::to_string_pretty(&export).map_err(|error| {
            Error::of(
                ErrorKind::Invalid,
                format!("jobs cannot be written: {error}"),
            )
        })
    }

    /// Adds the jobs that [`export_jobs`](Self::export_jobs) wrote, each to the store of the alias
    /// it was in. It adds all of them, or none if one cannot be added. Pauses and next fire times
    /// are kept.
    ///
    /// Tasks may be unknown on this node. Their jobs are parked until the tasks are registered.
    /// Jobs without a fire time left, whose last run was under way, are left out.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a valid export, or if a store cannot be reached. Jobs
    /// may be unreadable, name a store that is absent, or have an id that is taken. The message
    /// then lists all such jobs. If a store fails during the import, the jobs that were added are
    /// removed. The message names those that could not be removed.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, some of the jobs may have been
    /// added.
    pub fn import_jobs(&self, text: impl Into<String>) -> Call<Vec<JobHandle>> {
        let (scheduler, text) = (self.clone(), text.into());
        Call::new(async move { scheduler.import(&text).await })
    }

    async fn import(&self, text: &str) -> Result<Vec<JobHandle>, Error> {
        let export: Import = serde_json::from_str(text).map_err(|error| not_an_export(&error))?;
        // The value that was read above already holds large integers as floats.
        json::check("import", text)?;
        if export.version != VERSION {
            let message = format!(
                "import: version {} is unknown; this one writes {VERSION}",
                export.version
            );
            return Err(Error::of(ErrorKind::Invalid, message));
        }
        let mut checked = Vec::with_capacity(export.jobs.len());
        let mut problems = Vec::new();
        let mut ids = HashSet::new();
        for (index, job) in export.jobs.into_iter().enumerate() {
            let name = name_of(&job, index);
            let checked_job = self.check_import(job).await;
            match checked_job.map_err(|error| error.inside(&format!("jobs[{index}]"))) {
                // The job would wait for ever, since its last run is in another scheduler.
                Ok((_, insert)) if insert.state.finished => {}
                Ok((_, insert)) if !ids.insert(insert.job.id().clone()) => {
                    let problem = "comes twice; give each job its own id";
                    problems.push(format!("{name}: jobs[{index}].job.id: {problem}"));
                }
                Ok(import) => checked.push(import),
                Err(error) => problems.push(format!("{name}: {error}")),
            }
        }
        if !problems.is_empty() {
            return Err(listing(ErrorKind::Invalid, NOTHING_ADDED, &problems));
        }
        self.insert_all(checked).await
    }

    /// Checks what can be known before anything is added.
    async fn check_import(&self, job: Value) -> Result<(NamedStore, Insert), Error> {
        let exported = read_job(job)?;
        let named = self.shared.store(&exported.store)?;
        let trigger = exported.job.trigger().bind(&self.shared.triggers)?;
        if self.shared.look_for(exported.job.id()).await?.is_some() {
            let error = Error::new(ErrorKind::Conflict, "job.id", "is taken by another job");
            return Err(error.with_hint("give it another id, or remove that job first"));
        }
        let insert = Insert::new(
            Arc::new(exported.job.with_trigger(trigger)),
            exported.state,
            self.now(),
        )
        .on_conflict(OnConflict::Refuse);
        Ok((named, insert))
    }

    /// Adds all jobs, or removes those that it has added. Another caller may have taken one of the
    /// ids first.
    async fn insert_all(&self, jobs: Vec<(NamedStore, Insert)>) -> Result<Vec<JobHandle>, Error> {
        let mut added = Vec::with_capacity(jobs.len());
        for (named, insert) in jobs {
            match self.insert(&named, vec![insert]).await.and_then(only) {
                Ok(stored) => added.push((named, stored.job.id().clone())),
                Err(error) => return Err(self.take_back(added, error).await),
            }
        }
        let ids = added.iter().map(|(_, id)| self.handle(id));
        Ok(ids.collect())
    }

    /// Removes what was added. Jobs that code declares do not count as removed by hand.
    async fn take_back(&self, added: Vec<(NamedStore, JobId)>, why: Error) -> Error {
        let mut left = Vec::new();
        for (named, id) in added {
            // A job that another caller has removed is gone all the same.
            if let Err(error) = self.take_out(&named, &id).await {
                left.push(format!(
                    "job `{id}` was added and cannot be removed: {error}"
                ));
            }
        }
        let head = if left.is_empty() {
            NOTHING_ADDED
        } else {
            "import: broken off"
        };
        left.insert(0, why.to_string());
        listing(why.kind(), head, &left).telling(why)
    }
}

fn not_an_export(error: &serde_json::Error) -> Error {
    let problem = with_hint(&error.to_string());
    let error = Error::new(ErrorKind::Invalid, "import", problem);
    error.with_hint("give the text that `export_jobs` returned")
}

/// Reads one job of an export. The error names the place within the job.
fn read_job(job: Value) -> Result<ExportedJob, Error> {
    serde_path_to_error::deserialize(job).map_err(|error| {
        let (path, problem) = (error.path().to_string(), error.inner().to_string());
        let path = if path == "." { "" } else { &*path };
        let (path, problem) = joined(path, &problem);
        Error::new(ErrorKind::Invalid, path.into_owned(), with_hint(problem))
    })
}

/// Names a job so that a person finds it in the file.
fn name_of(job: &Value, index: usize) -> String {
    match job.pointer("/job/id").and_then(Value::as_str) {
        Some(id) => format!("job `{id}`"),
        None => format!("job {}", index + 1),
    }
}
