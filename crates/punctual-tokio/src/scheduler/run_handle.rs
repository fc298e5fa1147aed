//! Names a run, and waits for its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{JobId, Run, RunId, RunState};
use punctual_store::RunFilter;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

use super::into_run::Named;
use super::{Call, CancelRun, IntoRun, Scheduler};
use crate::error::{Error, ErrorKind};
use crate::report::ShutdownReport;
use crate::runtime::require_timers;
use crate::stores::NamedStore;

/// The first and the longest time between two looks at a run of another node.
const LOOKS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The first time between two looks at a run whose end was heard of and may not be recorded yet.
const SOON: Duration = Duration::from_millis(1);

/// A run of a job. [`Scheduler::run_job`] and [`Scheduler::run`] return it.
///
/// The handle can be dropped without harm. The run goes on.
///
/// ```
/// # use punctual_tokio::Scheduler;
/// use punctual_core::Outcome;
/// use punctual_tokio::Output;
///
/// async fn count() -> Output<u32> {
///     Output(7)
/// }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), punctual_tokio::Error> {
/// # let scheduler = Scheduler::new();
/// # scheduler.start().await?;
/// # scheduler.add_job(count, "@daily").id("count").await?;
/// let run = scheduler.run_job("count").await?;
/// println!("run {} of {} in {}", run.id(), run.job(), run.store());
/// let ended = run.wait().await?;
/// assert_eq!(ended.outcome(), Some(Outcome::Succeeded));
/// assert_eq!(ended.result_as::<u32>()?, Some(7));
/// assert!(!run.get().await?.is_open());
/// # scheduler.shutdown().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct RunHandle {
    scheduler: Scheduler,
    store: Arc<str>,
    job: JobId,
    id: RunId,
}

/// # Waiting for runs
impl Scheduler {
    /// Finds a run by its number, so that a caller can [wait](RunHandle::wait) for its end. The run
    /// may belong to any node of the store, and may have been asked for by another process.
    ///
    /// ```
    /// # use punctual_core::{Crontab, RunId};
    /// # use punctual_tokio::Scheduler;
    /// # async fn doc(scheduler: Scheduler, number: u64) -> Result<(), punctual_tokio::Error> {
    /// // One process asks for a run and passes on the number, as in an answer over HTTP.
    /// let number = scheduler.run_job("report").await?.id().0;
    /// // Another process waits for its end.
    /// let ended = scheduler.run(("default", RunId(number))).await?.wait().await?;
    /// # drop(ended);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if no store has such a run, if several have one and the caller does not
    /// name the store, or if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn run(&self, run: impl IntoRun) -> Call<RunHandle> {
        let (scheduler, run) = (self.clone(), run.into_named());
        Call::new(async move { scheduler.run_named(&run).await })
    }

    async fn run_named(&self, run: &Named) -> Result<RunHandle, Error> {
        let stores = self.shared.asked(run.store.as_deref())?;
        let mut found = Vec::new();
        for named in stores {
            found.extend(
                read(&named, run.run, None)
                    .await?
                    .map(|run| (named.alias, run)),
            );
        }
        match (found.len(), found.pop()) {
            (1, Some((store, run))) => Ok(RunHandle::new(self.clone(), store, run.job, run.id)),
            (_, None) => Err(forgotten(run.run)),
            (count, Some((store, _))) => {
                let message = format!(
                    "{count} stores have a run {}; name the store, as in `(\"{store}\", run)`",
                    run.run
                );
                Err(Error::of(ErrorKind::Conflict, message))
            }
        }
    }
}

impl RunHandle {
    pub(super) fn new(scheduler: Scheduler, store: Arc<str>, job: JobId, id: RunId) -> Self {
        Self {
            scheduler,
            store,
            job,
            id,
        }
    }

