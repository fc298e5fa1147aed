//! Sets of local times seen through a time zone.

use crate::civil::DAY;
use crate::daylight::{Fold, Gap};
use crate::wall_times::WallTimes;
use crate::zone::{Segment, Zone};

/// A set of wall times seen through a time zone. It is a set of instants in whole seconds, which is
/// searched without listing them.
///
/// Within one [`Segment`] of constant offset the instants are the wall times less the offset. A
/// segment *shows* those of its wall times that the fold rule leaves it. The gap rule adds the wall
/// times that fall between a segment and the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeline<'a, W> {
    times: &'a W,
    zone: Zone,
    gap: Gap,
    fold: Fold,
}

/// The largest distance that is looked at. No zone is a day away from UTC, and no gap or fold is
/// longer than a day.
const FAR: i64 = 2 * DAY;

impl<'a, W: WallTimes> Timeline<'a, W> {
    pub(crate) fn new(times: &'a W, zone: Zone) -> Self {
        let daylight = times.daylight();
        Self {
            times,
            zone,
            gap: daylight.gap(),
            fold: daylight.fold(),
        }
    }

    /// Returns the first wall time that a segment shows, and the first one after those.
    fn shown(&self, segment: &Segment) -> (i64, i64) {
        match self.fold {
            Fold::First => (segment.wall_start().max(segment.unseen), segment.wall_end()),
            Fold::Both => (segment.wall_start(), segment.wall_end()),
            Fold::Second => (segment.wall_start(), segment.repeated),
        }
    }

    /// Returns the first member m with `from` <= m <= `through`.
    pub(crate) fn first_between(&self, from: i64, through: i64) -> Option<i64> {
        self.first_before_far(from, through.saturating_add(FAR))
            .filter(|hit| *hit <= through)
    }

    /// Returns the first member that is not before `from`. Only wall times before `far` are
    /// searched.
    fn first_before_far(&self, from: i64, far: i64) -> Option<i64> {
        let index = self.zone.index_at(from);
        let segment = self.zone.segment(index)?;
        if let Some(hit) = self.first_of_gap(&segment, from) {
            return Some(hit);
        }
        let (shown_from, until) = self.shown(&segment);
        let low = shown_from.max(from + segment.offset);
        match self.times.first_between(low, far) {
            Some(wall) if wall < until => Some(wall - segment.offset),
            wall => self.first_after_segment(index, low, wall, far),
        }
    }

    /// Returns the first member in the segments after the one with this index. No wall time between
    /// `low` and `wall` is in the set (up to `far` without one), so most segments need no search.
    fn first_after_segment(
        &self,
        mut index: usize,
        mut low: i64,
        mut wall: Option<i64>,
        far: i64,
    ) -> Option<i64> {
        loop {
            index += 1;
            let mut segment = self.zone.segment(index)?;
            if self.shown(&segment).0 >= low {
                // No fold leads back before `low`, so no member exists until `wall` is near.
                let near = self.zone.index_at(wall? - FAR);
                if near > index {
                    index = near;
                    segment = self.zone.segment(index)?;
                }
            }
            if wall.is_some_and(|wall| wall < segment.wall_start())
                && let Some(hit) = self.first_of_gap(&segment, segment.start)
            {
                return Some(hit);
            }
            let (shown_from, until) = self.shown(&segment);
            if shown_from < low || wall.is_some_and(|wall| wall < shown_from) {
                low = shown_from;
                wall = self.times.first_between(low, far);
            }
            if let Some(wall) = wall.filter(|wall| *wall < until) {
                return Some(wall - segment.offset);
            }
        }
    }

