//! What is registered under a name, and how an attempt of a run is begun and ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::{AddContext, Finish, JobContext, RunInfo};
use crate::error::Error;
use crate::executor::{Boxed, Place};
use crate::reports::{Key, Report};

/// What is registered under a name.
#[derive(Clone)]
pub struct Task(pub(crate) Arc<dyn Start>);

/// The check of all parameters of a task.
pub type Check = fn(&AddContext<'_>) -> Result<(), Error>;

impl Task {
    /// A task whose runs are futures.
    pub fn asynchronous<C, Fut>(call: C, check: Check) -> Self
    where
        C: Fn(JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Finish> + Send + 'static,
    {
        Self(Arc::new(AsyncTask { call, check }))
    }

    /// A task whose runs block a thread.
    pub fn blocking<C>(call: C, check: Check) -> Self
    where
        C: Fn(JobContext) -> Finish + Send + Sync + 'static,
    {
        let call = Arc::new(call);
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
    /// Begins an attempt that reports its end under `key`, whatever becomes of it.
    fn start(
        &self,
        runtime: &Handle,
        place: &Place,
        info: Arc<RunInfo>,
        key: Key,
    ) -> JoinHandle<()>;

    /// Whether jobs with these arguments could be run.
    fn check(&self, context: &AddContext<'_>) -> Result<(), Error>;

    /// Whether its futures cannot leave their thread.
    fn is_local(&self) -> bool {
        false
    }

    /// The JSON Schema of its arguments, if it publishes one.
    fn args_schema(&self) -> Option<Value> {
        None
    }
}

/// Reports the end of an attempt, also if its future is dropped.
pub(crate) struct Reporter {
    info: Arc<RunInfo>,
    key: Key,
    started: Option<i64>,
    finish: Option<Finish>,
}

impl Reporter {
    pub(crate) fn new(info: Arc<RunInfo>, key: Key) -> Self {
        Self {
            info,
            key,
            started: None,
            finish: None,
        }
    }

    pub(crate) fn begin(&mut self) {
        self.started = Some(self.info.host.clock.micros());
    }

    pub(crate) fn end(&mut self, finish: Finish) {
        self.finish = Some(finish);
    }

    /// Reports an attempt that was over before it could be spawned.
    pub(crate) fn ended(mut self, runtime: &Handle, finish: Finish) -> JoinHandle<()> {
        self.begin();
        self.end(finish);
        runtime.spawn(async move { drop(self) })
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.info.host.reports.push(Report {
            key: self.key,
            started: self.started,
            finished: self.info.host.clock.micros(),
            finish: self.finish.take(),
        });
    }
}

struct AsyncTask<C> {
    call: C,
    check: Check,
}

impl<C, Fut> Start for AsyncTask<C>
where
    C: Fn(JobContext) -> Fut + Send + Sync,
    Fut: Future<Output = Finish> + Send + 'static,
{
    fn start(
        &self,
        runtime: &Handle,
        place: &Place,
        info: Arc<RunInfo>,
        key: Key,
    ) -> JoinHandle<()> {
        let context = JobContext(Arc::clone(&info));
        let span = info.span();
        let reporter = Reporter::new(info, key);
        // A closure may panic before there is a future.
        match catch_unwind(AssertUnwindSafe(|| span.in_scope(|| (self.call)(context)))) {
            // What nobody listens to is not wrapped.
            Ok(future) if !span.is_disabled() => {
                let attempt: Boxed = Box::pin(attempt(future, reporter));
                place.spawn_boxed(runtime, Box::pin(attempt.instrument(span)))
            }
            Ok(future) => place.spawn(runtime, attempt(future, reporter)),
            Err(panic) => reporter.ended(runtime, Finish::panicked(&*panic)),
        }
    }

    fn check(&self, context: &AddContext<'_>) -> Result<(), Error> {
        (self.check)(context)
    }
}

pub(super) async fn attempt<F: Future<Output = Finish>>(future: F, mut reporter: Reporter) {
    reporter.begin();
    let finish = AssertUnwindSafe(future).catch_unwind().await;
    reporter.end(finish.unwrap_or_else(|panic| Finish::panicked(&*panic)));
}

struct BlockingTask<C> {
    call: Arc<C>,
    check: Check,
}

impl<C> Start for BlockingTask<C>
where
    C: Fn(JobContext) -> Finish + Send + Sync + 'static,
{
    fn start(
        &self,
        runtime: &Handle,
        place: &Place,
        info: Arc<RunInfo>,
        key: Key,
    ) -> JoinHandle<()> {
        let call = Arc::clone(&self.call);
        let context = JobContext(Arc::clone(&info));
        let span = info.span();
        let mut reporter = Reporter::new(info, key);
        place.spawn_blocking(runtime, move || {
            reporter.begin();
            let finish = catch_unwind(AssertUnwindSafe(|| span.in_scope(|| call(context))));
            reporter.end(finish.unwrap_or_else(|panic| Finish::panicked(&*panic)));
        })
    }

    fn check(&self, context: &AddContext<'_>) -> Result<(), Error> {
        (self.check)(context)
    }
}
