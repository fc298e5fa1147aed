//! The future that each call of a store returns.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::Error;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The answer of a store, which is either ready or still to come.
///
/// ```
/// use punctual_store::{Error, StoreFuture};
///
/// # futures::executor::block_on(async {
/// assert_eq!(StoreFuture::ready(Ok(7)).await?, 7);
/// assert_eq!(StoreFuture::new(async { Ok(8) }).await?, 8);
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a store does nothing until its answer is awaited"]
pub struct StoreFuture<'a, T>(Inner<'a, T>);

enum Inner<'a, T> {
    Ready(Option<Result<T, Error>>),
    Later(Boxed<'a, T>),
}

impl<'a, T> StoreFuture<'a, T> {
    /// Returns an answer that is ready. It needs no allocation.
    pub fn ready(answer: Result<T, Error>) -> Self {
        Self(Inner::Ready(Some(answer)))
    }

    /// Returns an answer that is still to come.
    pub fn new(answer: impl Future<Output = Result<T, Error>> + Send + 'a) -> Self {
        Self(Inner::Later(Box::pin(answer)))
    }

    /// Returns true if the answer is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.0, Inner::Ready(_))
    }
}

// Sound, since no pointer into an answer is ever handed out.
impl<T> Unpin for StoreFuture<'_, T> {}

impl<T> Future for StoreFuture<'_, T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // A future that is polled again after its answer never answers.
            Inner::Ready(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
            Inner::Later(answer) => answer.as_mut().poll(context),
        }
    }
}

impl<T> fmt::Debug for StoreFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Inner::Ready(_) => "StoreFuture::Ready",
            Inner::Later(_) => "StoreFuture::Later",
        })
    }
}
