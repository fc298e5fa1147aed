//! The future that waits until a run is to end.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A future that ends when a run is to end. See [`JobContext::cancelled`](crate::JobContext::cancelled).
///
/// It may be polled again after its end, and ends immediately then.
///
/// ```
/// use punctual_tokio::JobContext;
///
/// async fn pump(context: JobContext) -> Result<(), &'static str> {
///     let cancelled = context.cancelled();
///     let (mut here, there) = (cancelled.clone(), cancelled);
///     tokio::spawn(async move { there.await });
///     for _ in 0..1_000 {
///         tokio::select! {
///             () = &mut here => return Err("half of it is done"), // after tidying up
///             () = std::future::ready(()) => {} // a part of the work
///         }
///     }
///     Ok(())
/// }
/// # let _ = pump;
/// ```
#[must_use = "a future does nothing until it is awaited"]
pub struct Cancelled {
    token: CancellationToken,
    /// Made when the future is first polled.
    waiting: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Cancelled {
    pub(super) fn new(token: CancellationToken) -> Self {
        Self {
            token,
            waiting: None,
        }
    }
}

impl Clone for Cancelled {
    fn clone(&self) -> Self {
        Self::new(self.token.clone())
    }
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.token.is_cancelled() {
            return Poll::Ready(());
        }
        let token = self.token.clone();
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(token.cancelled_owned()));
        waiting.as_mut().poll(context)
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled")
            .field("is_cancelled", &self.token.is_cancelled())
            .finish_non_exhaustive()
    }
}
