//! One item of a list in a crontab field.
//!
//! Other parsers accept nonsense. The texts `0 0 MON * *`, `1,,2`, `*/90`, `1-5/9` and `mon-5` all
//! have a meaning to croner, but not the one that was meant.

use crate::error::Error;
use crate::trigger::cron::field::{Field, is_month_name, weekday_of_name};
use crate::trigger::cron::numbers::{parse_step, split};
use crate::trigger::cron::range::Range;

/// The values or days that an item matches.
pub(super) enum Item {
    /// Values of the field, as bits.
    Values(u64),
    /// Days that depend on the month, as `L`, `LW`, `15W`, `5#2` or `5L`. Names are replaced by
    /// numbers, and letters by capitals.
    Mark(String),
}

impl Item {
    /// Reads one item of `list`.
    pub(super) fn parse(field: Field, item: &str, list: &str) -> Result<Self, Error> {
        if item.is_empty() {
            return Err(Error::invalid(field.name(), list, "holds an empty item"));
        }
        let mark = match field {
            Field::Day => mark_of_day(item)?,
            Field::CrontabWeekday => mark_of_weekday(item)?,
            _ => None,
        };
        match mark {
            Some(mark) => Ok(Self::Mark(mark)),
            None => range(field, item).map(|range| Self::Values(range.bits())),
        }
    }
}

/// Reads the marks `L`, `LW` and `15W`.
fn mark_of_day(item: &str) -> Result<Option<String>, Error> {
    if item.eq_ignore_ascii_case("L") || item.eq_ignore_ascii_case("LW") {
        return Ok(Some(item.to_ascii_uppercase()));
    }
    if let Some(day) = item.strip_suffix(['W', 'w']) {
        return match Range::parse(Field::Day, day) {
            Ok(Range { first, last, .. }) if first == last => Ok(Some(format!("{first}W"))),
            Err(error) if day.bytes().all(|b| b.is_ascii_digit()) && !day.is_empty() => Err(error),
            _ => Err(Error::invalid("day", item, "is not one day before the W")
                .with_hint("write 15W for the working day nearest to the 15th, or LW")),
        };
    }
    if item.starts_with("L-") || item.starts_with("l-") {
        let problem = "counts back from the last day, which is not supported";
        return Err(Error::invalid("day", item, problem)
            .with_hint("days before the last are for a custom trigger"));
    }
    Ok(None)
}

/// Reads the marks `fri#2` and `5L`. 0 and 7 are Sunday.
fn mark_of_weekday(item: &str) -> Result<Option<String>, Error> {
    let name = Field::CrontabWeekday.name();
    if item.starts_with('+') {
        return Err(Error::invalid(name, item, "begins with a plus")
            .with_hint("set day_and_weekday to match both"));
    }
    if let (weekday, Some(nth)) = split(item, b'#') {
        let weekday = single_weekday(item, weekday)?;
        if !matches!(nth, "1" | "2" | "3" | "4" | "5") {
            let problem = "has no number from 1 to 5 after the #";
            return Err(Error::invalid(name, item, problem)
                .with_hint("write 5#2 for the second Friday, or 5L for the last"));
        }
        return Ok(Some(format!("{weekday}#{nth}")));
    }
    let Some(weekday) = item.strip_suffix(['L', 'l']) else {
        return Ok(None);
    };
    if weekday.is_empty() {
        return Err(Error::invalid(name, item, "names no weekday")
            .with_hint("write 5L or friL for the last Friday"));
    }
    Ok(Some(format!("{}L", single_weekday(item, weekday)?)))
}

fn single_weekday(item: &str, weekday: &str) -> Result<u32, Error> {
    match range(Field::CrontabWeekday, weekday) {
        Ok(Range { first, last, .. }) if first == last => Ok(first % 7),
        Ok(_) | Err(_) => Err(Error::invalid(
            Field::CrontabWeekday.name(),
            item,
            "does not begin with one weekday",
        )),
    }
}

/// Reads numbers, or names with an optional step.
fn range(field: Field, item: &str) -> Result<Range, Error> {
    if !item.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Range::parse(field, item).map_err(|error| without_a_name(field, item, error));
    }
    let (names, step) = split(item, b'/');
    let (first, last) = split(names, b'-');
    let Some(first) = field.value_of_name(first) else {
        return Range::parse(field, item).map_err(|error| misplaced(field, item).unwrap_or(error));
    };
    let last = match last.map(|last| field.value_of_name(last)) {
        None => None,
        // At the end of a range, Sunday is the seventh day.
        Some(Some(0)) if field == Field::CrontabWeekday && first > 0 => Some(7),
        Some(Some(last)) => Some(last),
        Some(None) => return Err(mixed(field, item)),
    };
    let step = step.map(|step| parse_step(field, item, step)).transpose()?;
    Range::checked(field, item, first, last, step)
}

/// Returns the more helpful error for an item that ends with a name but does not begin with one.
fn without_a_name(field: Field, item: &str, error: Error) -> Error {
    let (_, last) = split(split(item, b'/').0, b'-');
    match last.and_then(|last| field.value_of_name(last)) {
        Some(_) => mixed(field, item),
        None => error,
    }
}

/// Returns the error for a name in a field without names, or in the wrong field.
fn misplaced(field: Field, item: &str) -> Option<Error> {
    let word = item.split(['-', '/']).next().unwrap_or(item);
    let (kind, place) = if weekday_of_name(word).is_some() {
        ("weekday", "the weekday is the fifth of five fields")
    } else if is_month_name(word) {
        ("month", "the month is the fourth of five fields")
    } else {
        return None;
    };
    Some(Error::invalid(field.name(), item, format!("is a {kind}")).with_hint(place))
}

fn mixed(field: Field, item: &str) -> Error {
    Error::invalid(field.name(), item, "mixes a name with something else")
        .with_hint("write both ends as names, or both as numbers")
}
