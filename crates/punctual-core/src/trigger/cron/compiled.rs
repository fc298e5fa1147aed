//! The common form of cron and crontab after compilation.

use chrono::{DateTime, Utc};

use super::pattern::Pattern;
use crate::instant;
use crate::trigger::zoned::Zoned;
use crate::zone::Zone;

/// A pattern with a zone and bounds. It holds everything that a search needs, for both notations.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) pattern: Pattern,
    pub(crate) zoned: Zoned,
}

impl Compiled {
    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        Self {
            pattern: self.pattern.clone(),
            zoned: self.zoned.with_default_zone(zone),
        }
    }

    /// Returns the same pattern for any year, without bounds.
    pub(crate) fn unbounded(&self) -> Self {
        let mut compiled = self.clone();
        if let Some(rare) = &mut compiled.pattern.rare {
            rare.years = None;
        }
        compiled.zoned.bounds = None;
        compiled
    }

    pub(crate) fn next(
        &self,
        previous: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        match previous {
            Some(previous) => self.after(previous),
            None => self
                .zoned
                .first_from(&self.pattern, instant::ceil_seconds(now)),
        }
    }

    pub(crate) fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.zoned
            .first_from(&self.pattern, instant::floor_seconds(t) + 1)
    }

    pub(crate) fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.zoned.last_at_or_before(&self.pattern, t)
    }

    pub(crate) fn count(&self, from: DateTime<Utc>, through: DateTime<Utc>) -> u64 {
        self.zoned.count(&self.pattern, from, through)
    }
}
