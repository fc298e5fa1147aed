use chrono::{DateTime, TimeDelta, Utc};

use super::saturating::{earlier, later};

/// The time of an edit, as far as it is known.
///
/// An awaited edit took effect between the call and the answer. An edit whose answer was lost took
/// effect [perhaps](Self::perhaps), between the two or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) is_certain: bool,
}

impl Between {
    /// Returns the same time for an edit that perhaps never took effect.
    #[must_use]
    pub fn perhaps(from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            from,
            until,
            is_certain: false,
        }
    }

    /// Returns true if the edit had taken effect by `t` in any case.
    pub(super) fn surely_by(&self, t: DateTime<Utc>, skew: TimeDelta) -> bool {
        self.is_certain && later(self.until, skew) <= t
    }

    /// Returns true if the edit may have taken effect exactly at `t`.
    pub(super) fn perhaps_at(&self, t: DateTime<Utc>, skew: TimeDelta) -> bool {
        self.perhaps_by(t, skew) && (!self.is_certain || t <= later(self.until, skew))
    }

    /// Returns true if the edit may have taken effect by `t`.
    pub(super) fn perhaps_by(&self, t: DateTime<Utc>, skew: TimeDelta) -> bool {
        earlier(self.from, skew) <= t
    }
}

impl From<DateTime<Utc>> for Between {
    fn from(at: DateTime<Utc>) -> Self {
        Self::from((at, at))
    }
}

/// Takes the times of the call and of its answer.
impl From<(DateTime<Utc>, DateTime<Utc>)> for Between {
    fn from((from, until): (DateTime<Utc>, DateTime<Utc>)) -> Self {
        Self {
            from,
            until,
            is_certain: true,
        }
    }
}
