//! Tasks as they are registered, and the start and the end of an attempt.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use punctual_machine::ActiveKey;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::{CheckContext, Finish, JobContext, Reporter, RunInfo};
use crate::apart::Apart;
use crate::error::Error;
use crate::site::{Boxed, Site};

/// A function as it is registered under a name.
#[derive(Clone)]
pub struct Task(pub(crate) Arc<dyn Start>);

/// The check of all parameters of a task.
pub type Check = fn(&CheckContext<'_>) -> Result<(), Error>;

impl Task {
    /// A task whose runs are futures.
    pub fn asynchronous<C, Fut>(call: C, check: Check) -> Self
    where
        C: Fn(JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Finish> + Send + 'static,
    {
        let call = Arc::new(Apart::new(call));
        Self(Arc::new(AsyncTask { call, check }))
    }

    /// A task whose runs block a thread.
    pub fn blocking<C>(call: C, check: Check) -> Self
    where
        C: Fn(JobContext) -> Finish + Send + Sync + 'static,
    {
        let call = Arc::new(Apart::new(call));
        Self(Arc::new(BlockingTask { call, check }))
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Task")
    }
}

/// Begins attempts.
pub(crate) trait Start: Send + Sync {
    /// Begins an attempt that reports its end under `key` in every case.
    fn start(
        &self,
        runtime: &Handle,
        site: &Site,
        info: Arc<RunInfo>,
        key: ActiveKey,
    ) -> AbortHandle;

    /// Checks that the task could run jobs with these arguments.
    fn check(&self, context: &CheckContext<'_>) -> Result<(), Error>;

    /// Returns `true` if the futures of the task cannot leave their thread.
    fn is_local(&self) -> bool {
        false
    }

    /// Returns the JSON Schema of the arguments, if the task publishes one.
    fn args_schema(&self) -> Option<Value> {
        None
    }
}

struct AsyncTask<C: Send + 'static> {
    call: Arc<Apart<C>>,
    check: Check,
}

impl<C, Fut> Start for AsyncTask<C>
where
    C: Fn(JobContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Finish> + Send + 'static,
{
    fn start(
        &self,
        runtime: &Handle,
        site: &Site,
        info: Arc<RunInfo>,
        key: ActiveKey,
    ) -> AbortHandle {
        let context = JobContext(Arc::clone(&info));
        let span = info.span();
        let reporter = Reporter::new(info, key);
        let attempt = attempt(Arc::clone(&self.call), context, reporter);
        // A span without a listener would cost a wrapper and have no use.
        if span.is_disabled() {
            return site.spawn(runtime, attempt);
        }
        let attempt: Boxed = Box::pin(attempt);
        site.spawn_boxed(runtime, Box::pin(attempt.instrument(span)))
    }

    fn check(&self, context: &CheckContext<'_>) -> Result<(), Error> {
        (self.check)(context)
    }
}

/// Runs an attempt whose body is a future. It catches panics of the whole body, which are those of
/// the function before there is a future, of the future, and of its drop.
pub(super) async fn attempt<C, Fut>(
    call: Arc<Apart<C>>,
    context: JobContext,
    mut reporter: Reporter,
) where
    C: Fn(JobContext) -> Fut + Send + 'static,
    Fut: Future<Output = Finish>,
{
    if !reporter.begin() {
        return;
    }
    let body = async move {
        let running = call.with(|call| call(context))?;
        // A closure ends with its last job, even if the body goes on for long.
        drop(call);
        Some(running.await)
    };
    reporter.end_of(AssertUnwindSafe(body).catch_unwind().await);
}

struct BlockingTask<C: Send + 'static> {
    call: Arc<Apart<C>>,
    check: Check,
}

impl<C> Start for BlockingTask<C>
where
    C: Fn(JobContext) -> Finish + Send + Sync + 'static,
{
    fn start(
        &self,
        runtime: &Handle,
        site: &Site,
        info: Arc<RunInfo>,
        key: ActiveKey,
    ) -> AbortHandle {
        let call = Arc::clone(&self.call);
        let context = JobContext(Arc::clone(&info));
        let span = info.span();
        let mut reporter = Reporter::new(info, key);
        site.spawn_blocking(runtime, move || {
            if reporter.begin() {
                let body = || span.in_scope(|| call.with(|call| call(context)));
                reporter.end_of(catch_unwind(AssertUnwindSafe(body)));
            }
        })
    }

    fn check(&self, context: &CheckContext<'_>) -> Result<(), Error> {
        (self.check)(context)
    }
}
