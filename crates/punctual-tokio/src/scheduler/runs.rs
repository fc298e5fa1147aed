//! Looking at runs, and running and cancelling by hand.

use punctual_core::{CancelReason, Outcome, Run, RunId};
use punctual_machine::Counted;
use punctual_store::{
    CancelAnswer, CancelRequest, EndText, OpenRun, RunEnd, RunFilter, Statistics, StoredJob,
};

use super::edit::event_of;
use super::{Scheduler, job_id};

use crate::command::{Command, RunningRun};
use crate::error::{Error, ErrorKind};
use crate::events::event::EventKind;
use crate::stores::NamedStore;

impl Scheduler {
    /// Runs a job now, besides its schedule, which stays as it is. Answers the number of the run
    /// as soon as it was started or queued.
    ///
    /// This node has to be started and to know the task. It runs the job itself, unless all instances
    /// are busy and the overlap policy lets the run wait: then it may start on any node that knows
    /// the task, and not while the job is paused.
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
        let (named, job) = self.shared.find(&job_id(id)?).await?;
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
    /// If there is no such run, or if it is over; if several stores have an open run of this
    /// number: then [`cancel_run_of`](Self::cancel_run_of) says which.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the run may be cancelled nevertheless.
    pub async fn cancel_run(&self, run: RunId) -> Result<(), Error> {
        let stores = self.shared.stores();
        let mut its = Vec::new();
        for named in &stores {
            if stores.len() == 1 || is_open(named, run).await? {
                its.push(named);
            }
        }
        match its[..] {
            [] => Err(no_run(run)),
            [named] => self.cancel_in(named, run).await,
            _ => {
                let aliases: Vec<_> = its
                    .iter()
                    .map(|named| format!("`{}`", named.alias))
                    .collect();
                let message = format!(
                    "several stores have a run {run} under way: {}; use `cancel_run_of`",
                    aliases.join(", ")
                );
                Err(Error::of(ErrorKind::Conflict, message))
            }
        }
    }

    /// Cancels a run of one store: each store numbers its own runs.
    ///
    /// # Errors
    ///
    /// If there is no store of this alias, or no such run in it, or if the run is over.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the run may be cancelled nevertheless.
    pub async fn cancel_run_of(&self, store: &str, run: RunId) -> Result<(), Error> {
        self.cancel_in(&self.shared.store(store)?, run).await
    }

    async fn cancel_in(&self, named: &NamedStore, run: RunId) -> Result<(), Error> {
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
        let request = CancelRequest {
            run,
            reason: CancelReason::User,
            now: self.now(),
        };
        match named.store.cancel(request).await? {
            CancelAnswer::NotOpen => Err(no_run(run)),
            CancelAnswer::Asked => Ok(()),
            CancelAnswer::Ended { runs, removed } => {
                self.tell_cancelled(named, runs, removed);
                Ok(())
            }
        }
    }

    /// Tells of runs that waited and that the store has ended.
    fn tell_cancelled(&self, named: &NamedStore, runs: Vec<OpenRun>, removed: Option<StoredJob>) {
        let now = self.now().timestamp_micros();
        for run in runs {
            let end = RunEnd {
                run: run.id,
                outcome: Outcome::Cancelled(CancelReason::User),
                retry_at: None,
                started: run.started,
                finished: now,
                attempts: run.attempts,
                text: run.failure.map(EndText::Error),
            };
            let fire_time = run.key.fire_time;
            self.shared
                .metrics
                .ended(&Counted::of(&end, Some(fire_time)));
            let job = event_of(named, &run.job);
            self.shared
                .bus
                .emit(|| EventKind::ended(job, run.key.fire_time, &end));
        }
        if let Some(job) = removed {
            self.shared.registry.unused(job.job.task());
            let job = event_of(named, job.job.id());
            self.shared.bus.emit(|| EventKind::JobRemoved(job));
        }
    }

    /// The runs that are under way on this node. A run that waits for a place of its executor is one of
    /// them: it has its place among the instances of its job.
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

    /// Lists runs of all stores together, those that were opened last first: those under way, those
    /// that ended, and stretches of fire times that did not run. The filter's limit and place count
    /// for all stores together, too.
    ///
    /// For a list that is shown page by page, see [`runs_page`](Self::runs_page).
    ///
    /// # Errors
    ///
    /// If a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed.
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<Run>, Error> {
        Ok(self.page_of_runs(filter, None).await?.items)
    }

    /// What became of all fire times of a job since it was added, whatever the ledger still holds. Of an
    /// id that several stores have had, it is the job that is there now.
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
        let mut gone = Statistics::default();
        for named in self.shared.stores() {
            let statistics = named.store.statistics(id.clone()).await?;
            // The job that is there now has the word. A row that cannot be read is there all the same.
            if !matches!(named.store.get(id.clone()).await, Ok(None)) {
                return Ok(statistics);
            }
            if gone == Statistics::default() {
                gone = statistics;
            }
        }
        Ok(gone)
    }
}

async fn is_open(named: &NamedStore, run: RunId) -> Result<bool, Error> {
    let filter = RunFilter {
        id: Some(run),
        open: true,
        limit: 1,
        ..RunFilter::default()
    };
    Ok(!named.store.runs(filter).await?.is_empty())
}

fn no_run(run: RunId) -> Error {
    Error::of(
        ErrorKind::NotFound,
        format!("there is no run {run} under way"),
    )
}
