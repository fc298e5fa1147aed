//! Functions as handlers, with one implementation for every number of parameters.

use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use tokio::runtime::Handle;

use super::args::check_args;
use super::from_context::check;
use super::{Finish, FromContext, IntoOutcome, JobContext, Seal, Task};

/// A function that can be a task.
///
/// It is an `async fn`, a plain `fn` or a closure. It has up to eight parameters that implement
/// [`FromContext`], and returns a type that implements [`IntoOutcome`].
///
/// Plain functions run on threads for blocking work. The type parameter `M` only keeps the two
/// kinds apart and never has to be written.
///
/// An async closure (`async |..| { .. }`) is a handler unless its future borrows a value that the
/// closure holds. In that case write `move || { let db = db.clone(); async move { .. } }`, or take
/// the value as [`State`](crate::State).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a task",
    label = "not a task",
    note = "give the function itself, not a call of it: `add_job(send, ..).args(\"ada\")`, not `add_job(send(\"ada\"), ..)`",
    note = "parameters (up to 8): `Args<T>`, `State<S>`, `JobContext`, `Scheduler`, or a type that implements or derives `FromContext`",
    note = "result: `()`, `Output<T>`, or `Result<T, E>` with `T: Serialize`; its future must be `Send`",
    note = "what a closure holds must be `Send`, `Sync` and `'static`",
    note = "write `#[punctual::job]` above the function to see which part is at fault"
)]
pub trait Handler<M>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_task(self, _: Seal) -> Task;
}

/// Marks async functions.
#[derive(Debug)]
#[non_exhaustive]
pub struct Async;

/// Marks plain functions.
#[derive(Debug)]
#[non_exhaustive]
pub struct Blocking;

impl<F, Fut> Handler<(Async,)> for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoOutcome> + Send + 'static,
{
    fn into_task(self, _: Seal) -> Task {
        Task::asynchronous(
            move |_| self().map(IntoOutcome::into_outcome),
            |context| check_args(context, &[]),
        )
    }
}

impl<F, R> Handler<(Blocking,)> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: IntoOutcome,
{
    fn into_task(self, _: Seal) -> Task {
        Task::blocking(
            move |_| self().into_outcome(),
            |context| check_args(context, &[]),
        )
    }
}

/// Evaluates to a parameter, or ends the attempt.
macro_rules! or_fail {
    ($made:expr) => {
        match $made {
            Ok(made) => made,
            Err(error) => return Finish::failed(&error),
        }
    };
}

macro_rules! handlers {
    ($($parameter:ident $kind:ident),+) => {
        impl<F, Fut, $($kind),+> Handler<(Async, $($kind,)+)> for F
        where
            F: Fn($($kind),+) -> Fut + Send + Sync + 'static,
            Fut: Future<Output: IntoOutcome> + Send + 'static,
            $($kind: FromContext + 'static,)+
        {
            fn into_task(self, _: Seal) -> Task {
                let function = Arc::new(self);
                Task::asynchronous(
                    move |context: JobContext| {
                        let function = Arc::clone(&function);
                        async move {
                            $(let $parameter = or_fail!($kind::from_context(&context).await);)+
                            drop(context);
                            let running = function($($parameter),+);
                            drop(function);
                            running.await.into_outcome()
                        }
                    },
                    |context| check_args(context, &[$(check::<$kind>(context)?),+]),
                )
            }
        }

        impl<F, R, $($kind),+> Handler<(Blocking, $($kind,)+)> for F
        where
            F: Fn($($kind),+) -> R + Send + Sync + 'static,
            R: IntoOutcome,
            $($kind: FromContext + 'static,)+
        {
            fn into_task(self, _: Seal) -> Task {
                Task::blocking(
                    move |context: JobContext| {
                        $(let $parameter = or_fail!(wait($kind::from_context(&context)));)+
                        self($($parameter),+).into_outcome()
                    },
                    |context| check_args(context, &[$(check::<$kind>(context)?),+]),
                )
            }
        }
    };
}

handlers!(one T1);
handlers!(one T1, two T2);
handlers!(one T1, two T2, three T3);
handlers!(one T1, two T2, three T3, four T4);
handlers!(one T1, two T2, three T3, four T4, five T5);
handlers!(one T1, two T2, three T3, four T4, five T5, six T6);
handlers!(one T1, two T2, three T3, four T4, five T5, six T6, seven T7);
handlers!(one T1, two T2, three T3, four T4, five T5, six T6, seven T7, eight T8);

/// Makes a parameter on a thread that may block. Most parameters are ready immediately.
pub fn wait<F: Future>(making: F) -> F::Output {
    let mut making = pin!(making);
    match making.as_mut().now_or_never() {
        Some(made) => made,
        None => Handle::current().block_on(making),
    }
}
