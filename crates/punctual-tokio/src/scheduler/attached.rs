//! Adds and removes stores while the scheduler runs.

use std::sync::Arc;

use punctual_store::JobStore;

use super::{Call, Scheduler};
use crate::command::Command;
use crate::error::{Error, not_running};
use crate::events::event::EventKind;
use crate::stores::NamedStore;

/// # Stores
impl Scheduler {
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
    #[doc(alias = "add_jobstore")]
    pub fn add_store(&self, alias: impl Into<String>, store: impl JobStore) -> Call<()> {
        let (scheduler, alias) = (self.clone(), alias.into());
        Call::new(async move {
            let named = scheduler.shared.add_store(&alias, Arc::new(store))?;
            scheduler.tell_store_added(&named);
            if let Some(commands) = scheduler.commands() {
                let sent = commands.send(Command::AddStore(Box::new(named))).await;
                sent.map_err(|_| not_running())?;
            }
            Ok(())
        })
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
    #[doc(alias = "remove_jobstore")]
    pub fn remove_store(&self, alias: impl Into<String>) -> Call<()> {
        let (scheduler, alias) = (self.clone(), alias.into());
        Call::new(async move { scheduler.let_go_of_store(&alias).await })
    }

    async fn let_go_of_store(&self, alias: &str) -> Result<(), Error> {
        let named = self.shared.take_store(alias)?;
        self.ask_if_running(|answer| Command::RemoveStore {
            store: named.id,
            answer,
        })
        .await?;
        self.shared
            .bus
            .emit(|| EventKind::StoreRemoved(Arc::clone(&named.alias)));
        Ok(())
    }

    pub(super) fn tell_store_added(&self, named: &NamedStore) {
        self.shared
            .bus
            .emit(|| EventKind::StoreAdded(Arc::clone(&named.alias)));
    }
}
