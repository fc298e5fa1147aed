//! Cancels runs.

use std::sync::Arc;

use punctual_core::{CancelReason, Outcome, RunId};
use punctual_machine::Counted;
use punctual_store::{CancelAnswer, CancelRequest, EndText, OpenRun, RunEnd, RunFilter, StoredJob};

use super::call::awaited;
use super::edit::event_of;
use super::into_run::Named;
use super::{IntoRun, Scheduler};
use crate::command::Command;
use crate::error::{Error, ErrorKind};
use crate::events::event::EventKind;
use crate::stores::NamedStore;

/// # Cancelling runs
impl Scheduler {
    /// Cancels a run on any node, even one that waits. The scheduler cancels the run's token first.
    /// After a grace time it drops the run's future. A plain function gets the cancelled token
    /// only.
    ///
    /// Each store numbers its own runs. A number alone is enough while one store has an open run of
    /// that number.
    ///
    /// ```
    /// # use punctual_core::{Crontab, RunId};
    /// # use punctual_tokio::{JobContext, Scheduler};
    /// # async fn work(context: JobContext) -> Result<(), &'static str> {
    /// #     context.cancelled().await;
    /// #     Err("half of it is done")
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// # scheduler.add_job(work, Crontab::new("@yearly")).id("report").await?;
    /// # scheduler.start().await?;
    /// let run = scheduler.run_job("report").await?;
    /// scheduler.cancel_run(&run).await?;
    /// println!("{:?}", run.wait().await?.state.outcome());
    /// // With a number from a log or a page:
    /// assert!(scheduler.cancel_run(("default", RunId(7))).await.is_err());
    /// # Ok(()) }
    /// ```
    pub fn cancel_run(&self, run: impl IntoRun) -> CancelRun {
        CancelRun {
            scheduler: self.clone(),
            run: run.into_named(),
        }
    }

    async fn cancel_in(&self, named: &NamedStore, run: RunId) -> Result<(), Error> {
        let is_here = self.ask_if_running(|answer| Command::CancelRun {
            store: named.id,
            run,
            answer,
        });
        if is_here.await? == Some(true) {
            return Ok(());
        }
        let request = CancelRequest::new(run, CancelReason::User, self.now());
        match named.store.cancel(request).await? {
            CancelAnswer::NotOpen => Err(not_open(named, run).await),
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
                .emit(|| EventKind::ended(job, run.key.fire_time, end));
        }
        if let Some(job) = removed {
            self.shared.registry.unused(job.job.task());
            let job = event_of(named, job.job.id());
            self.shared.bus.emit(|| EventKind::JobRemoved(job));
        }
    }

    /// Returns the store of a run that is under way or waits. With one store, that is not asked.
    pub(super) async fn store_of_open(&self, run: &Named) -> Result<NamedStore, Error> {
        let mut stores = self.shared.asked(run.store.as_deref())?;
        if stores.len() == 1 {
            return stores.pop().ok_or_else(|| no_run(run.run));
        }
        let mut its = Vec::new();
        for named in stores {
            if is_open(&named, run.run).await? {
                its.push(named);
            }
        }
        match its.len() {
            0 => Err(no_run(run.run)),
            1 => its.pop().ok_or_else(|| no_run(run.run)),
            _ => Err(several(run.run, &its)),
        }
    }
}

/// A run that is about to be cancelled. See [`Scheduler::cancel_run`].
///
/// # Errors
///
/// Awaiting it returns an error if there is no such run, if the run is over, or if several stores
/// have an open run of this number. In the last case, the caller names the store.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. If the future is dropped, the run may be cancelled nevertheless.
#[derive(Debug)]
#[must_use = "a run is cancelled only when this is awaited"]
pub struct CancelRun {
    scheduler: Scheduler,
    run: Named,
}

impl CancelRun {
    async fn perform(self) -> Result<(), Error> {
        let named = self.scheduler.store_of_open(&self.run).await?;
        self.scheduler.cancel_in(&named, self.run.run).await
    }
}

awaited!(CancelRun -> ());

/// Returns the error for a run that is not open, which tells how it ended if the store remembers it.
async fn not_open(named: &NamedStore, run: RunId) -> Error {
    let filter = RunFilter {
        id: Some(run),
        limit: 1,
        ..RunFilter::default()
    };
    let found = named.store.runs(filter).await.ok();
    let found = found.and_then(|mut runs| runs.pop());
    let Some((ended, outcome)) = found.and_then(|run| Some((run.finished, run.outcome()?))) else {
        return no_run(run);
    };
    let at = ended.map_or_else(String::new, |at| format!(" at {at}"));
    let message =
        format!("run {run} has ended{at}: {outcome}; a run can be cancelled while it is open");
    Error::of(ErrorKind::NotFound, message)
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

fn several(run: RunId, stores: &[NamedStore]) -> Error {
    let aliases: Vec<_> = stores
        .iter()
        .map(|named| format!("`{}`", named.alias))
        .collect();
    let first: Option<Arc<str>> = stores.first().map(|named| Arc::clone(&named.alias));
    let message = format!(
        "several stores have a run {run} under way: {}; name the store, as in `(\"{}\", run)`",
        aliases.join(", "),
        first.unwrap_or_default()
    );
    Error::of(ErrorKind::Conflict, message)
}

fn no_run(run: RunId) -> Error {
    Error::of(
        ErrorKind::NotFound,
        format!("there is no run {run} under way"),
    )
}
