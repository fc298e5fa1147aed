//! Taking jobs from one scheduler to another, as JSON.

use std::sync::Arc;

use punctual_core::{Job, JobState};
use punctual_store::{Insert, JobFilter, OnConflict};
use serde::{Deserialize, Serialize};

use super::Scheduler;
use crate::error::{Error, ErrorKind};
use crate::registry::is_anonymous;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    version: u32,
    jobs: Vec<ExportedJob>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedJob {
    store: String,
    job: Job,
    state: JobState,
}

impl Scheduler {
    /// All jobs as JSON. Functions without a stable name cannot be taken along: their jobs are
    /// left out.
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn export_jobs(&self) -> Result<String, Error> {
        let jobs = self.get_jobs(JobFilter::default()).await?;
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
            Error::new(
                ErrorKind::Invalid,
                format!("jobs cannot be written: {error}"),
            )
        })
    }

    /// Adds the jobs that [`export_jobs`](Self::export_jobs) wrote, each to the store it was in.
    /// Answers how many; those whose id is taken are errors, and others are added nevertheless.
    ///
    /// # Errors
    ///
    /// If the text is none of an export, if a store is missing, or if one cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, some of the jobs may have been added.
    pub async fn import_jobs(&self, json: &str) -> Result<Vec<Result<(), Error>>, Error> {
        let export: Export = serde_json::from_str(json)
            .map_err(|error| Error::new(ErrorKind::Invalid, format!("import: {error}")))?;
        if export.version != VERSION {
            let message = format!(
                "import: version {} is unknown; this one writes {VERSION}",
                export.version
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        let mut answers = Vec::new();
        for exported in export.jobs {
            let named = self.core.store(&exported.store)?;
            let trigger = exported.job.trigger().bind(&self.core.triggers)?;
            let mut state = exported.state;
            state.running = 0;
            state.queued = 0;
            let insert = Insert {
                job: Arc::new(exported.job.with_trigger(trigger)),
                state,
                on_conflict: OnConflict::Refuse,
            };
            let added = self.insert(&named, vec![insert]).await?;
            answers.extend(added.into_iter().map(|answer| answer.map(drop)));
        }
        Ok(answers)
    }
}
