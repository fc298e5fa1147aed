//! Starts and cancels runs by hand, and counts outcomes.

use punctual_core::{CancelReason, Outcome, RunId};
use punctual_machine::Counted;
use punctual_store::{
    CancelAnswer, CancelRequest, EndText, OpenRun, RunEnd, RunFilter, Statistics, StoredJob,
};

use super::edit::event_of;
use super::{IntoJobId, Scheduler, job_id};

use crate::command::{Command, RunningRun};
use crate::error::{Error, ErrorKind, no_job};
use crate::events::event::EventKind;
use crate::stores::NamedStore;

impl Scheduler {
    /// Runs a job now, besides its schedule, which stays as it is. Returns the number of the run
    /// when it was started or queued.
    ///
    /// This node has to be started and to know the task. This node runs the job itself, unless all
    /// instances are busy and the overlap policy lets the run wait. A run that waits may start on
    /// any node that knows the task, and does not start while the job is paused.
    ///
    /// # Errors
    ///
    /// Returns an error if the scheduler does not run, if there is no such job, if its task is
    /// unknown on this node, or if all its instances are busy.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the job may run nevertheless.
    pub async fn run_job(&self, id: impl IntoJobId) -> Result<RunId, Error> {
        let (named, job) = self.shared.find(&job_id(id)?).await?;
        self.ask(|answer| Command::RunJob {
            store: named.id,
            job,
            answer,
        })
        .await?
    }

    /// Cancels a run on any node, even one that waits. The scheduler cancels the run's token first.
    /// After a grace time it drops the run's future. A plain function gets the cancelled token
    /// only.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such run, if the run is over, or if several stores have an
    /// open run of this number. In the last case, the caller names the store with
    /// [`cancel_run_of`](Self::cancel_run_of).
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the run may be cancelled
    /// nevertheless.
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

    /// Cancels a run of one store. Each store numbers its own runs.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no store of this alias, if the store has no such run, or if the
    /// run is over.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the run may be cancelled
    /// nevertheless.
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
        let request = CancelRequest::new(run, CancelReason::User, self.now());
        match named.store.cancel(request).await? {
            CancelAnswer::NotOpen => Err(no_run(run)),
            CancelAnswer::Asked => Ok(()),
            CancelAnswer::Ended { runs, removed } => {
                self.tell_cancelled(named, runs, removed);
                Ok(())
            }
        }
    }

    /// Tells listeners of runs that waited and that the store has ended.
    fn tell_cancelled(&self, named: &NamedStore, runs: Vec<OpenRun>, removed: Option<StoredJob>) {
        let now = self.now().timestamp_micros();
        for run in runs {
            let end = RunEnd::new(
                run.id,
                Outcome::Cancelled(CancelReason::User),
                now,
                run.attempts,
            )
            .started(run.started)
            .text(run.failure.map(EndText::Error));
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
    pub async fn running(&self) -> Result<Vec<RunningRun>, Error> {
        self.ask(Command::Running).await
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
    pub async fn statistics(&self, id: impl IntoJobId) -> Result<Statistics, Error> {
        let id = job_id(id)?;
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
