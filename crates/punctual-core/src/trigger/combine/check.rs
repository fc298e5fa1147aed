//! Checks of the triggers that are combined.

use crate::error::{Error, ErrorKind};
use crate::limits::{MAX_DEPTH, MAX_TRIGGERS};
use crate::trigger::Trigger;

/// Returns the children if they have members of their own and are neither too many nor too deep.
pub(super) fn checked_children(triggers: Vec<Trigger>) -> Result<Vec<Trigger>, Error> {
    if triggers.is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "triggers", "is empty")
            .with_hint("combine at least one trigger"));
    }
    let total: usize = triggers.iter().map(size).sum();
    if total >= MAX_TRIGGERS {
        return Err(Error::new(
            ErrorKind::TooLarge,
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
                ErrorKind::Invalid,
                format!("triggers[{index}].{field}"),
                "is missing; inside `and` and `or` fire times must not depend on the time of the first use",
            ));
        }
    }
    Ok(triggers)
}

pub(crate) fn too_deep() -> Error {
    Error::new(
        ErrorKind::TooLarge,
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
