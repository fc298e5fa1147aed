//! The faults that a call can meet.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::StoreCall;
use crate::Error;

/// A fault of a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// The call does not reach the store until its kind is [set](super::Faults::set) or
    /// [mended](super::Faults::mend). It then meets the fault that is in force at that time.
    Held,
    /// The call never reaches the store and is never answered.
    Silent,
    /// The call reaches the store after the future that the test makes for it is ready.
    Slow(Delay),
    /// The call does not reach the store and fails as [unavailable](Error::unavailable).
    Failed,
    /// The call does not reach the store and fails as [refused](Error::refused).
    Refused,
    /// The call does not reach the store and fails with the error that the function returns.
    Error(fn() -> Error),
    /// The call is done, and answered when its kind is [set](super::Faults::set) or
    /// [mended](super::Faults::mend). If the new fault loses answers, this answer is lost too.
    HeldAnswer,
    /// The call is done and never answered.
    SilentAnswer,
    /// The call is done and fails as [unavailable](Error::unavailable).
    LostAnswer,
}

impl Fault {
    /// Returns a fault that makes each call wait for a future of its own before it reaches the
    /// store.
    ///
    /// ```
    /// use std::future::ready;
    ///
    /// use punctual_store::testing::{StoreCall, Fault, FaultyStore};
    ///
    /// let (_store, faults) = FaultyStore::new(punctual_store::MemoryStore::new());
    /// // On tokio: `Fault::slow(|| tokio::time::sleep(Duration::from_secs(12)))`.
    /// faults.set(StoreCall::Recover, Fault::slow(|| ready(())));
    /// ```
    pub fn slow<F>(wait: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::Slow(Delay(Arc::new(move || Box::pin(wait()))))
    }

    /// Returns the error of a call that never reaches the store.
    pub(super) fn error(&self, call: StoreCall) -> Option<Error> {
        match self {
            Self::Failed => Some(Error::unavailable(format!("no connection for `{call}`"))),
            Self::Refused => Some(Error::refused(format!("`{call}` is not allowed"))),
            Self::Error(make) => Some(make()),
            _ => None,
        }
    }
}

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The future that a [slow](Fault::slow) call waits for.
#[derive(Clone)]
pub struct Delay(Arc<dyn Fn() -> Wait + Send + Sync>);

impl Delay {
    pub(super) fn begin(&self) -> Wait {
        (self.0)()
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delay")
    }
}
