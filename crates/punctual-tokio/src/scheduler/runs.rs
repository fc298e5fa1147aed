//! Tells which runs are under way, and counts outcomes.

use std::collections::HashMap;

use punctual_core::{JobId, Run, RunState};
use punctual_store::Statistics;

use super::{Call, IntoJobId, Scheduler, job_id};
use crate::command::Command;
use crate::error::{Error, no_job};
use crate::report::RunningRun;
use crate::stores::NamedStore;

/// # Runs under way and statistics
impl Scheduler {
    /// Returns the runs that are under way on this node. A run that waits for a place of its
    /// executor is one of them, since it has its place among the instances of its job.
    ///
    /// # Errors
    ///
    /// Returns an error if the scheduler does not run.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn running(&self) -> Call<Vec<RunningRun>> {
        let scheduler = self.clone();
        Call::new(async move { scheduler.ask(Command::Running).await })
    }

    /// Fills in the starts and attempts of runs that are under way here. A store learns of an
    /// attempt with its end.
    pub(super) async fn add_progress(&self, named: &NamedStore, runs: &mut [Run]) {
        if !runs.iter().any(is_running) {
            return;
        }
        // A scheduler that does not run, or that ends now, has nothing under way.
        let running = self.running().await.unwrap_or_default();
        let running = running.into_iter().filter(|run| run.store == named.alias);
        let here: HashMap<_, _> = running.map(|run| (run.run, run)).collect();
        for run in runs.iter_mut().filter(|run| is_running(run)) {
            if let Some(here) = here.get(&run.id) {
                run.started = run.started.or(here.started);
                run.attempts = run.attempts.max(here.attempts);
            }
        }
    }

    /// Counts the outcomes of all fire times of a job since it was added, even of those that the
    /// ledger no longer holds. If several stores have had a job of this id, the job that is stored
    /// now counts.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached, or if no store holds a job of this id or
    /// remembers a run of one.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn statistics(&self, id: impl IntoJobId) -> Call<Statistics> {
        let (scheduler, id) = (self.clone(), job_id(id));
        Call::new(async move { scheduler.count(id?).await })
    }

    async fn count(&self, id: JobId) -> Result<Statistics, Error> {
        let mut gone = Statistics::default();
        for named in self.shared.stores() {
            let statistics = named.store.statistics(id.clone()).await?;
            // The job that is stored now decides. A row that cannot be read is stored all the same.
            if !matches!(named.store.get(id.clone()).await, Ok(None)) {
                return Ok(statistics);
            }
            if gone == Statistics::default() {
                gone = statistics;
            }
        }
        if gone == Statistics::default() && self.runs().job(&id).limit(1).await?.is_empty() {
            return Err(no_job(&id));
        }
        Ok(gone)
    }
}

/// Returns true if the run may be under way here. One that waits is under way nowhere.
fn is_running(run: &Run) -> bool {
    run.state == RunState::Running
}