    /// Returns the first member at or after `from` that a segment takes over from the gap before
    /// it, if the segment itself has no member before that.
    fn first_of_gap(&self, segment: &Segment, from: i64) -> Option<i64> {
        let gap = segment.gap();
        let since = from - segment.start;
        if since >= gap {
            return None;
        }
        match self.gap {
            Gap::Skip => None,
            Gap::After => (since <= 0 && self.times.any(segment.unseen, segment.wall_start()))
                .then_some(segment.start),
            Gap::Shift => {
                let from = segment.unseen + since;
                let missing = self.times.first_between(from, segment.wall_start())?;
                let hit = segment.start + (missing - segment.unseen);
                let earlier = segment.wall_start() + since..hit + segment.offset;
                let shown = self.times.first_between(earlier.start, earlier.end);
                let hit = shown.map_or(hit, |wall| wall - segment.offset);
                (hit < segment.end).then_some(hit)
            }
        }
    }

    /// Returns the last member that is not after `until`.
    pub(crate) fn last_until(&self, until: i64) -> Option<i64> {
        let mut index = self.zone.index_at(until);
        let mut until = until;
        loop {
            let segment = self.zone.segment(index)?;
            if let Some(hit) = self.last_in(&segment, until) {
                return Some(hit);
            }
            // All wall times that earlier segments show are before this one. The next member is
            // near the last one that the set has there.
            let wall = self
                .times
                .last_before(segment.wall_start().max(segment.unseen))?;
            index = index.checked_sub(1)?.min(self.zone.index_at(wall + FAR));
            until = self.zone.segment(index)?.end - 1;
        }
    }

    fn last_in(&self, segment: &Segment, until: i64) -> Option<i64> {
        let (from, end) = self.shown(segment);
        let end = end.min(until + segment.offset + 1);
        let shown = self.times.last_before(end).filter(|wall| *wall >= from);
        let shown = shown.map(|wall| wall - segment.offset);
        shown.max(self.last_of_gap(segment, until))
    }

    fn last_of_gap(&self, segment: &Segment, until: i64) -> Option<i64> {
        let gap = segment.gap();
        if gap == 0 || until < segment.start {
            return None;
        }
        match self.gap {
            Gap::Skip => None,
            Gap::After => self
                .times
                .any(segment.unseen, segment.wall_start())
                .then_some(segment.start),
            Gap::Shift => {
                let end = segment
                    .wall_start()
                    .min(segment.unseen + (until - segment.start) + 1);
                let missing = self
                    .times
                    .last_before(end)
                    .filter(|wall| *wall >= segment.unseen)?;
                Some(segment.start + (missing - segment.unseen))
            }
        }
    }

    /// Counts the members m with `from` <= m <= `through`.
    pub(crate) fn count(&self, from: i64, through: i64) -> u64 {
        if from > through {
            return 0;
        }
        let mut count = 0;
        let mut index = self.zone.index_at(from);
        while let Some(segment) = self.zone.segment(index) {
            if segment.start > through {
                break;
            }
            count += self.count_in(&segment, from, through);
            index += 1;
        }
        count
    }

    fn count_in(&self, segment: &Segment, from: i64, through: i64) -> u64 {
        let (shown_from, shown_until) = self.shown(segment);
        let low = shown_from.max(from + segment.offset);
        let high = shown_until.min(through + segment.offset + 1);
        let shown = if low < high {
            self.times.count(low, high)
        } else {
            0
        };
        shown + self.count_of_gap(segment, from, through)
    }

    /// Counts the members that a segment takes over from the gap before it and does not show by
    /// itself.
    fn count_of_gap(&self, segment: &Segment, from: i64, through: i64) -> u64 {
        if segment.gap() == 0 {
            return 0;
        }
        match self.gap {
            Gap::Skip => 0,
            Gap::After => {
                let due = (from..=through).contains(&segment.start)
                    && !self.times.contains(segment.wall_start())
                    && self.times.any(segment.unseen, segment.wall_start());
                u64::from(due)
            }
            Gap::Shift => {
                let mut count = 0;
                let mut at = segment.unseen + (from - segment.start).max(0);
                let end = segment
                    .wall_start()
                    .min(segment.unseen.saturating_add(through - segment.start) + 1);
                while let Some(missing) = self.times.first_between(at, end) {
                    count += u64::from(!self.times.contains(missing + segment.gap()));
                    at = missing + 1;
                }
                count
            }
        }
    }
}
