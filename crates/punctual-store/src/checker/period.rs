use chrono::{DateTime, TimeDelta, Utc};

use super::saturating::{earlier, later};

/// From one time until another, both included. It is told of what lasted so long: that no node could
/// decide what is due, that a node was dead, that a scheduler was paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

impl Period {
    /// From one time until another.
    #[must_use]
    pub fn new(from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self { from, until }
    }

    /// When it began.
    #[must_use]
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// When it was over.
    #[must_use]
    pub fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// The same, longer at both ends.
    pub(super) fn widened(self, by: TimeDelta) -> Self {
        Self::new(earlier(self.from, by), later(self.until, by))
    }

    /// The part of it in a time that it touches.
    pub(super) fn bounded(self, from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self::new(self.from.max(from), self.until.min(until))
    }

    pub(super) fn holds(&self, t: DateTime<Utc>) -> bool {
        self.from <= t && t <= self.until
    }
}

/// How much of a time a node was there.
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
