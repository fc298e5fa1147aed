//! Pauses the scheduler and lets it go on.

use super::{Call, Scheduler};
use crate::command::Command;
use crate::error::not_running;

/// # Pausing the scheduler
impl Scheduler {
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
    pub fn pause(&self) -> Call<()> {
        let scheduler = self.clone();
        Call::new(async move { scheduler.ask(Command::Pause).await })
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
    pub fn resume(&self) -> Call<()> {
        let scheduler = self.clone();
        Call::new(async move { scheduler.ask(Command::Resume).await })
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
    pub fn wakeup(&self) -> Call<()> {
        let scheduler = self.clone();
        Call::new(async move {
            let commands = scheduler.commands().ok_or_else(not_running)?;
            let sent = commands.send(Command::LookAgain).await;
            sent.map_err(|_| not_running())
        })
    }
}
