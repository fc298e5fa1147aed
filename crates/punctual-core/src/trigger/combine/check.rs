//! What is checked when triggers are combined.

use chrono::{DateTime, Utc};

use super::{And, Fuel, TICK};
use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_DEPTH, MAX_TRIGGERS};
use crate::trigger::bounded::{self, Members};
use crate::trigger::bounds::Window;
use crate::trigger::{Trigger, Undecided};

/// Children with members of their own, not too many and not too deep.
pub(super) fn checked_children(triggers: Vec<Trigger>) -> Result<Vec<Trigger>, Error> {
    if triggers.is_empty() {
        return Err(Error::new(ErrorKind::MissingField, "triggers", "is empty")
            .with_hint("combine at least one trigger"));
    }
    let total: usize = triggers.iter().map(size).sum();
    if total >= MAX_TRIGGERS {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            "triggers",
            format!(
                "holds {total} triggers, above the maximum {}",
                MAX_TRIGGERS - 1
            ),
        ));
    }
    if triggers.iter().map(depth).max() >= Some(MAX_DEPTH) {
        return Err(too_deep());
    }
    for (index, child) in triggers.iter().enumerate() {
        if let Some(field) = missing_anchor(child) {
            return Err(Error::new(
                ErrorKind::MissingField,
                format!("triggers[{index}].{field}"),
                "is missing: inside `and` and `or` its fire times must not depend on when it is asked",
            ));
        }
    }
    Ok(triggers)
}

pub(crate) fn too_deep() -> Error {
    Error::new(
        ErrorKind::LimitExceeded,
        "triggers",
        format!("is nested deeper than the maximum {MAX_DEPTH}"),
    )
}

fn size(trigger: &Trigger) -> usize {
    1 + trigger.children().iter().map(size).sum::<usize>()
}

fn depth(trigger: &Trigger) -> usize {
    1 + trigger.children().iter().map(depth).max().unwrap_or(0)
}

fn missing_anchor(trigger: &Trigger) -> Option<&'static str> {
    match trigger {
        Trigger::Interval(interval) if !interval.is_anchored() => Some("start"),
        Trigger::CalendarInterval(calendar) if !calendar.is_anchored() => Some("start_date"),
        _ => None,
    }
}

/// Refuses rules that never meet. Rules that only a year, a start or an end keeps apart are
/// exhausted rather than wrong.
pub(super) fn must_meet(and: &And) -> Result<(), Error> {
    let children = and.children();
    if !children.iter().all(Trigger::is_bound) {
        return Ok(());
    }
    // Local times against instants: only a time zone can tell, see `Trigger::check`.
    if children.iter().any(Trigger::is_local) && !children.iter().all(Trigger::is_local) {
        return Ok(());
    }
    let own = and.window().and_then(Window::first);
    let from = own.max(and.children().iter().filter_map(latest_start).max());
    let from = from.unwrap_or(DateTime::UNIX_EPOCH);
    match meets(and, from) {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(undecided) => return Err(never(&undecided)),
    }
    match meets(&and.map(Trigger::unbounded, None), DateTime::UNIX_EPOCH) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::new(
            ErrorKind::NeverFires,
            "triggers",
            "never fire together before the year 10000",
        )),
        Err(undecided) => Err(never(&undecided)),
    }
}

fn meets(and: &And, from: DateTime<Utc>) -> Result<bool, Undecided> {
    bounded::after(and, from - TICK, &mut Fuel::new()).map(|member| member.is_some())
}

fn never(undecided: &Undecided) -> Error {
    Error::new(
        ErrorKind::NeverFires,
        "triggers",
        format!("have no fire time in common that a search finds ({undecided})"),
    )
}

/// The latest `start` of a trigger and its children: before it there are no members.
fn latest_start(trigger: &Trigger) -> Option<DateTime<Utc>> {
    let own = trigger.start();
    own.max(trigger.children().iter().filter_map(latest_start).max())
}
