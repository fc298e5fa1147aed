//! What a store answers with.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::Error;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The answer of a store: there already, or still to come.
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
    /// An answer that is there already. It takes no allocation.
    pub fn ready(answer: Result<T, Error>) -> Self {
        Self(Inner::Ready(Some(answer)))
    }

    /// An answer that takes its time.
    pub fn new(answer: impl Future<Output = Result<T, Error>> + Send + 'a) -> Self {
        Self(Inner::Later(Box::pin(answer)))
    }

    /// Whether the answer is there already.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.0, Inner::Ready(_))
    }
}

// No pointer into an answer is ever handed out.
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
