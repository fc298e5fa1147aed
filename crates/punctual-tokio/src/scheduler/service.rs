//! Runs a service until a signal comes, or until the scheduler is shut down.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::{Call, Scheduler, ShutdownSignal, shutdown_signal};
use crate::error::Error;
use crate::report::ShutdownReport;
use crate::runtime::require_timers;

/// # Running until a signal
impl Scheduler {
    /// Starts the scheduler if it does not run yet, waits for ctrl-c or SIGTERM, and shuts it down.
    /// This is the whole life of a service. A shutdown from another place, such as a job, ends the
    /// wait too. A second signal ends the wait for running jobs. They are then told to end, as by
    /// [`Shutdown::immediately`](crate::Shutdown::immediately).
    ///
    /// # Errors
    ///
    /// Returns an error if [`start`](Self::start) does, or if signals cannot be received.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the scheduler goes on.
    ///
    /// ```no_run
    /// # use punctual_core::Crontab;
    /// # use punctual_tokio::Scheduler;
    /// #[tokio::main]
    /// async fn main() -> Result<(), punctual_tokio::Error> {
    ///     let scheduler = Scheduler::new();
    ///     let minutely = Crontab::new("* * * * *");
    ///     scheduler.add_job(async || println!("hello"), minutely).await?;
    ///     scheduler.run_until_signal().await?;
    ///     Ok(())
    /// }
    /// ```
    #[doc(alias = "run_until_stopped")]
    pub fn run_until_signal(&self) -> Call<ShutdownReport> {
        self.keep();
        let scheduler = self.clone();
        scheduler.keep();
        Call::new(scheduler.serve())
    }

    async fn serve(self) -> Result<ShutdownReport, Error> {
        if let Ok(runtime) = Handle::try_current() {
            require_timers(&runtime)?;
        }
        // Listens before anything runs, since a signal that comes early must not end the process.
        let mut signal = shutdown_signal()?;
        if !self.is_running() {
            self.start().await?;
        }
        tokio::select! {
            report = self.wait_until_stopped() => Ok(report),
            () = &mut signal => self.shutdown_unless_hurried(signal).await,
        }
    }

    async fn shutdown_unless_hurried(
        &self,
        next_signal: ShutdownSignal,
    ) -> Result<ShutdownReport, Error> {
        tokio::select! {
            biased;
            report = self.shutdown() => report,
            () = next_signal => self.shutdown().immediately().await,
        }
    }

    /// Waits until the scheduler was shut down by any caller, and returns what that shutdown left
    /// behind. It does not wait for a scheduler that does not run. A scheduler that never ran left
    /// nothing behind.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn wait_until_stopped(&self) -> Stopped {
        self.keep();
        let scheduler = self.clone();
        Stopped(Box::pin(async move { scheduler.stopped().await }))
    }

    async fn stopped(&self) -> ShutdownReport {
        let ended = self.shared.life().as_ref().map(|life| life.ended.clone());
        let Some(mut ended) = ended else {
            return ShutdownReport::default();
        };
        match ended.wait_for(Option::is_some).await {
            Ok(report) => report.clone().unwrap_or_default(),
            // The scheduler's runtime has ended before the driver could tell.
            Err(_) => ShutdownReport::default(),
        }
    }
}

/// The end of a scheduler, as a future. See [`Scheduler::wait_until_stopped`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Stopped(Pin<Box<dyn Future<Output = ShutdownReport> + Send>>);

impl Future for Stopped {
    type Output = ShutdownReport;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ShutdownReport> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopped").finish_non_exhaustive()
    }
}
