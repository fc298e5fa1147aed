//! Starts the scheduler.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::call::awaited;
use super::{Scheduler, WeakScheduler};
use crate::apart::scheduler_task;
use crate::driver::{COMMANDS, Driver};
use crate::error::{Error, ErrorKind};
use crate::events::event::EventKind;
use crate::handler::Host;
use crate::handler::reports::Reports;
use crate::runtime::{require_io, require_timers};
use crate::shared::keep::spent;
use crate::shared::life::Life;

const NEEDS_RUNTIME: &str = "the scheduler needs a tokio runtime; call this in a function under `#[tokio::main]`, or use `background()` or `blocking()`, which make one";

/// # Starting
impl Scheduler {
    /// Starts the scheduler on the current runtime, also once more after a shutdown. The policies
    /// of the jobs now decide about fire times that came due while no scheduler ran.
    ///
    /// From now on the scheduler goes on without any handle, until it is [shut
    /// down](Self::shutdown) or the runtime ends.
    ///
    /// With the feature `metrics`, a recorder has to be installed before the first start.
    ///
    /// Declared jobs are brought up to date first. [`vanished`](crate::GetJobs::vanished) tells the
    /// rules.
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// let scheduler = Scheduler::builder().build()?;
    /// scheduler.start().paused().await?;
    /// // The program looks at its jobs here. None of them runs yet.
    /// scheduler.resume().await?;
    /// # Ok(()) }
    /// ```
    pub fn start(&self) -> Start {
        self.keep();
        let scheduler = self.clone();
        scheduler.keep();
        Start {
            scheduler,
            is_paused: false,
        }
    }

    /// Returns what all runs of this scheduler share.
    fn host(&self) -> Arc<Host> {
        self.host_of(&self.downgrade())
    }

    /// Returns what runs share that find this scheduler.
    pub(crate) fn host_of(&self, scheduler: &WeakScheduler) -> Arc<Host> {
        Arc::new(Host {
            clock: self.shared.clock.clone(),
            states: self.shared.states(),
            reports: Reports::default(),
            scheduler: Box::new(scheduler.clone()),
        })
    }

    /// Checks what has to be there before a start. Returns the runtime of the caller.
    fn prepare(&self) -> Result<Handle, Error> {
        self.shared.unstarted.asked_to_start();
        if !self.keep() {
            return Err(spent());
        }
        let runtime =
            Handle::try_current().map_err(|_| Error::of(ErrorKind::NoRuntime, NEEDS_RUNTIME))?;
        require_timers(&runtime)?;
        if let Some(alias) = self.shared.executors.first_of_processes() {
            require_io(&runtime, &needs_io(&alias))?;
        }
        Ok(runtime)
    }

    fn launch(&self, runtime: Handle, is_paused: bool) -> Result<(), Error> {
        let mut slot = self.shared.life();
        if let Some(life) = slot.as_ref().filter(|life| life.goes_on()) {
            return Err(runs_already(life));
        }
        self.shared.keepers.started();
        self.shared.bus.resume_listeners(&runtime);
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let host = self.host();
        let mut driver = Driver::new(Arc::clone(&self.shared), host, receiver, is_paused);
        for alias in self.shared.executors.aliases() {
            self.shared.bus.emit(|| EventKind::ExecutorAdded(alias));
        }
        for named in self.shared.stores() {
            self.tell_store_added(&named);
            driver.adopt_store(named);
        }
        self.shared.bus.emit(|| EventKind::SchedulerStarted);
        let ended = driver.ended();
        if !self.shared.declared.is_empty() {
            let follower = Self::of(Arc::clone(&self.shared));
            runtime.spawn(follower.follow_releases(driver.ended()));
        }
        runtime.spawn(scheduler_task(driver.run()));
        *slot = Some(Life {
            commands,
            ended,
            runtime,
            is_stopping: false,
        });
        Ok(())
    }
}

/// A scheduler that is about to be started. See [`Scheduler::start`].
///
/// # Errors
///
/// Awaiting it returns an error if one of these holds:
///
/// - The scheduler runs already, or its shutdown is not over.
/// - The caller is not on a tokio runtime, or is on one without timers, or without I/O while an
///   executor starts processes.
/// - The scheduler was shut down and what it was given is gone (see [`Scheduler`]).
/// - There are declared jobs and their store cannot be reached.
///
/// # Cancel safety
///
/// Awaiting it is cancel safe without declared jobs. The first poll starts the scheduler, even if
/// the future is dropped afterwards. With declared jobs it is not cancel safe. If the future is
/// dropped, only some of the declared jobs may be up to date.
#[derive(Debug)]
#[must_use = "a scheduler is started only when this is awaited"]
pub struct Start {
    scheduler: Scheduler,
    is_paused: bool,
}

impl Start {
    /// Starts the scheduler, but no jobs before [`resume`](Scheduler::resume).
    pub fn paused(mut self) -> Self {
        self.is_paused = true;
        self
    }

    async fn perform(self) -> Result<(), Error> {
        let runtime = self.scheduler.prepare()?;
        self.scheduler.bring_up_to_date().await?;
        self.scheduler.launch(runtime, self.is_paused)
    }
}

awaited!(Start -> ());

fn runs_already(life: &Life) -> Error {
    let message = if life.is_stopping {
        "the scheduler is shutting down; await its `shutdown`, then start it again"
    } else {
        "the scheduler runs already; call `shutdown` first, or leave out this start"
    };
    Error::of(ErrorKind::AlreadyRunning, message)
}

/// Explains why an executor needs more of the runtime than timers.
pub(super) fn needs_io(alias: &str) -> String {
    format!("the executor `{alias}` starts processes, which needs")
}
