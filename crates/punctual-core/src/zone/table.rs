//! A zone's changes of UTC offset, as one immutable table.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::civil::{DAY, to_days};

/// The cycle of the Gregorian calendar, weekdays included, in seconds. It repeats every 400 years,
/// and so do the rules by which a zone changes its offset from some point on.
const CYCLE: i64 = 146_097 * DAY;

/// The instant from which every zone of the database follows a yearly rule. The last list of single
/// dates, that of Morocco, ends in 2087.
const RULE_FROM: i64 = to_days(2100, 1, 1) as i64 * DAY;

/// The binary logarithm of a slot length in seconds. Transitions are looked up by an index of equal slots, and
/// about one transition falls into a slot.
const SLOT_BITS: u32 = 23;

/// A span of time with one offset. All values are in seconds. A *wall* value is local time counted
/// as if it were UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    /// The first instant.
    pub(crate) start: i64,
    /// The first instant after the segment.
    pub(crate) end: i64,
    /// Local time minus UTC.
    pub(crate) offset: i64,
    /// The first wall time that no earlier segment has shown.
    ///
    /// If it comes after the segment's own first wall time, the wall times between them exist twice
    /// (fold). If it comes before, those between them do not exist (gap).
    pub(crate) unseen: i64,
    /// The first wall time that a later segment shows again, or the end of this segment.
    pub(crate) repeated: i64,
}

impl Segment {
    pub(crate) fn wall_start(&self) -> i64 {
        self.start.saturating_add(self.offset)
    }

    pub(crate) fn wall_end(&self) -> i64 {
        self.end.saturating_add(self.offset)
    }

    /// Counts the seconds of wall time that are left out before this segment.
    pub(crate) fn gap(&self) -> i64 {
        (self.wall_start() - self.unseen).max(0)
    }

