use std::time::Duration;

use serde::Serialize;

use super::span::Seconds;

/// Limits the duration of one attempt.
///
/// ```text
/// fire time      |
/// none           [==============================]
/// After(10)      [=========t====]                    token at 10, the job tidies up and ends
/// After(10)      [=========t========A                it does not end: aborted after the grace
/// ```
///
/// When the limit is reached, the run's cancellation token is cancelled. A run that has not ended
/// [`Timeout::GRACE`] later is aborted. A blocking run cannot be aborted and gets only its token. A
/// run that ends without an error after its token was cancelled has succeeded.
///
/// In JSON: `null`, or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(into = "Option<Seconds>")]
pub(crate) enum Timeout {
    /// An attempt may take any time.
    #[default]
    Never,
    /// An attempt may take this long.
    After(Duration),
}

impl Timeout {
    /// The time that a run has to end after its token was cancelled, before it is aborted.
    pub(crate) const GRACE: Duration = Duration::from_secs(5);

    /// The limit, if there is one.
    #[must_use]
    pub(crate) fn limit(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::After(limit) => Some(limit),
        }
    }
}

impl From<Duration> for Timeout {
    fn from(limit: Duration) -> Self {
        Self::After(limit)
    }
}

impl From<Timeout> for Option<Seconds> {
    fn from(timeout: Timeout) -> Self {
        timeout.limit().map(Seconds)
    }
}
