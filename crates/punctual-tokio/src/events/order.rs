//! The order of events. A listener hears that a job was added before it hears that the job runs.
//!
//! A call changes the store first and tells listeners afterwards. In between, the change reaches
//! the scheduler task by way of the store. The scheduler task then waits until the listeners were
//! told.

use std::collections::HashMap;
use std::sync::Arc;

use punctual_core::JobId;
use punctual_store::lock::Mutex;
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(crate) struct Announcements {
    /// The jobs with edits that were not told yet, and the number of those edits.
    pending: Mutex<HashMap<JobId, u32>>,
    told: Notify,
}

/// Edits that were not told yet. When this is dropped, they have been told or given up.
#[must_use]
pub(crate) struct Pending {
    announcements: Arc<Announcements>,
    jobs: Vec<JobId>,
}

impl Announcements {
    pub(crate) fn begin(self: &Arc<Self>, jobs: Vec<JobId>) -> Pending {
        let mut pending = self.pending.lock();
        for job in &jobs {
            *pending.entry(job.clone()).or_default() += 1;
        }
        drop(pending);
        Pending {
            announcements: Arc::clone(self),
            jobs,
        }
    }

    /// Waits until all edits of these jobs that had begun were told.
    pub(crate) async fn told<'a>(&self, jobs: impl Iterator<Item = &'a JobId> + Clone) {
        loop {
            let told = self.told.notified();
            if !self.is_pending(jobs.clone()) {
                return;
            }
            told.await;
        }
    }

    fn is_pending<'a>(&self, mut jobs: impl Iterator<Item = &'a JobId>) -> bool {
        let pending = self.pending.lock();
        !pending.is_empty() && jobs.any(|job| pending.contains_key(job))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut pending = self.announcements.pending.lock();
        for job in &self.jobs {
            if let Some(count) = pending.get_mut(job) {
                *count -= 1;
                if *count == 0 {
                    pending.remove(job);
                }
            }
        }
        drop(pending);
        self.announcements.told.notify_waiters();
    }
}
