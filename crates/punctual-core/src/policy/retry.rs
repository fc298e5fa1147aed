use std::time::Duration;

use serde::Serialize;

use crate::error::Error;
use crate::span::IntoSpan;

/// Decides whether a run that failed, panicked or timed out is tried again.
///
/// ```text
/// fire time      |
/// none           [==F
/// attempts: 4    [==F .. [==F .... [==F ........ [==S     waits 2, 4, 8: doubling up to the cap
/// ```
///
/// All attempts belong to one run and occupy its instance. The outcome of the run is that of its
/// last attempt.
///
/// Between two attempts the run belongs to the store. When the next attempt is due, the node that
/// made the last one makes it, or any other node that knows the task. The same holds after a
/// shutdown or the death of a node. Attempts are numbered across nodes, and those of dead nodes
/// count.
///
/// In JSON: `{"attempts": 4, "backoff": 2, "cap": 60}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Retry {
    /// The number of attempts of a run, the first included. 1 means no retry. Schedulers refuse 0.
    pub attempts: u32,
    /// The wait before the second attempt. Each further wait is twice as long, up to `cap`.
    #[serde(serialize_with = "super::span::serialize")]
    pub backoff: Duration,
    /// The longest wait.
    #[serde(serialize_with = "super::span::serialize")]
    pub cap: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self::NONE
    }
}

impl Retry {
    /// One attempt, the default.
    pub const NONE: Self = Self {
        attempts: 1,
        backoff: Duration::from_secs(1),
        cap: Duration::from_secs(3_600),
    };

    /// Begins a total of `attempts` attempts, with waits that double from one second up to an hour.
    pub fn attempts(attempts: u32) -> RetryBuilder {
        RetryBuilder {
            retry: Self {
                attempts,
                ..Self::NONE
            },
            error: None,
        }
    }

    /// Returns the wait after the attempt with the number `failed`, counted from 1. Returns `None`
    /// if it was the last attempt.
    ///
    /// ```
    /// # use punctual_core::Retry;
    /// # use std::time::Duration;
    /// let retry = Retry::attempts(4).backoff("2s").cap("5s").build()?;
    /// let waits: Vec<_> = (1..=4).map(|failed| retry.wait_after(failed)).collect();
    /// let seconds = |s| Some(Duration::from_secs(s));
    /// assert_eq!(waits, [seconds(2), seconds(4), seconds(5), None]);
    /// # Ok::<(), punctual_core::Error>(())
    /// ```
    #[must_use]
    pub fn wait_after(self, failed: u32) -> Option<Duration> {
        if failed >= self.attempts {
            return None;
        }
        let doubled = 1_u32
            .checked_shl(failed.saturating_sub(1))
            .unwrap_or(u32::MAX);
        Some(self.backoff.saturating_mul(doubled).min(self.cap))
    }
}

/// Builds a [`Retry`]. [`Retry::attempts`] begins one. Setters of jobs take the builder itself.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RetryBuilder {
    retry: Retry,
    error: Option<Error>,
}

impl RetryBuilder {
    /// Sets the wait before the second attempt. Each further wait is twice as long.
    pub fn backoff(mut self, first: impl IntoSpan) -> Self {
        match first.into_span("retry.backoff") {
            Ok(first) => self.retry.backoff = first,
            Err(error) => self.failed(error),
        }
        self
    }

    /// Sets the longest wait.
    pub fn cap(mut self, longest: impl IntoSpan) -> Self {
        match longest.into_span("retry.cap") {
            Ok(longest) => self.retry.cap = longest,
            Err(error) => self.failed(error),
        }
        self
    }

    /// Returns the policy.
    ///
    /// # Errors
    ///
    /// Returns an error if a wait is not a length of time.
    pub fn build(self) -> Result<Retry, Error> {
        self.error.map_or(Ok(self.retry), Err)
    }

    fn failed(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}
