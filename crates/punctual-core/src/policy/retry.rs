use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Whether a run that failed, panicked or timed out is tried again.
///
/// ```text
/// fire time      |
/// none           [==F
/// attempts: 4    [==F .. [==F .... [==F ........ [==S     waits 2, 4, 8: doubling up to the cap
/// ```
///
/// All attempts belong to one run and hold its instance; the outcome of the run is that of its
/// last attempt.
///
/// Between two attempts the run belongs to the store. When the next one is due, the node that made
/// the last one goes on with it, or any other that knows the task, also after a shutdown or the
/// death of a node. The numbers of attempts go on, and those of dead nodes count.
///
/// In JSON: `{"attempts": 4, "backoff": 2, "cap": 60}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// How many attempts a run has in all, the first included. 1 means no retry; schedulers refuse 0.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles from there.
    #[serde(with = "super::span")]
    pub backoff: Duration,
    /// The longest wait.
    #[serde(with = "super::span")]
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

    /// `attempts` in all, with waits that double from one second up to an hour.
    #[must_use]
    pub fn attempts(attempts: u32) -> Self {
        Self {
            attempts,
            ..Self::NONE
        }
    }

    /// The same with other waits: the first, and the longest.
    #[must_use]
    pub fn backoff(self, first: Duration, cap: Duration) -> Self {
        Self {
            backoff: first,
            cap,
            ..self
        }
    }

    /// How long to wait after the `failed`th attempt (counted from 1), or `None` if it was the
    /// last.
    ///
    /// ```
    /// # use punctual_core::Retry;
    /// # use std::time::Duration;
    /// let retry = Retry::attempts(4).backoff(Duration::from_secs(2), Duration::from_secs(5));
    /// let waits: Vec<_> = (1..=4).map(|failed| retry.wait_after(failed)).collect();
    /// let seconds = |s| Some(Duration::from_secs(s));
    /// assert_eq!(waits, [seconds(2), seconds(4), seconds(5), None]);
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
