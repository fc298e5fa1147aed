//! Warns a caller whose program adds one more copy of a job at each start.

use punctual_core::{Job, Trigger};
use punctual_store::{Error, JobFilter};

use crate::random_id::is_made_up;
use crate::shared::Shared;
use crate::stores::NamedStore;

/// The number of jobs of a task that are looked at.
const LOOKED_AT: usize = 1_000;

impl Shared {
    /// Warns of a job without an id of its own in a store that survives the process. The store gets
    /// one more such job at each start.
    pub(crate) async fn hint_at_doubles(&self, named: &NamedStore, job: &Job) -> Result<(), Error> {
        let is_once = matches!(job.trigger(), Trigger::Date(_));
        let is_kept = named.store.capabilities().persistent;
        if is_once || !is_kept || !is_made_up(job.id().as_str()) {
            return Ok(());
        }
        if !self.hints.is_new(format!("doubles of {}", job.task())) {
            return Ok(());
        }
        let filter = JobFilter {
            task: Some(job.task().to_string()),
            limit: LOOKED_AT,
            ..JobFilter::default()
        };
        let jobs = named.store.list(filter).await?.jobs;
        let double = jobs.iter().find(|stored| {
            let other = &stored.job;
            other.id() != job.id()
                && is_made_up(other.id().as_str())
                && other.trigger() == job.trigger()
                && other.args_json() == job.args_json()
        });
        if let Some(double) = double {
            tracing::warn!(
                job = %job.id(),
                like = %double.job.id(),
                task = %job.task(),
                store = %named.alias,
                "a job like this one is stored under an id that was made up: a program that adds it at each start adds one more each time; give it `.id(..)` and `.replace_existing()`, or declare it"
            );
        }
        Ok(())
    }
}
