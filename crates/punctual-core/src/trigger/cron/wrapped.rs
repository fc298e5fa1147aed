//! Ranges that run backwards, rewritten as the list that was meant.

use super::field::Field;
use super::range::Range;
use crate::error::Error;

/// Returns the error for `22-4` or `22-4/2`. Ranges do not wrap around here, but the hint does.
pub(super) fn backwards(field: Field, item: &str, range: Range) -> Error {
    let error = Error::invalid(
        field.name(),
        item,
        "runs backwards and ranges do not wrap around",
    );
    error.with_hint(format!("write `{}`", unwrapped(field, range)))
}

/// Returns the range up to the end of its field, and its continuation from the beginning in the
/// same step.
fn unwrapped(field: Field, Range { first, last, step }: Range) -> String {
    if field == Field::Year {
        // Years do not repeat, so the ends were exchanged by mistake.
        return written(last, first, step).unwrap_or_default();
    }
    let (min, max) = (field.min(), last_once(field));
    let length = max - min + 1;
    let steps_before_the_end = max.saturating_sub(first) / step;
    let next = first + (steps_before_the_end + 1) * step;
    let parts = [
        written(first, max.max(first), step),
        written(next - length, last, step),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(",")
}

/// Returns the last value that does not repeat the first. The crontab value 7 is Sunday again.
fn last_once(field: Field) -> u32 {
    match field {
        Field::CrontabWeekday => 6,
        _ => field.max(),
    }
}

/// Writes `a`, `a-b` or `a-b/n`. Returns `None` if there is no value from `first` to `last`.
fn written(first: u32, last: u32, step: u32) -> Option<String> {
    if first > last {
        return None;
    }
    Some(match step {
        _ if first + step > last => first.to_string(),
        1 => format!("{first}-{last}"),
        _ => format!("{first}-{last}/{step}"),
    })
}
