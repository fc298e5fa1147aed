//! Removes a job.

use punctual_core::JobId;

use super::call::awaited;
use super::edit::event_of;
use super::{IntoJobId, Scheduler, job_id};
use crate::error::Error;
use crate::events::event::EventKind;
use crate::stores::NamedStore;

/// # Removing jobs
impl Scheduler {
    /// Removes a job. Its runs under way go on, and its ledger stays. Runs that wait for a free
    /// instance or for their next attempt end as cancelled (`user`). Overdue fire times are
    /// recorded as skipped (edited), or as missed (paused) if the job is paused.
    ///
    /// A job that code declares stays away at the next starts too, until its definition changes, or
    /// until a caller [adds](Self::add_job) a job under its id.
    #[doc(alias = "remove_schedule")]
    pub fn remove_job(&self, id: impl IntoJobId) -> RemoveJob {
        RemoveJob {
            scheduler: self.clone(),
            id: job_id(id),
        }
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
}

/// A job that is about to be removed. See [`Scheduler::remove_job`].
///
/// # Errors
///
/// Awaiting it returns an error if there is no such job.
///
/// # Cancel safety
///
/// Awaiting it is not cancel safe. [`Call`](crate::Call) says what has happened if the future is
/// dropped.
#[derive(Debug)]
#[must_use = "a job is removed only when this is awaited"]
pub struct RemoveJob {
    scheduler: Scheduler,
    id: Result<JobId, Error>,
}

impl RemoveJob {
    async fn perform(self) -> Result<(), Error> {
        let (scheduler, id) = (self.scheduler, self.id?);
        for named in scheduler.shared.stores() {
            if scheduler.remove(&named, &id).await? {
                return Ok(());
            }
        }
        Err(scheduler.shared.no_job(&id).await)
    }
}

awaited!(RemoveJob -> ());
