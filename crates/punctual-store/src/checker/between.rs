use chrono::{DateTime, TimeDelta, Utc};

use super::saturating::{earlier, later};

/// When an edit took effect, as far as one knows.
///
/// Of an edit that was awaited one knows that it took effect between the call and the answer. One
/// whose answer was lost took effect [perhaps](Self::perhaps), then or later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) is_certain: bool,
}

impl Between {
    /// Then, or not at all.
    #[must_use]
    pub fn perhaps(from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            from,
            until,
            is_certain: false,
        }
    }

    /// Whether it had taken effect by then, whatever happened.
    pub(super) fn surely_by(&self, t: DateTime<Utc>, skew: TimeDelta) -> bool {
        self.is_certain && later(self.until, skew) <= t
    }

    /// Whether it may have taken effect just then.
    pub(super) fn perhaps_at(&self, t: DateTime<Utc>, skew: TimeDelta) -> bool {
        self.perhaps_by(t, skew) && (!self.is_certain || t <= later(self.until, skew))
    }

    /// Whether it may have taken effect by then.
    pub(super) fn perhaps_by(&self, t: DateTime<Utc>, skew: TimeDelta) -> bool {
        earlier(self.from, skew) <= t
    }
}

impl From<DateTime<Utc>> for Between {
    fn from(at: DateTime<Utc>) -> Self {
        Self::from((at, at))
    }
}

/// Between the call and its answer.
impl From<(DateTime<Utc>, DateTime<Utc>)> for Between {
    fn from((from, until): (DateTime<Utc>, DateTime<Utc>)) -> Self {
        Self {
            from,
            until,
            is_certain: true,
        }
    }
}
