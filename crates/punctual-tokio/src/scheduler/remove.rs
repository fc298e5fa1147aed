//! Removes jobs.

use punctual_core::JobId;
use punctual_store::JobFilter;

use super::edit::event_of;
use super::{IntoJobId, Scheduler, job_id};
use crate::error::Error;
use crate::events::event::EventKind;
use crate::stores::NamedStore;

impl Scheduler {
    /// Removes a job. Its runs under way go on, and its ledger stays. Runs that wait for a free
    /// instance or for their next attempt end as cancelled (`user`). Overdue fire times are
    /// recorded as skipped (edited), or as missed (paused) if the job is paused.
    ///
    /// A job that code declares stays away at the next starts too, until its definition changes, or
    /// until a caller [adds](Self::add_job) a job under its id.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such job.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the job may or may not have been
    /// removed.
    pub async fn remove_job(&self, id: impl IntoJobId) -> Result<(), Error> {
        let id = job_id(id)?;
        for named in self.shared.stores() {
            if self.remove(&named, &id).await? {
                return Ok(());
            }
        }
        Err(self.shared.no_job(&id).await)
    }

    pub(super) async fn remove(&self, named: &NamedStore, id: &JobId) -> Result<bool, Error> {
        let Some(removed) = named.store.remove(id.clone(), self.now()).await? else {
            return Ok(false);
        };
        self.shared.registry.unused(removed.job.task());
        self.shared.unstarted.removed(named, id);
        self.shared
            .bus
            .emit(|| EventKind::JobRemoved(event_of(named, id)));
        Ok(true)
    }

    /// Removes a job that no caller has asked to remove. If code declares the job again, it comes
    /// back.
    pub(super) async fn take_out(&self, named: &NamedStore, id: &JobId) -> Result<bool, Error> {
        let was_there = self.remove(named, id).await?;
        named.store.forget_removed(id.clone()).await?;
        Ok(was_there)
    }

    /// Removes all jobs and returns their number. Declared jobs stay away, as after
    /// [`remove_job`](Self::remove_job).
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the jobs of some stores may have
    /// been removed.
    pub async fn remove_all_jobs(&self) -> Result<u64, Error> {
        let mut count = 0;
        for named in self.shared.stores() {
            count += self.clear(&named).await?;
        }
        self.shared.bus.emit(|| EventKind::AllJobsRemoved(None));
        Ok(count)
    }

    /// Removes all jobs of one store and returns their number.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no store of this alias, or if the store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is not cancel safe. If the future is dropped, the jobs may have been removed.
    pub async fn remove_all_jobs_of(&self, store: &str) -> Result<u64, Error> {
        let named = self.shared.store(store)?;
        let count = self.clear(&named).await?;
        let alias = Some(named.alias);
        self.shared.bus.emit(|| EventKind::AllJobsRemoved(alias));
        Ok(count)
    }

    /// Removes the jobs of a store. Closures of jobs that are added concurrently stay.
    async fn clear(&self, named: &NamedStore) -> Result<u64, Error> {
        let jobs = if named.store.capabilities().persistent {
            Vec::new()
        } else {
            named.store.list(JobFilter::default()).await?.jobs
        };
        let count = named.store.clear(self.now()).await?;
        self.shared.unstarted.cleared(named);
        for stored in jobs {
            self.shared.registry.unused(stored.job.task());
        }
        Ok(count)
    }
}
