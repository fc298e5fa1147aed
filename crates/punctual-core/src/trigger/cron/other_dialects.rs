//! The notation of other crons.

use super::field::Field;
use crate::error::Error;

/// Returns the error for an item of another cron's notation, with its equivalent here.
pub(super) fn foreign(field: Field, item: &str) -> Option<Error> {
    if let Some((problem, hint)) = spread(item).or_else(|| of_a_day(field, item)) {
        return Some(Error::invalid(field.name(), item, problem).with_hint(hint));
    }
    let upper = item.to_ascii_uppercase();
    let hint = match field {
        _ if upper == "?" => "write `*` or leave the field out",
        Field::Day if upper == "L" => "write `last`",
        Field::Day if upper == "LW" => "the last working day is known to crontab only",
        Field::Day if upper.starts_with("L-") => "days before the last are for a custom trigger",
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

/// Recognises `H/15` of Jenkins and `0~59` of cronie, which give each job a number of its own. A
/// jitter does that here.
fn spread(item: &str) -> Option<(&'static str, String)> {
    const AND_JITTER: &str = "and give the job a jitter";
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let (problem, range) = if let Some(hash) = range.strip_prefix(['H', 'h']) {
        let range = match hash.strip_prefix('(').map(|hash| hash.strip_suffix(')')) {
            Some(Some(range)) => range,
            None if hash.is_empty() => "*",
            _ => return None,
        };
        ("is a hash, which Jenkins knows", range.to_owned())
    } else {
        let (first, last) = range.split_once('~')?;
        let range = match (first, last) {
            ("", "") => "*".to_owned(),
            _ => format!("{first}-{last}"),
        };
        ("is a random number, which cronie knows", range)
    };
    let hint = match step {
        Some(step) => format!("write `{range}/{step}` {AND_JITTER}"),
        None => format!("write one number {AND_JITTER}"),
    };
    Some((problem, hint))
}

/// Recognises `L`, `15W` and `5#2` in fields where days and weekdays do not belong.
fn of_a_day(field: Field, item: &str) -> Option<(&'static str, String)> {
    if matches!(field, Field::Day | Field::DayOfWeek | Field::CrontabWeekday) {
        return None;
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let upper = item.to_ascii_uppercase();
    if upper == "L" || upper == "LW" || upper.strip_suffix('W').is_some_and(is_number) {
        return Some(("stands for a day of the month", "move it to day".to_owned()));
    }
    let is_nth = upper.split_once('#').is_some_and(|(_, nth)| is_number(nth));
    if is_nth || upper.strip_suffix('L').is_some_and(is_number) {
        return Some(("stands for a weekday", "move it to day_of_week".to_owned()));
    }
    None
}
