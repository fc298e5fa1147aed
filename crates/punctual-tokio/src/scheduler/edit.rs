//! Reads a job, changes it, and writes it back, for all verbs that change a job.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, Job, JobId, JobState, Outcome};
use punctual_store::{StoredJob, Update};

use super::Scheduler;
use crate::error::{Error, no_job};
use crate::events::event::{EventKind, JobRef};
use crate::stores::NamedStore;

/// The number of times that an edit begins anew because another caller was faster.
const TRIES: usize = 32;

/// The result of an edit of a job.
pub(super) struct Edited {
    pub(super) job: Arc<Job>,
    pub(super) state: JobState,
    pub(super) new_incarnation: bool,
    pub(super) decided: Option<(FireRange, Outcome)>,
}

impl Edited {
    pub(super) fn state(stored: &StoredJob, state: JobState) -> Self {
        Self {
            job: Arc::clone(&stored.job),
            state,
            new_incarnation: false,
            decided: None,
        }
    }

    pub(super) fn is_same(&self, stored: &StoredJob) -> bool {
        let is_untouched = Arc::ptr_eq(&self.job, &stored.job) && self.state == stored.state;
        is_untouched && !self.new_incarnation && self.decided.is_none()
    }
}

impl Scheduler {
    /// Reads a job, changes it, and writes it back. Begins anew if another caller was faster. A job
    /// that needs no change is left alone.
    pub(super) async fn edit(
        &self,
        id: &JobId,
        change: impl FnMut(&StoredJob, DateTime<Utc>) -> Result<Edited, Error> + Send,
    ) -> Result<(), Error> {
        self.edit_in(None, id, change).await?;
        Ok(())
    }

    /// Does the same as `edit` in one store, for an id that several stores may hold. Returns
    /// whether the job was changed.
    pub(super) async fn edit_in(
        &self,
        store: Option<&NamedStore>,
        id: &JobId,
        mut change: impl FnMut(&StoredJob, DateTime<Utc>) -> Result<Edited, Error> + Send,
    ) -> Result<bool, Error> {
        let pending = self
            .shared
            .bus
            .is_heard()
            .then(|| self.shared.announcements.begin(vec![id.clone()]));
        for _ in 0..TRIES {
            let (named, stored) = self.found_in(store, id).await?;
            let now = self.now();
            let edited = change(&stored, now)?;
            if edited.is_same(&stored) {
                return Ok(false);
            }
            let update = Update::new(edited.job, edited.state, now)
                .new_incarnation(edited.new_incarnation)
                .decided(edited.decided);
            let decided = update.decided;
            match named.store.update(update).await {
                Ok(_) => {
                    if let Some((range, outcome)) = decided {
                        self.shared.metrics.decided(range, outcome);
                    }
                    self.shared
                        .bus
                        .emit(|| EventKind::JobModified(event_of(&named, id)));
                    drop(pending);
                    return Ok(true);
                }
                Err(error) if error.is_stale() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(punctual_store::Error::stale(id).into())
    }

    /// Reads the job of one store, or of the first store that holds it.
    pub(super) async fn found_in(
        &self,
        store: Option<&NamedStore>,
        id: &JobId,
    ) -> Result<(NamedStore, StoredJob), Error> {
        let Some(named) = store else {
            return self.shared.find(id).await;
        };
        let found = named.store.get(id.clone()).await?;
        Ok((named.clone(), found.ok_or_else(|| no_job(id))?))
    }
}

pub(super) fn event_of(named: &NamedStore, id: &JobId) -> JobRef {
    JobRef {
        id: id.clone(),
        store: Arc::clone(&named.alias),
    }
}
