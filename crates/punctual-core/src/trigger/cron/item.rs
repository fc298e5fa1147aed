//! One item of a list in a cron field.

use super::field::Field;
use super::other_dialects::foreign;
use super::range::Range;
use crate::error::Error;

/// The values that an item matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// Values in a row.
    Range(Range),
    /// The last day of the month.
    LastDay,
    /// The `nth` weekday of the month, counted from 0. 5 is the last.
    NthWeekday { nth: usize, weekday: u32 },
}

/// Returns the error for an item in none of the forms of its field.
pub(super) fn unrecognised(field: Field, item: &str) -> Error {
    foreign(field, item).unwrap_or_else(|| {
        let forms = match field {
            Field::Day => "`*`, numbers, ranges, steps, `last`, `last fri` or `3rd fri`",
            Field::Month | Field::DayOfWeek => "`*`, numbers, names, ranges or steps",
            _ => "`*`, numbers, ranges or steps",
        };
        Error::invalid(field.name(), item, "is not understood").with_hint(format!("write {forms}"))
    })
}
