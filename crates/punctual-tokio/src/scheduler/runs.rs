//! Looking at runs, and running and cancelling by hand.

use punctual_core::{Run, RunId};
use punctual_store::{RunFilter, Statistics};

use super::{Scheduler, job_id};
use crate::command::{Command, RunningRun};
use crate::error::Error;

impl Scheduler {
    /// Runs a job now, besides its schedule, which stays as it is. Answers the number of the run
    /// as soon as it was started or queued.
    ///
    /// It runs on this node, which has to be started and to know the task: another node of the
    /// store does not take it over.
    ///
    /// # Errors
    ///
    /// If the scheduler does not run, if there is no such job, if its task is not known here, or if
    /// all its instances are busy.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the job may run nevertheless.
    pub async fn run_job(&self, id: impl AsRef<str>) -> Result<RunId, Error> {
        let (named, job) = self.core.find(&job_id(id)?).await?;
        self.ask(|answer| Command::RunJob {
            store: named.id,
            job,
            answer,
        })
        .await?
    }

    /// Cancels a run, wherever it runs or waits: first its token, then, after a grace time, its
    /// future. A plain function gets its token only.
    ///
    /// # Errors
    ///
    /// If there is no such run, or if it is over.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the run may be cancelled nevertheless.
    pub async fn cancel_run(&self, run: RunId) -> Result<(), Error> {
        for named in self.core.stores() {
            if self.is_running() {
                let is_here = self.ask(|answer| Command::CancelRun {
                    store: named.id,
                    run,
                    answer,
                });
                if is_here.await? {
                    return Ok(());
                }
            }
            if named.store.request_cancel(run).await? {
                return Ok(());
            }
        }
        let message = format!("there is no run {run} under way");
        Err(Error::new(crate::ErrorKind::NotFound, message))
    }

    /// The runs that are under way on this node.
    ///
    /// # Errors
    ///
    /// If the scheduler does not run.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn running(&self) -> Result<Vec<RunningRun>, Error> {
        self.ask(Command::Running).await
    }

    /// Lists runs, the newest first, store by store: those under way, those that ended, and
    /// stretches of fire times that did not run.
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<Run>, Error> {
        let mut runs = Vec::new();
        for named in self.core.stores() {
            runs.extend(named.store.runs(filter.clone()).await?);
        }
        if filter.limit > 0 {
            runs.truncate(filter.limit);
        }
        Ok(runs)
    }

    /// What became of all fire times of a job since it was added, whatever the ledger still holds.
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn statistics(&self, id: impl AsRef<str>) -> Result<Statistics, Error> {
        let id = job_id(id)?;
        for named in self.core.stores() {
            let statistics = named.store.statistics(id.clone()).await?;
            if statistics != Statistics::default() {
                return Ok(statistics);
            }
        }
        Ok(Statistics::default())
    }
}
