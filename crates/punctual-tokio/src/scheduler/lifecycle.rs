//! Starts, pauses and stops the scheduler.

use std::sync::Arc;
use std::time::Duration;

use punctual_store::JobStore;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::{Scheduler, WeakScheduler};
use crate::apart::scheduler_task;
use crate::command::{Command, Shutdown, ShutdownReport};
use crate::driver::{COMMANDS, Driver};
use crate::error::{Error, ErrorKind, not_running};
use crate::events::event::EventKind;
use crate::handler::Host;
use crate::handler::reports::Reports;
use crate::runtime::{require_io, require_timers};
use crate::shared::keep::spent;
use crate::shared::life::Life;
use crate::stores::NamedStore;

/// The time for which [`Scheduler::shutdown`] waits for running jobs to end by themselves.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

const NEEDS_RUNTIME: &str = "the scheduler needs a tokio runtime; call this in a function under `#[tokio::main]`, or use `background()` or `blocking()`, which make one";

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
    /// # Errors
    ///
    /// Returns an error if one of these holds:
    ///
    /// - The scheduler runs already.
    /// - The caller is not on a tokio runtime, or is on one without timers, or without I/O while an
    ///   executor starts processes.
    /// - The scheduler was shut down and what it was given is gone (see [`Scheduler`]).
    /// - There are declared jobs and their store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe without declared jobs. The first poll starts the scheduler, even
    /// if the future is dropped afterwards. With declared jobs the method is not cancel safe. If
    /// the future is dropped, only some of the declared jobs may be up to date.
    pub async fn start(&self) -> Result<(), Error> {
        let runtime = self.prepare()?;
        // The future of a program that starts a scheduler need not hold the whole state of this
        // one.
        Box::pin(self.bring_up_to_date()).await?;
        self.launch(runtime, false)
    }

    /// Starts the scheduler, but no jobs before [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// Returns an error if [`start`](Self::start) does.
    ///
    /// # Cancel safety
    ///
    /// This method is as cancel safe as [`start`](Self::start).
    pub async fn start_paused(&self) -> Result<(), Error> {
        let runtime = self.prepare()?;
        // The future of a program that starts a scheduler need not hold the whole state of this
        // one.
        Box::pin(self.bring_up_to_date()).await?;
        self.launch(runtime, true)
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
        if slot.as_ref().is_some_and(Life::goes_on) {
            return Err(Error::of(
                ErrorKind::AlreadyRunning,
                "the scheduler runs already; call `shutdown` first, or leave out this start",
            ));
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
        });
        Ok(())
    }

    fn tell_store_added(&self, named: &NamedStore) {
        self.shared
            .bus
            .emit(|| EventKind::StoreAdded(Arc::clone(&named.alias)));
    }

    /// Returns true if the scheduler was started and has not been shut down.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.commands().is_some()
    }

    /// Starts no new runs on this node until [`resume`](Self::resume). Runs under way go on.
    ///
    /// # Errors
    ///
    /// Returns an error if the scheduler does not run.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the scheduler may or may not be
    /// paused.
    pub async fn pause(&self) -> Result<(), Error> {
        self.ask(Command::Pause).await
    }

    /// Lets this node start runs again after [`pause`](Self::pause). The policies of the jobs
    /// decide about fire times that came due during the pause.
    ///
    /// # Errors
    ///
    /// Returns an error if the scheduler does not run.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the scheduler may or may not be
    /// resumed.
    pub async fn resume(&self) -> Result<(), Error> {
        self.ask(Command::Resume).await
    }

    /// Looks at the stores now. Changes that were made through a scheduler of this process never
    /// need this call.
    ///
    /// # Errors
    ///
    /// Returns an error if the scheduler does not run.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. If the future is dropped, nothing is lost.
    pub async fn wakeup(&self) -> Result<(), Error> {
        let commands = self.commands().ok_or_else(not_running)?;
        let sent = commands.send(Command::LookAgain).await;
        sent.map_err(|_| not_running())
    }

    /// Shuts the scheduler down. No new runs begin from now on. Runs under way get 30 seconds to
    /// end. After that, the scheduler cancels their cancellation tokens, and then aborts the runs.
    /// Returns what did not end by itself. By then this node has left the stores that it shares. A
    /// scheduler that does not run is left alone.
    ///
    /// A job that awaits this call waits for itself, and is told to end after the 30 seconds. Let
    /// the job `tokio::spawn` the shutdown instead.
    ///
    /// # Errors
    ///
    /// Returns no error at present.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. The shutdown goes on if the future is dropped.
    pub async fn shutdown(&self) -> Result<ShutdownReport, Error> {
        self.shutdown_within(PATIENCE).await
    }

    /// Shuts the scheduler down as [`shutdown`](Self::shutdown) does, but waits for runs under way
    /// only for `wait`. With zero, their tokens are cancelled immediately. During a shutdown,
    /// another call can only shorten the wait, and both callers get the same report.
    ///
    /// A run that does not listen to its cancellation is dropped after a grace of 5 seconds
    /// ([`Timeout::GRACE`](punctual_core::Timeout::GRACE)), so the shutdown may take 5 seconds
    /// more. It may take up to 11 seconds more than that if such a run is a plain function, whose
    /// thread cannot be taken away, or if a store does not answer. Time goes by the scheduler's
    /// clock or by tokio's clock, whichever is faster, so a clock that a test moves may stand
    /// still. A caller that must not wait spawns the call:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// # let scheduler = Scheduler::builder().build()?;
    /// let stopping = scheduler.clone();
    /// tokio::spawn(async move { stopping.shutdown_within(Duration::ZERO).await });
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns no error at present.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. The shutdown goes on if the future is dropped.
    pub async fn shutdown_within(&self, wait: Duration) -> Result<ShutdownReport, Error> {
        self.keep();
        let report = self
            .ask(|answer| Command::Shutdown(Shutdown { wait, answer }))
            .await;
        match report {
            Err(error) if error.is_not_running() => Ok(ShutdownReport::default()),
            report => report,
        }
    }

    /// Adds a store, even while the scheduler runs.
    ///
    /// # Errors
    ///
    /// Returns an error if the alias is taken, or if the store does I/O and a `TestClock` pauses
    /// tokio's time.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the store may have been added and
    /// not be used before the next start.
    pub async fn add_jobstore(&self, alias: &str, store: impl JobStore) -> Result<(), Error> {
        let named = self.shared.add_store(alias, Arc::new(store))?;
        self.tell_store_added(&named);
        if let Some(commands) = self.commands() {
            let sent = commands.send(Command::AddStore(Box::new(named))).await;
            sent.map_err(|_| not_running())?;
        }
        Ok(())
    }

    /// Removes a store from the scheduler. Its jobs stay in the store, and none of their runs
    /// begins on this node from now on. Runs that wait for a free instance or for their next
    /// attempt stay in the store for another scheduler, or for the next start. Runs under way go
    /// on, and their ends are still recorded in the store. If an attempt of such a run fails, the
    /// run waits there for another one. This call does not wait for runs, so a job may remove its
    /// own store. [`running`](Self::running) tells which runs are left, and
    /// [`shutdown`](Self::shutdown) waits for them.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no store of this alias.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the store may be used until the
    /// next shutdown.
    pub async fn remove_jobstore(&self, alias: &str) -> Result<(), Error> {
        let named = self.shared.take_store(alias)?;
        if self.is_running() {
            self.ask(|answer| Command::RemoveStore {
                store: named.id,
                answer,
            })
            .await?;
        }
        self.shared
            .bus
            .emit(|| EventKind::StoreRemoved(Arc::clone(&named.alias)));
        Ok(())
    }
}

/// Explains why an executor needs more of the runtime than timers.
pub(super) fn needs_io(alias: &str) -> String {
    format!("the executor `{alias}` starts processes, which needs")
}
