//! Adds and removes executors while the scheduler runs.

use super::start::needs_io;
use super::{Call, Scheduler};
use crate::command::Command;
use crate::error::{Error, not_running};
use crate::events::event::EventKind;
use crate::executor::Executor;
use crate::runtime::require_io;

/// # Executors
impl Scheduler {
    /// Adds an executor, even while the scheduler runs. Jobs that were parked because they lacked
    /// it go on.
    ///
    /// # Errors
    ///
    /// Returns an error if the alias is taken, if the executor's limit is 0, or if the executor
    /// starts processes and the scheduler runs on a runtime without I/O.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the executor may have been added.
    /// Jobs that wait for it then go on when the scheduler next looks at the store.
    pub fn add_executor(&self, alias: impl Into<String>, executor: Executor) -> Call<()> {
        let (scheduler, alias) = (self.clone(), alias.into());
        Call::new(async move { scheduler.take_executor(&alias, executor).await })
    }

    async fn take_executor(&self, alias: &str, executor: Executor) -> Result<(), Error> {
        let runtime = self.shared.life().as_ref().map(|life| life.runtime.clone());
        if let Some(runtime) = runtime.filter(|_| executor.starts_processes() && self.is_running())
        {
            require_io(&runtime, &needs_io(alias))?;
        }
        let alias = self.shared.add_executor(alias, &executor)?;
        self.shared.bus.emit(|| EventKind::ExecutorAdded(alias));
        if let Some(commands) = self.commands() {
            let sent = commands.send(Command::LookAgain).await;
            sent.map_err(|_| not_running())?;
        }
        Ok(())
    }

    /// Removes an executor. Its runs under way end by themselves. Runs that are due just now are
    /// recorded as skipped (`no_executor`). Its jobs stay in their stores, parked, until there is
    /// an executor of this alias again.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no executor of this alias.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the executor is gone, and fire
    /// times of the next minute may be recorded as skipped.
    pub fn remove_executor(&self, alias: impl Into<String>) -> Call<()> {
        let (scheduler, alias) = (self.clone(), alias.into());
        Call::new(async move { scheduler.let_go_of_executor(&alias).await })
    }

    async fn let_go_of_executor(&self, alias: &str) -> Result<(), Error> {
        let alias = self.shared.executors.remove(alias)?;
        let removed = std::sync::Arc::clone(&alias);
        self.ask_if_running(|answer| Command::RemoveExecutor(removed, answer))
            .await?;
        self.shared.bus.emit(|| EventKind::ExecutorRemoved(alias));
        Ok(())
    }
}