    /// Returns the number of the run in its store.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Returns the alias of the store that keeps the run.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn job(&self) -> &JobId {
        &self.job
    }

    /// Reads the run as it stands now. Of an attempt that is under way on this node, `started` and
    /// `attempts` are known before the store learns of them.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be reached, or as
    /// [`NotFound`](crate::ErrorKind::NotFound) if it has forgotten the run.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn get(&self) -> Call<Run> {
        let handle = self.clone();
        Call::new(async move {
            let named = handle.scheduler.shared.store(&handle.store)?;
            let run = read(&named, handle.id, Some(&handle.job)).await?;
            let mut run = run.ok_or_else(|| forgotten(handle.id))?;
            let progress = std::slice::from_mut(&mut run);
            handle.scheduler.add_progress(&named, progress).await;
            Ok(run)
        })
    }

    /// Waits for the end of the run, and returns the run with its outcome and its result. The run
    /// may take place on any node, and may change nodes meanwhile.
    ///
    /// The end of a run of this scheduler is heard of, and known as soon as the store has recorded
    /// it. For runs of other nodes the store is asked, at first often and then every second. A store that does not answer for a while is asked again
    /// until it does. Callers that do not want to wait that long use `tokio::time::timeout`.
    ///
    /// A wait that began while the scheduler ran ends with its shutdown, since a run that waits in the
    /// store goes on in another process, or at the next start.
    ///
    /// # Errors
    ///
    /// Returns an error as [`NotFound`](crate::ErrorKind::NotFound) if the store has forgotten the
    /// run, as [`NotRunning`](crate::ErrorKind::NotRunning) if the scheduler was shut down before the
    /// run ended, or if the current runtime has no timers.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It cancels nothing.
    pub fn wait(&self) -> Call<Run> {
        let handle = self.clone();
        Call::new(async move { handle.ended().await })
    }

    /// Cancels the run. See [`Scheduler::cancel_run`].
    pub fn cancel(&self) -> CancelRun {
        self.scheduler.cancel_run(self)
    }

    async fn ended(self) -> Result<Run, Error> {
        let runtime = Handle::try_current().map_err(|_| {
            let message = "waiting for a run needs a tokio runtime";
            Error::of(ErrorKind::NoRuntime, message)
        })?;
        require_timers(&runtime)?;
        let shared = &self.scheduler.shared;
        let named = shared.store(&self.store)?;
        // Listens before the first look, so that no end falls between the two.
        let mut ends = shared.bus.ends();
        let mut stop = pin!(until_stopped(self.scheduler.end_of_life()));
        let (mut pause, mut is_stopped) = (LOOKS.0, false);
        loop {
            match read(&named, self.id, Some(&self.job)).await {
                Ok(Some(run)) if matches!(run.state, RunState::Ended(_)) => return Ok(run),
                Ok(None) => return Err(forgotten(self.id)),
                Err(error) if !error.is_temporary() => return Err(error),
                _ if is_stopped => return Err(stopped(self.id)),
                _ => {}
            }
            tokio::select! {
                () = &mut stop => is_stopped = true,
                // The store is about to be told of the end.
                () = ends.heard(&self.store, self.id) => pause = SOON,
                () = sleep(pause) => pause = (pause * 2).min(LOOKS.1),
            }
        }
    }
}

/// Reads a run. A store finds it sooner if it is told the job.
async fn read(named: &NamedStore, run: RunId, job: Option<&JobId>) -> Result<Option<Run>, Error> {
    let filter = RunFilter {
        id: Some(run),
        job: job.cloned(),
        limit: 1,
        ..RunFilter::default()
    };
    let mut found = named.store.runs(filter).await?.pop();
    if let Some(run) = &mut found {
        run.store = Some(Arc::clone(&named.alias));
    }
    Ok(found)
}

/// Waits for the shutdown of a scheduler that runs now.
async fn until_stopped(ended: Option<watch::Receiver<Option<ShutdownReport>>>) {
    match ended {
        // A runtime that ends does not tell of a shutdown.
        Some(mut ended) => drop(ended.wait_for(Option::is_some).await),
        None => std::future::pending().await,
    }
}

fn stopped(run: RunId) -> Error {
    let message = format!(
        "the scheduler was shut down before run {run} ended; the run waits in its store, where `runs()` lists it"
    );
    Error::of(ErrorKind::NotRunning, message)
}

fn forgotten(run: RunId) -> Error {
    let message = format!("there is no run {run}; it was purged from the ledger, or never began");
    Error::of(ErrorKind::NotFound, message)
}
