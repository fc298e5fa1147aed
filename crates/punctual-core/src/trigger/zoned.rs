//! The zone and bounds around a set of wall times, shared by cron, crontab and calendar intervals.

use chrono::{DateTime, Utc};

use super::bounds::{Bounds, BoundsDraft};
use crate::daylight::Daylight;
use crate::error::Error;
use crate::instant::{self, SECOND};
use crate::timeline::Timeline;
use crate::wall_times::WallTimes;
use crate::zone::Zone;

/// The settings by which wall times become instants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Zoned {
    pub(crate) zone: Option<Zone>,
    pub(crate) bounds: Option<Box<Bounds>>,
}

impl Zoned {
    pub(crate) fn zone(&self) -> Zone {
        self.zone.unwrap_or(Zone::UTC)
    }

    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        if self.zone.is_some() {
            return self.clone();
        }
        let bounds = self
            .bounds
            .as_ref()
            .map(|bounds| Box::new(bounds.in_zone(zone)));
        Self {
            zone: Some(zone),
            bounds,
        }
    }

    fn timeline<'a, W: WallTimes>(&self, times: &'a W) -> Timeline<'a, W> {
        Timeline::new(times, self.zone())
    }

    /// Returns the first and the last whole second of the bounds.
    fn seconds(&self) -> (i64, i64) {
        let (from, through) = Bounds::micros(self.bounds.as_deref());
        (
            from.div_euclid(SECOND) + i64::from(from.rem_euclid(SECOND) > 0),
            through.div_euclid(SECOND),
        )
    }

    /// Returns the first member not before the second `from`.
    pub(crate) fn first_from<W: WallTimes>(&self, times: &W, from: i64) -> Option<DateTime<Utc>> {
        let (start, _) = self.seconds();
        self.first_from_any(times, from.max(start))
    }

    /// Returns the same without regard to `start`.
    pub(crate) fn first_from_any<W: WallTimes>(
        &self,
        times: &W,
        from: i64,
    ) -> Option<DateTime<Utc>> {
        let (_, end) = self.seconds();
        if from > end {
            return None;
        }
        self.timeline(times)
            .first_between(from, end)
            .and_then(instant::from_seconds)
    }

    pub(crate) fn last_at_or_before<W: WallTimes>(
        &self,
        times: &W,
        t: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let (start, end) = self.seconds();
        let until = instant::floor_seconds(t).min(end);
        if until < start {
            return None;
        }
        let hit = self.timeline(times).last_until(until)?;
        if hit < start {
            None
        } else {
            instant::from_seconds(hit)
        }
    }

    pub(crate) fn count<W: WallTimes>(
        &self,
        times: &W,
        from: DateTime<Utc>,
        through: DateTime<Utc>,
    ) -> u64 {
        let (start, end) = self.seconds();
        let from = instant::ceil_seconds(from).max(start);
        let through = instant::floor_seconds(through).min(end);
        self.timeline(times).count(from, through)
    }
}

/// The settings that the builders of these triggers share.
#[derive(Debug, Clone, Default)]
pub(crate) struct ZonedDraft {
    pub(crate) zone: Option<Zone>,
    pub(crate) bounds: BoundsDraft,
    pub(crate) daylight: Daylight,
}

impl ZonedDraft {
    pub(crate) fn build(self) -> Result<Zoned, Error> {
        Ok(Zoned {
            zone: self.zone,
            bounds: Bounds::given(self.bounds, self.zone)?,
        })
    }
}
