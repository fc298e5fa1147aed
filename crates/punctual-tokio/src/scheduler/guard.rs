//! A handle whose drop shuts the scheduler down.

use tokio::sync::oneshot;

use super::Scheduler;
use super::shutdown::plain_request;
use crate::command::Command;

/// A handle whose drop begins the shutdown of the scheduler. See [`Scheduler::drop_guard`].
#[derive(Debug)]
#[must_use = "dropping the guard shuts the scheduler down"]
pub struct DropGuard {
    scheduler: Scheduler,
    is_armed: bool,
}

/// # Stopping by a drop
impl Scheduler {
    /// Wraps the handle in a guard. When the guard is dropped, the scheduler is shut down. Without
    /// a guard, a scheduler that was started goes on until it is shut down or its runtime ends.
    ///
    /// Dropping the guard waits for nothing. It begins a [`shutdown`](Self::shutdown), which takes
    /// place on the scheduler's runtime. No new runs begin from then on, and runs under way get 15
    /// seconds to end. Callers wait for the end by [`wait_until_stopped`](Self::wait_until_stopped)
    /// on another handle.
    ///
    /// ```
    /// # use punctual_tokio::Scheduler;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_tokio::Error> {
    /// let guard = Scheduler::builder().build()?.drop_guard();
    /// let scheduler = guard.scheduler().clone();
    /// scheduler.start().await?;
    /// drop(guard);
    /// scheduler.wait_until_stopped().await;
    /// assert!(!scheduler.is_running());
    /// # Ok(()) }
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard {
            scheduler: self,
            is_armed: true,
        }
    }

    /// Begins a shutdown and does not wait for it.
    fn begin_shutdown(&self) {
        let life = self.shared.life();
        let Some(life) = life.as_ref().filter(|life| life.goes_on()) else {
            return;
        };
        let (answer, _) = oneshot::channel();
        let commands = life.commands.clone();
        let command = Command::Shutdown(plain_request(answer));
        if let Err(error) = commands.try_send(command) {
            // The queue is full, or the scheduler has just ended.
            let command = error.into_inner();
            life.runtime
                .spawn(async move { commands.send(command).await });
        }
    }
}

impl DropGuard {
    /// Returns the scheduler.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Returns the handle without its guard. The scheduler goes on when the returned handle is
    /// dropped.
    #[must_use = "the handle"]
    pub fn disarm(mut self) -> Scheduler {
        self.is_armed = false;
        let scheduler = self.scheduler.clone();
        scheduler.keep();
        scheduler
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if self.is_armed {
            self.scheduler.begin_shutdown();
        }
    }
}
