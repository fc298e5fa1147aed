//! The scheduler that a run belongs to.

use super::WeakScheduler;
use crate::handler::JobContext;

impl JobContext {
    /// Returns the scheduler that runs the job. A worker process has no scheduler, so the handle is
    /// empty there.
    #[must_use]
    pub fn scheduler(&self) -> WeakScheduler {
        let handle = self.0.host.scheduler.downcast_ref::<WeakScheduler>();
        handle.cloned().unwrap_or_else(WeakScheduler::gone)
    }
}
