//! The scheduler that a run belongs to.

use super::{Scheduler, WeakScheduler};
use crate::error::{BoxError, Error, ErrorKind};
use crate::handler::{CheckContext, FromContext, JobContext};

impl JobContext {
    /// Returns the scheduler that runs the job. A handle in a job keeps nothing alive after the
    /// shutdown.
    ///
    /// # Errors
    ///
    /// Returns an error if the job runs in a worker process, which has no scheduler.
    pub fn scheduler(&self) -> Result<Scheduler, Error> {
        let handle = self.0.host.scheduler.downcast_ref::<WeakScheduler>();
        handle.and_then(WeakScheduler::upgrade).ok_or_else(none)
    }
}

fn none() -> Error {
    let message = "a worker process has no scheduler; let the job run on another executor";
    Error::of(ErrorKind::NotRunning, message)
}

/// The scheduler that runs the job, as a parameter of a task.
///
/// ```
/// use punctual_tokio::{Args, Error, Scheduler};
///
/// async fn later(scheduler: Scheduler, Args(id): Args<String>) -> Result<(), Error> {
///     scheduler.remove_job(&id).await?;
///     Ok(())
/// }
/// # let _ = later;
/// ```
impl FromContext for Scheduler {
    const READS_ARGS: bool = false;

    async fn from_context(context: &JobContext) -> Result<Self, BoxError> {
        Ok(context.scheduler()?)
    }

    fn check(context: &CheckContext<'_>) -> Result<(), BoxError> {
        if context.has_scheduler {
            return Ok(());
        }
        let message = "executor: a worker process has no scheduler; choose another executor, or a task without the parameter `Scheduler`";
        Err(Error::of(ErrorKind::Invalid, message).into())
    }
}
