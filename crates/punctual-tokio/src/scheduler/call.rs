//! The future of a verb.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::coop::consume_budget;

use crate::error::Error;

/// A verb of a [`Scheduler`](crate::Scheduler) or of a [`JobHandle`](crate::JobHandle), which
/// begins when it is first polled.
///
/// It owns all that it needs, so it can be spawned, put into a struct, or sent to another thread. A
/// verb with settings is a builder such as [`AddJob`](crate::AddJob), which becomes a `Call` when
/// it is awaited.
///
/// ```
/// use std::time::Duration;
/// use punctual_core::Interval;
/// use punctual_tokio::{Call, JobHandle, Scheduler};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let scheduler = Scheduler::builder().build()?;
/// let minute = Interval::every(Duration::from_secs(60));
/// let adding: Call<JobHandle> = scheduler.add_job(|| async {}, minute).into_future();
/// let job = tokio::spawn(adding).await??;
/// # drop(job);
/// # Ok(()) }
/// ```
///
/// A verb takes part in tokio's cooperative scheduling. A loop of verbs that need not wait lets
/// other tokio tasks have their turn.
///
/// # Cancel safety
///
/// These rules hold for all verbs. The page of a verb says where the verb differs.
///
/// - If a verb is dropped before its first poll, nothing has happened.
/// - If a verb that changes one job or one run is dropped later, the change was made wholly or not
///   at all. The caller cannot tell which of the two.
/// - If a verb that changes many jobs is dropped later, some of the jobs may have been changed.
/// - A verb that only reads is cancel safe.
/// - A shutdown goes on if the verb is dropped.
/// - If a verb that waits is dropped, nothing is cancelled.
#[must_use = "a verb does nothing until it is awaited"]
pub struct Call<T>(Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>);

impl<T: Send + 'static> Call<T> {
    /// Returns a verb of another crate of Punctual.
    #[doc(hidden)]
    pub fn new(verb: impl Future<Output = Result<T, Error>> + Send + 'static) -> Self {
        Self(Box::pin(async move {
            let answer = verb.await;
            // Only now, so that the first poll of a verb begins it in any case.
            consume_budget().await;
            answer
        }))
    }
}

/// Lets a caller await a verb with settings, whose method `perform` does what it says.
macro_rules! awaited {
    ($verb:ident -> $answer:ty) => {
        impl IntoFuture for $verb {
            type Output = Result<$answer, $crate::Error>;
            type IntoFuture = $crate::Call<$answer>;

            fn into_future(self) -> Self::IntoFuture {
                $crate::Call::new(self.perform())
            }
        }
    };
}

pub(super) use awaited;

impl<T> Future for Call<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
