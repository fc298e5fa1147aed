//! What cron and crontab have in common once they are compiled.

use chrono::{DateTime, Utc};

use super::pattern::Pattern;
use crate::instant;
use crate::trigger::zoned::Wallclock;
use crate::zone::Zone;

/// A pattern on a clock: the whole search, whichever notation it came from.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) pattern: Pattern,
    pub(crate) clock: Wallclock,
}

impl Rule {
    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        Self {
            pattern: self.pattern.clone(),
            clock: self.clock.with_default_zone(zone),
        }
    }

    /// The same rule in any year, without a window.
    pub(crate) fn unbounded(&self) -> Self {
        let mut rule = self.clone();
        if let Some(rare) = &mut rule.pattern.rare {
            rare.years = None;
        }
        rule.clock.window = None;
        rule
    }

    pub(crate) fn next(
        &self,
        previous: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        match previous {
            Some(previous) => self.after(previous),
            None => self
                .clock
                .first_from(&self.pattern, instant::ceil_seconds(now)),
        }
    }

    pub(crate) fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.clock
            .first_from(&self.pattern, instant::floor_seconds(t) + 1)
    }

    pub(crate) fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.clock.last_at_or_before(&self.pattern, t)
    }

    pub(crate) fn count(&self, from: DateTime<Utc>, through: DateTime<Utc>) -> u64 {
        self.clock.count(&self.pattern, from, through)
    }
}
