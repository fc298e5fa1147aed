use chrono::{DateTime, TimeDelta, Utc};

use super::saturating::{earlier, later};

/// A time from one instant until another, both included.
///
/// A checker is told such periods in which no node could decide, a node was dead, or a scheduler
/// was paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

impl Period {
    /// Returns the period from one time until another.
    #[must_use]
    pub fn new(from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self { from, until }
    }

    /// Returns the beginning.
    #[must_use]
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// Returns the end.
    #[must_use]
    pub fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// Returns the period, extended at both ends.
    pub(super) fn widened(self, by: TimeDelta) -> Self {
        Self::new(earlier(self.from, by), later(self.until, by))
    }

    /// Returns the part of the period between two times, one of which it touches.
    pub(super) fn bounded(self, from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self::new(self.from.max(from), self.until.min(until))
    }

    pub(super) fn holds(&self, t: DateTime<Utc>) -> bool {
        self.from <= t && t <= self.until
    }
}

/// Returns how much of the time from `from` until `until` a node was there.
pub(super) fn presence(
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    mut absences: Vec<Period>,
) -> TimeDelta {
    absences.sort_unstable();
    let mut seen = from;
    let mut present = TimeDelta::zero();
    for absence in absences {
        let begins = absence.from.min(until);
        if begins > seen {
            present += begins - seen;
        }
        seen = seen.max(absence.until);
    }
    present + (until - seen).max(TimeDelta::zero())
}
