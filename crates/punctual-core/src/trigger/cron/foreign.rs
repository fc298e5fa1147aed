//! Notation of other crons.

use super::field::Field;
use crate::error::Error;

/// The error for an item of another cron's notation: it says what that is called here.
pub(super) fn foreign(field: Field, item: &str) -> Option<Error> {
    let upper = item.to_ascii_uppercase();
    let hint = match field {
        _ if upper == "?" => "write `*` or leave the field out",
        _ if upper == "H" => "give the job a jitter instead",
        Field::Day if upper == "L" => "write `last`",
        Field::DayOfWeek if upper.contains('#') => "in cron write day=\"2nd fri\", or use crontab",
        Field::DayOfWeek if upper.ends_with('L') && upper.len() == 2 => {
            "in cron write day=\"last fri\", or use crontab"
        }
        Field::DayOfWeek if upper == "LAST" => "write day=\"last fri\", or day=\"last\"",
        Field::Day if upper.ends_with('W') => "the nearest working day is known to crontab only",
        _ if item.starts_with('-') => "there are no negative values",
        _ if item.contains(" - ") => "ranges have no blanks",
        _ => return None,
    };
    Some(Error::invalid(field.name(), item, "is not understood").with_hint(hint))
}
