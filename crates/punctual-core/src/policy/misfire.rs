use std::time::Duration;

use serde::Serialize;

use super::span::Seconds;

/// Limits the lateness of a run. A fire time that is decided later than this is recorded as missed
/// and does not run.
///
/// ```text
/// fire times       |         |         |
/// Unlimited        [==]          [==]  [==]      late, but runs
/// Within(3)        [==]      x         [==]      4 late: missed
///                            ....^ decided here
/// ```
///
/// The default is [`Unlimited`](Self::Unlimited). `APScheduler` allows one second by default, which
/// busy machines exceed often.
///
/// In JSON: `null`, or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(into = "Option<Seconds>")]
pub(crate) enum MisfireGraceTime {
    /// A run may be late by any amount.
    #[default]
    Unlimited,
    /// A run may be late by this duration or less.
    Within(Duration),
}

impl MisfireGraceTime {
    /// The limit, if there is one.
    #[must_use]
    pub(crate) fn limit(self) -> Option<Duration> {
        match self {
            Self::Unlimited => None,
            Self::Within(limit) => Some(limit),
        }
    }
}

impl From<Duration> for MisfireGraceTime {
    fn from(limit: Duration) -> Self {
        Self::Within(limit)
    }
}

impl From<MisfireGraceTime> for Option<Seconds> {
    fn from(grace: MisfireGraceTime) -> Self {
        grace.limit().map(Seconds)
    }
}