    fn shifted(&self, by: i64) -> Self {
        Self {
            start: self.start + by,
            end: self.end + by,
            offset: self.offset,
            unseen: self.unseen + by,
            repeated: self.repeated + by,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    segments: &'static [Segment],
    /// The segment that holds the first instant of each slot of time.
    slots: &'static [u16],
    /// The index of the first segment that repeats every 400 years. All segments repeat if the
    /// offset is fixed.
    cycle_from: usize,
}

/// The far past and the far future. Both are far enough from the ends of `i64` for any sum.
const FOREVER: i64 = i64::MAX / 4;

pub(crate) static UTC: Table = Table {
    name: "UTC",
    segments: &[Segment {
        start: -FOREVER,
        end: FOREVER,
        offset: 0,
        unseen: -FOREVER,
        repeated: FOREVER,
    }],
    slots: &[],
    cycle_from: 1,
};

impl Table {
    /// Builds the table of a zone, which is kept for the life of the process. There are at most as
    /// many tables as names in the database.
    pub(crate) fn new(name: &'static str, zone: &TimeZone) -> Self {
        let changes = offset_changes(zone);
        let mut segments = linked(&changes);
        let repeats = segments.iter().any(|s| s.start >= RULE_FROM);
        let cycle_from = if repeats {
            segments.retain(|s| s.start < RULE_FROM + CYCLE);
            segments.partition_point(|s| s.start < RULE_FROM)
        } else {
            segments.len()
        };
        let slots = slots(&segments);
        Self {
            name,
            slots: Box::leak(slots.into_boxed_slice()),
            segments: Box::leak(segments.into_boxed_slice()),
            cycle_from,
        }
    }

    fn cycle_len(&self) -> usize {
        self.segments.len() - self.cycle_from
    }

    /// Returns the index of the segment that holds an instant.
    pub(crate) fn index_at(&self, t: i64) -> usize {
        let last = &self.segments[self.segments.len() - 1];
        if t < last.end {
            return self.listed_index_at(t);
        }
        let cycles = (t - RULE_FROM).div_euclid(CYCLE);
        let within = self.listed_index_at(t - cycles * CYCLE);
        if within < self.cycle_from {
            // The first instants of a cycle belong to the last segment of the cycle before.
            let last = self.segments.len() - 1;
            return last + (cycles as usize - 1) * self.cycle_len();
        }
        within + cycles as usize * self.cycle_len()
    }

    fn listed_index_at(&self, t: i64) -> usize {
        let Some(since) = self.segments.get(1).map(|second| t - second.start) else {
            return 0;
        };
        if since < 0 {
            return 0;
        }
        let slot = ((since >> SLOT_BITS) as usize).min(self.slots.len() - 1);
        let mut index = usize::from(self.slots[slot]);
        while t >= self.segments[index].end {
            index += 1;
        }
        index
    }

    /// Returns the segment with an index. There is always a next one until the offset is fixed for
    /// good.
    pub(crate) fn segment(&self, index: usize) -> Option<Segment> {
        if let Some(segment) = self.segments.get(index) {
            return Some(*segment);
        }
        if self.cycle_len() == 0 {
            return None;
        }
        let beyond = index - self.cycle_from;
        let listed = &self.segments[self.cycle_from + beyond % self.cycle_len()];
        Some(listed.shifted((beyond / self.cycle_len()) as i64 * CYCLE))
    }

    pub(crate) fn offset_at(&self, t: i64) -> i64 {
        self.segment(self.index_at(t))
            .map_or(0, |segment| segment.offset)
    }

    /// Converts a wall time to an instant, as RFC 5545 (section 3.3.5) reads it. Of two instants
    /// the first counts. A wall time in a gap is read with the offset before the gap.
    pub(crate) fn resolve(&self, wall: i64) -> i64 {
        let mut index = self.index_at(wall.saturating_sub(2 * DAY));
        loop {
            let Some(segment) = self.segment(index) else {
                return wall;
            };
            if wall < segment.wall_start() {
                return segment.start + (wall - segment.unseen);
            }
            if wall < segment.wall_end() {
                return wall - segment.offset;
            }
            index += 1;
        }
    }
}

/// Returns the instants at which the offset changes, each with the new offset. The first entry
/// holds the offset before all changes.
fn offset_changes(zone: &TimeZone) -> Vec<(i64, i64)> {
    let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
    let mut changes = vec![(-FOREVER, offset(Timestamp::MIN))];
    let end = RULE_FROM + CYCLE + 2 * 366 * DAY;
    for transition in zone.following(Timestamp::MIN) {
        let at = transition.timestamp().as_second();
        if at > end {
            break;
        }
        let offset = i64::from(transition.offset().seconds());
        if changes.last().is_some_and(|(_, before)| *before != offset) {
            changes.push((at, offset));
        }
    }
    changes
}

fn linked(changes: &[(i64, i64)]) -> Vec<Segment> {
    let end_of = |i: usize| changes.get(i + 1).map_or(FOREVER, |(start, _)| *start);
    let mut segments = Vec::with_capacity(changes.len());
    let mut unseen = -FOREVER;
    for (i, &(start, offset)) in changes.iter().enumerate() {
        let end = end_of(i);
        segments.push(Segment {
            start,
            end,
            offset,
            unseen,
            repeated: FOREVER,
        });
        unseen = unseen.max(end.saturating_add(offset));
    }
    let mut repeated = FOREVER;
    for segment in segments.iter_mut().rev() {
        segment.repeated = repeated.min(segment.wall_end());
        repeated = repeated.min(segment.wall_start());
    }
    segments
}

fn slots(segments: &[Segment]) -> Vec<u16> {
    let Some(second) = segments.get(1) else {
        return Vec::new();
    };
    let last = segments[segments.len() - 1].start;
    let count = ((last - second.start) >> SLOT_BITS) + 1;
    (0..count)
        .map(|slot| second.start + (slot << SLOT_BITS))
        .map(|t| segments.partition_point(|s| s.start <= t) - 1)
        .map(|index| index as u16)
        .collect()
}
