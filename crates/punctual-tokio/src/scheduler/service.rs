//! Runs a service until a signal comes, or until the scheduler is shut down.

use std::time::Duration;

use tokio::runtime::Handle;

use super::{Scheduler, Signals};
use crate::command::ShutdownReport;
use crate::error::{Error, ErrorKind};
use crate::runtime::{require_io, require_timers};

impl Scheduler {
    /// Starts the scheduler if it does not run yet, waits for ctrl-c or SIGTERM, and shuts it down.
    /// This is the whole life of a service. A shutdown from another place, such as a job, ends the
    /// wait too. A second signal ends the wait for running jobs. They are then told to end, as by
    /// [`shutdown_within`](Self::shutdown_within) with zero.
    ///
    /// # Errors
    ///
    /// Returns an error if [`start`](Self::start) does, or if signals cannot be received.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the scheduler goes on.
    pub async fn run_until_signal(&self) -> Result<ShutdownReport, Error> {
        if let Ok(runtime) = Handle::try_current() {
            require_timers(&runtime)?;
            require_io(&runtime, "to wait for signals needs")?;
        }
        // Listens before anything runs, since a signal that comes early must not end the process.
        let mut signals = Signals::listen().map_err(no_signals)?;
        if !self.is_running() {
            self.start().await?;
        }
        tokio::select! {
            report = self.wait_until_stopped() => Ok(report),
            signal = signals.next() => {
                signal.map_err(no_signals)?;
                self.shutdown_unless_hurried(signals).await
            }
        }
    }

    async fn shutdown_unless_hurried(&self, mut signals: Signals) -> Result<ShutdownReport, Error> {
        tokio::select! {
            biased;
            report = self.shutdown() => report,
            signal = signals.next() => {
                signal.map_err(no_signals)?;
                self.shutdown_within(Duration::ZERO).await
            }
        }
    }

    /// Waits until the scheduler was shut down by any caller, and returns what that shutdown left
    /// behind. It does not wait for a scheduler that does not run. A scheduler that never ran left
    /// nothing behind.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub async fn wait_until_stopped(&self) -> ShutdownReport {
        self.keep();
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

fn no_signals(error: std::io::Error) -> Error {
    let message = format!("signals cannot be received: {error}");
    Error::of(ErrorKind::Io, message).telling(error)
}
