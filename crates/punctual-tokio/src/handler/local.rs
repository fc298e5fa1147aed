//! Functions whose futures must not leave their thread.

use std::sync::Arc;

use punctual_machine::ActiveKey;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::args::check_args;
use super::callable::{Start, attempt};
use super::from_context::check;
use super::{
    Check, CheckContext, Finish, FromContext, IntoOutcome, JobContext, Reporter, RunInfo, Seal,
    Task,
};
use crate::apart::Apart;
use crate::error::Error;
use crate::site::{Begin, Site};

/// A function that can be a local task. It is an async [`Handler`](crate::Handler) whose future
/// need not be `Send`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a local task",
    label = "not a local task",
    note = "a local task is an async function or closure, given itself and not called",
    note = "parameters (up to 8): `Args<T>`, `State<S>`, `JobContext`, `Scheduler`, or a type that implements or derives `FromContext`",
    note = "result: `()`, `Output<T>`, or `Result<T, E>` with `T: Serialize`",
    note = "only its future may be bound to a thread; what the function itself holds must be `Send`, `Sync` and `'static`"
)]
pub trait LocalHandler<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_local_task(self, _: Seal) -> Task;
}

struct LocalTask<C: Send + 'static> {
    call: Arc<Apart<C>>,
    check: Check,
}

impl<C, Fut> Start for LocalTask<C>
where
    C: Fn(JobContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Finish> + 'static,
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
        let reporter = Reporter::new(info, key);
        let Some(local) = site.local() else {
            return reporter.ended(runtime, Finish::failed(&NOT_LOCAL.into()));
        };
        let begin: Begin =
            Box::new(move || Box::pin(attempt(call, context, reporter).instrument(span)));
        site.limited(runtime, Box::pin(local.run(begin)))
    }

    fn check(&self, context: &CheckContext<'_>) -> Result<(), Error> {
        (self.check)(context)
    }

    fn is_local(&self) -> bool {
        true
    }
}

const NOT_LOCAL: &str =
    "the task's future cannot leave its thread: its job needs an executor like `Executor::local()`";

macro_rules! local_handlers {
    ($($parameter:ident $kind:ident),*) => {
        impl<F, Fut, $($kind),*> LocalHandler<($($kind,)*)> for F
        where
            F: Fn($($kind),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output: IntoOutcome> + 'static,
            $($kind: FromContext + 'static,)*
        {
            fn into_local_task(self, _: Seal) -> Task {
                let function = Arc::new(self);
                let call = move |_context: JobContext| {
                    let function = Arc::clone(&function);
                    async move {
                        $(let $parameter = match $kind::from_context(&_context).await {
                            Ok(made) => made,
                            Err(error) => return Finish::failed(&error),
                        };)*
                        function($($parameter),*).await.into_outcome()
                    }
                };
                Task(Arc::new(LocalTask {
                    call: Arc::new(Apart::new(call)),
                    check: |context| check_args(context, &[$(check::<$kind>(context)?),*]),
                }))
            }
        }
    };
}

local_handlers!();
local_handlers!(one T1);
local_handlers!(one T1, two T2);
local_handlers!(one T1, two T2, three T3);
local_handlers!(one T1, two T2, three T3, four T4);
local_handlers!(one T1, two T2, three T3, four T4, five T5);
local_handlers!(one T1, two T2, three T3, four T4, five T5, six T6);
local_handlers!(one T1, two T2, three T3, four T4, five T5, six T6, seven T7);
local_handlers!(one T1, two T2, three T3, four T4, five T5, six T6, seven T7, eight T8);
