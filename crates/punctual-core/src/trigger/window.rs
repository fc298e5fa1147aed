//! `start` and `end`: between which instants a trigger fires, both included.

use chrono::{DateTime, Utc};

use super::when::When;
use crate::instant::{self, MAX_MICROS, MIN_MICROS};
use crate::zone::Zone;

/// The bounds as they were written, and as instants in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) start: Option<When>,
    pub(crate) end: Option<When>,
    from: i64,
    through: i64,
}

impl Window {
    /// A window, unless it is unbounded. Local bounds are read in `zone`, UTC without one. Bounds
    /// beyond the years 1 to 9999 bound nothing.
    pub(crate) fn new(start: Option<When>, end: Option<When>, zone: Option<Zone>) -> Option<Self> {
        if start.is_none() && end.is_none() {
            return None;
        }
        let (start, end) = (start.map(When::cut), end.map(When::cut));
        let window = Self {
            start,
            end,
            from: MIN_MICROS,
            through: MAX_MICROS,
        };
        Some(window.in_zone(zone.unwrap_or(Zone::UTC)))
    }

    /// The start as an instant.
    pub(crate) fn first(&self) -> Option<DateTime<Utc>> {
        self.start.and_then(|_| instant::from_micros(self.from))
    }

    /// The end as an instant.
    pub(crate) fn last(&self) -> Option<DateTime<Utc>> {
        self.end.and_then(|_| instant::from_micros(self.through))
    }

    /// First and last microsecond.
    pub(crate) fn bounds(window: Option<&Self>) -> (i64, i64) {
        window.map_or((MIN_MICROS, MAX_MICROS), |window| {
            (window.from, window.through)
        })
    }

    /// The same bounds with local ones read in another zone.
    pub(crate) fn in_zone(&self, zone: Zone) -> Self {
        let bound = |when: Option<When>, unbounded: i64| {
            when.map_or(unbounded, |when| when.micros_in(zone))
                .clamp(MIN_MICROS, MAX_MICROS)
        };
        Self {
            from: bound(self.start, MIN_MICROS),
            through: bound(self.end, MAX_MICROS),
            ..*self
        }
    }
}
