//! From functions to tasks: one implementation for every number of parameters.

use std::any::{TypeId, type_name};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::state::Available;
use super::{Finish, FromContext, IntoOutcome, JobContext, RunInfo};
use crate::error::{BoxError, Error};
use crate::executor::Place;
use crate::reports::{Key, Report};

/// A function that can be a task: `async fn` or plain `fn` or closure, with up to eight parameters
/// that implement [`FromContext`], returning what implements [`IntoOutcome`].
///
/// Plain functions run on threads for blocking work. The parameter `M` only keeps the two kinds
/// apart; it never has to be written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a task",
    note = "a task is a function or closure with up to 8 parameters, each `Args<T>`, `State<S>`, `JobContext` or another `FromContext`",
    note = "it returns `()`, `Output<T>` or `Result<T, E>` with `T: Serialize` and `E: Into<BoxError>`",
    note = "an async function's future has to be `Send`"
)]
pub trait Handler<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_task(self) -> Task;
}

/// What is registered under a name.
#[derive(Clone)]
pub struct Task(pub(crate) Arc<dyn Start>);

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
    fn check(&self, available: &Available<'_>) -> Result<(), Error>;
}

/// Reports the end of an attempt, also if its future is dropped.
struct Reporter {
    info: Arc<RunInfo>,
    key: Key,
    started: Option<i64>,
    finish: Option<Finish>,
}

impl Reporter {
    fn new(info: Arc<RunInfo>, key: Key) -> Self {
        Self {
            info,
            key,
            started: None,
            finish: None,
        }
    }

    fn begin(&mut self) {
        self.started = Some(self.info.host.clock.micros());
    }

    fn end(&mut self, finish: Finish) {
        self.finish = Some(finish);
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
    check: fn(&Available<'_>) -> Result<(), Error>,
}

impl<C, Fut> Start for AsyncTask<C>
where
    C: Fn(&JobContext) -> Result<Fut, BoxError> + Send + Sync,
    Fut: Future<Output: IntoOutcome> + Send + 'static,
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
        let mut reporter = Reporter::new(info, key);
        // A closure may panic before there is a future.
        match catch_unwind(AssertUnwindSafe(|| span.in_scope(|| (self.call)(&context)))) {
            // What nobody listens to is not wrapped.
            Ok(Ok(future)) if !span.is_disabled() => {
                place.spawn(runtime, attempt(future, reporter).instrument(span))
            }
            Ok(Ok(future)) => place.spawn(runtime, attempt(future, reporter)),
            Ok(Err(error)) => {
                reporter.begin();
                reporter.end(Finish::failed(&error));
                runtime.spawn(async move { drop(reporter) })
            }
            Err(panic) => {
                reporter.begin();
                reporter.end(Finish::panicked(&*panic));
                runtime.spawn(async move { drop(reporter) })
            }
        }
    }

    fn check(&self, available: &Available<'_>) -> Result<(), Error> {
        (self.check)(available)
    }
}

async fn attempt<F: Future<Output: IntoOutcome>>(future: F, mut reporter: Reporter) {
    reporter.begin();
    let finish = AssertUnwindSafe(future)
        .map(IntoOutcome::into_outcome)
        .catch_unwind()
        .await;
    reporter.end(finish.unwrap_or_else(|panic| Finish::panicked(&*panic)));
}

struct BlockingTask<C> {
    call: Arc<C>,
    check: fn(&Available<'_>) -> Result<(), Error>,
}

impl<C> Start for BlockingTask<C>
where
    C: Fn(&JobContext) -> Result<Finish, BoxError> + Send + Sync + 'static,
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
            let finish = catch_unwind(AssertUnwindSafe(|| span.in_scope(|| call(&context))));
            reporter.end(match finish {
                Ok(Ok(finish)) => finish,
                Ok(Err(error)) => Finish::failed(&error),
                Err(panic) => Finish::panicked(&*panic),
            });
        })
    }

    fn check(&self, available: &Available<'_>) -> Result<(), Error> {
        (self.check)(available)
    }
}

/// Marks async functions.
#[derive(Debug)]
pub struct Async;

/// Marks plain functions.
#[derive(Debug)]
pub struct Blocking;

macro_rules! handlers {
    ($($parameter:ident),*) => {
        impl<F, Fut, $($parameter),*> Handler<(Async, $($parameter,)*)> for F
        where
            F: Fn($($parameter),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output: IntoOutcome> + Send + 'static,
            $($parameter: FromContext + 'static,)*
        {
            fn into_task(self) -> Task {
                Task(Arc::new(AsyncTask {
                    call: move |_context: &JobContext| Ok(self($($parameter::from_context(_context)?),*)),
                    check: |_available| {
                        $($parameter::check(_available)?;)*
                        Ok(())
                    },
                }))
            }
        }

        impl<F, R, $($parameter),*> Handler<(Blocking, $($parameter,)*)> for F
        where
            F: Fn($($parameter),*) -> R + Send + Sync + 'static,
            R: IntoOutcome,
            $($parameter: FromContext + 'static,)*
        {
            fn into_task(self) -> Task {
                Task(Arc::new(BlockingTask {
                    call: Arc::new(move |_context: &JobContext| {
                        Ok(self($($parameter::from_context(_context)?),*).into_outcome())
                    }),
                    check: |_available| {
                        $($parameter::check(_available)?;)*
                        Ok(())
                    },
                }))
            }
        }
    };
}

handlers!();
handlers!(T1);
handlers!(T1, T2);
handlers!(T1, T2, T3);
handlers!(T1, T2, T3, T4);
handlers!(T1, T2, T3, T4, T5);
handlers!(T1, T2, T3, T4, T5, T6);
handlers!(T1, T2, T3, T4, T5, T6, T7);
handlers!(T1, T2, T3, T4, T5, T6, T7, T8);

/// What a new job calls: a [`Handler`], or the name of a registered task.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a task's name nor a function that can be a task",
    note = "a task is a function or closure with up to 8 parameters, each `Args<T>`, `State<S>`, `JobContext` or another `FromContext`",
    note = "it returns `()`, `Output<T>` or `Result<T, E>` with `T: Serialize` and `E: Into<BoxError>`",
    note = "an async function's future has to be `Send`"
)]
pub trait IntoTask<M> {
    #[doc(hidden)]
    fn into_reference(self) -> Reference;
}

/// What a new job calls.
#[doc(hidden)]
#[derive(Debug)]
pub struct Reference(pub(crate) TaskRef);

#[derive(Debug)]
pub(crate) enum TaskRef {
    /// A task that is registered under this name.
    Named(Arc<str>),
    /// A function without a stable name.
    Anonymous {
        task: Task,
        /// What the compiler calls it.
        name: &'static str,
        /// Its type, if it holds no values: then all values of the type are the same function.
        function: Option<TypeId>,
    },
}

/// Marks functions.
#[derive(Debug)]
pub struct Function<M>(std::marker::PhantomData<M>);

/// Marks names.
#[derive(Debug)]
pub struct Named;

impl<M, F: Handler<M>> IntoTask<Function<M>> for F {
    fn into_reference(self) -> Reference {
        Reference(TaskRef::Anonymous {
            task: self.into_task(),
            name: type_name::<F>(),
            function: (size_of::<F>() == 0).then(TypeId::of::<F>),
        })
    }
}

impl IntoTask<Named> for &str {
    fn into_reference(self) -> Reference {
        Reference(TaskRef::Named(self.into()))
    }
}

impl IntoTask<Named> for String {
    fn into_reference(self) -> Reference {
        Reference(TaskRef::Named(self.into()))
    }
}
