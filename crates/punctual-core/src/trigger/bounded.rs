//! Bounds around triggers that do not apply them themselves, which are `and`, `or` and custom
//! triggers.

use chrono::{DateTime, Utc};

use super::bounds::Bounds;
use super::fuel::Fuel;
use super::{Answer, When};
use crate::instant::TICK;
use crate::zone::Zone;

/// The members of a trigger before its bounds are applied.
pub(crate) trait Members {
    fn bounds(&self) -> Option<&Bounds>;

    /// Returns the first member, from `start` on, of a trigger that has not fired yet. A date in
    /// the past counts. All other triggers begin at `now`.
    fn first(&self, now: DateTime<Utc>, start: DateTime<Utc>, fuel: &mut Fuel) -> Answer;

    fn after(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer;

    fn last_at_or_before(&self, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer;
}

pub(crate) fn first(
    members: &impl Members,
    now: DateTime<Utc>,
    start: DateTime<Utc>,
    fuel: &mut Fuel,
) -> Answer {
    let own_start = members.bounds().and_then(Bounds::first);
    let start = own_start.map_or(start, |own_start| own_start.max(start));
    let first = members.first(now.max(start), start, fuel)?;
    Ok(first.filter(|first| is_before_end(members, *first)))
}

pub(crate) fn after(members: &impl Members, t: DateTime<Utc>, fuel: &mut Fuel) -> Answer {
    let start = members.bounds().and_then(Bounds::first);
    let t = start.map_or(t, |start| t.max(start - TICK));
    if !is_before_end(members, t) {
        return Ok(None);
    }
    Ok(members
        .after(t, fuel)?
        .filter(|member| is_before_end(members, *member)))
}

pub(crate) fn last_at_or_before(
    members: &impl Members,
    t: DateTime<Utc>,
    fuel: &mut Fuel,
) -> Answer {
    let end = members.bounds().and_then(Bounds::last);
    let t = end.map_or(t, |end| t.min(end));
    let start = members.bounds().and_then(Bounds::first);
    if start.is_some_and(|start| t < start) {
        return Ok(None);
    }
    let last = members.last_at_or_before(t, fuel)?;
    Ok(last.filter(|last| start.is_none_or(|start| *last >= start)))
}

fn is_before_end(members: &impl Members, t: DateTime<Utc>) -> bool {
    members
        .bounds()
        .and_then(Bounds::last)
        .is_none_or(|end| t <= end)
}

/// Returns the bounds with local times replaced by instants, since there is no zone field to keep.
pub(crate) fn in_zone(bounds: Option<&Bounds>, zone: Zone) -> Option<Box<Bounds>> {
    let bounds = bounds?.in_zone(zone);
    let instant = |bound: Option<DateTime<Utc>>| bound.map(When::Instant);
    let (start, end) = (instant(bounds.first()), instant(bounds.last()));
    Bounds::new(start, end, None).map(Box::new)
}
