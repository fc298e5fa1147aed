//! The text of one cron field, in the grammar of `APScheduler` 3.11.
//!
//! ```text
//! field   = item *( "," item )                      blanks around commas are allowed
//! item    = "*" [ "/" n ]  |  a [ "-" b ] [ "/" n ]
//!         | name [ "-" name ]                       month, day_of_week
//!         | "last"  |  ( "1st".."5th" | "last" ) weekday      day
//! ```

use super::field::{self, Field};
use crate::error::{Error, ErrorKind};
use crate::limits::MAX_EXPRESSION_BYTES;

/// One item of a field's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// `first`, `first + step`, … up to `last`.
    Range { first: u32, last: u32, step: u32 },
    /// The last day of the month.
    LastDay,
    /// The `nth` weekday of the month, counted from 0; 5 is the last.
    NthWeekday { nth: usize, weekday: u32 },
}

/// A parsed field.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) items: Vec<Item>,
    /// Whether an item is `*` or `*/n`: the field follows real time, see [`Gap`](crate::Gap).
    pub(crate) wild: bool,
}

impl Expression {
    pub(crate) fn parse(field: Field, text: &str) -> Result<Self, Error> {
        if text.len() > MAX_EXPRESSION_BYTES {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                field.name(),
                format!("is longer than {MAX_EXPRESSION_BYTES} bytes"),
            )
            .with_value(text));
        }
        if field == Field::Day {
            refuse_weekdays(text)?;
        }
        let mut items = Vec::new();
        let mut wild = false;
        let mut position = 0;
        for part in text.split(',') {
            let item = part.trim();
            let at = position + (part.len() - part.trim_start().len());
            wild |= item.starts_with('*');
            items.push(parse_item(field, item, text, at)?);
            position += part.len() + 1;
        }
        Ok(Self { items, wild })
    }

    /// The values as bits, where the field's values are below 64.
    pub(crate) fn bits(&self) -> u64 {
        let mut bits = 0;
        for item in &self.items {
            if let Item::Range { first, last, step } = *item {
                for value in (first..=last.min(63)).step_by(step as usize) {
                    bits |= 1 << value;
                }
            }
        }
        bits
    }
}

/// `day="0, tue"` is in tutorials; whatever its numbers mean, the words belong elsewhere.
fn refuse_weekdays(text: &str) -> Result<(), Error> {
    let is_weekday = |item: &&str| {
        item.split('-')
            .all(|word| field::weekday_of_name(word.trim()).is_some())
    };
    match text.split(',').map(str::trim).find(is_weekday) {
        Some(item) => Err(Error::invalid("day", item, "is a weekday").with_hint("use day_of_week")),
        None => Ok(()),
    }
}

/// Adds where an item stands, if it is not the whole text.
fn located(error: Error, item: &str, text: &str, at: usize) -> Error {
    if item.len() == text.trim().len() {
        error
    } else {
        error.at(at)
    }
}

fn parse_item(field: Field, item: &str, text: &str, at: usize) -> Result<Item, Error> {
    if item.is_empty() {
        let problem = if text.trim().is_empty() {
            Error::new(ErrorKind::InvalidValue, field.name(), "is empty")
                .with_hint("leave it out or write `*`")
        } else {
            Error::invalid(field.name(), text, "holds an empty item").at(at)
        };
        return Err(problem);
    }
    let parsed = if item.starts_with(|c: char| c.is_ascii_digit() || c == '*') && !is_ordinal(item)
    {
        parse_numbers(field, item)
    } else if field == Field::Day {
        parse_day(item)
    } else if field.has_names() {
        parse_names(field, item)
    } else {
        Err(unrecognised(field, item))
    };
    parsed.map_err(|error| located(error, item, text, at))
}

fn is_ordinal(item: &str) -> bool {
    let letters = item.trim_start_matches(|c: char| c.is_ascii_digit());
    letters.len() < item.len() && letters.starts_with(|c: char| "snrtSNRT".contains(c))
}

/// `*`, `*/n`, `a`, `a-b`, `a-b/n`, `a/n`.
pub(crate) fn parse_numbers(field: Field, item: &str) -> Result<Item, Error> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(parse_step(field, item, step)?)),
        None => (item, None),
    };
    let (first, last) = if range == "*" {
        (field.min(), Some(field.max()))
    } else {
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (first, Some(last)),
            None => (range, None),
        };
        let first = parse_number(field, item, first)?;
        let last = last
            .map(|last| parse_number(field, item, last))
            .transpose()?;
        (first, last)
    };
    if let Some(last) = last.filter(|last| *last < first) {
        return Err(backwards(field, item, first, last));
    }
    let Some(step) = step else {
        return Ok(Item::Range {
            first,
            last: last.unwrap_or(first),
            step: 1,
        });
    };
    let last = last.unwrap_or(field.max());
    if step > last - first {
        return Err(Error::invalid(
            field.name(),
            item,
            format!("has a step of {step}, more than its range {first} to {last} is long"),
        ));
    }
    Ok(Item::Range { first, last, step })
}

fn backwards(field: Field, item: &str, first: u32, last: u32) -> Error {
    let (min, max) = (field.min(), field.max());
    Error::invalid(
        field.name(),
        item,
        "runs backwards and ranges do not wrap around",
    )
    .with_hint(format!("write `{first}-{max},{min}-{last}`"))
}

fn parse_step(field: Field, item: &str, step: &str) -> Result<u32, Error> {
    match digits(step) {
        Some(0) => Err(Error::invalid(
            field.name(),
            item,
            "has a step of 0, the least is 1",
        )),
        Some(step) => Ok(step),
        None => Err(not_numbers(field, item)),
    }
}

fn parse_number(field: Field, item: &str, number: &str) -> Result<u32, Error> {
    let value = digits(number).ok_or_else(|| not_numbers(field, item))?;
    let (name, shown) = (field.name(), if number == item { item } else { number });
    if value > field.max() {
        let error = Error::invalid(name, shown, format!("is above the maximum {}", field.max()));
        return Err(match (field, value) {
            (Field::DayOfWeek, 7) => error.with_hint("Monday is 0 and Sunday is 6"),
            (Field::Hour, 24) => error.with_hint("midnight is 0"),
            _ => error,
        });
    }
    if value < field.min() {
        return Err(Error::invalid(
            name,
            shown,
            format!("is below the minimum {}", field.min()),
        ));
    }
    Ok(value)
}

/// Digits only; numbers too large to hold are as good as the largest.
fn digits(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u32::MAX))
}

/// `fri`, `mon-fri`, `january`.
fn parse_names(field: Field, item: &str) -> Result<Item, Error> {
    let (first, last) = match item.split_once('-') {
        Some((first, last)) => (first, Some(last)),
        None => (item, None),
    };
    let value = |word: &str| {
        field
            .value_of_name(word)
            .ok_or_else(|| unknown_name(field, item, word))
    };
    let first_value = value(first)?;
    let last_value = last.map(value).transpose()?.unwrap_or(first_value);
    if last_value < first_value {
        return Err(backwards(field, item, first_value, last_value));
    }
    Ok(Item::Range {
        first: first_value,
        last: last_value,
        step: 1,
    })
}

fn unknown_name(field: Field, item: &str, word: &str) -> Error {
    let kind = if field == Field::Month {
        "month"
    } else {
        "weekday"
    };
    if word.contains('/') {
        let range = item.split('/').next().unwrap_or(item);
        return Error::invalid(field.name(), item, "has a step after a name").with_hint(format!(
            "steps go with numbers only: write `{range}` as numbers"
        ));
    }
    if digits(word).is_some() {
        return Error::invalid(field.name(), item, "mixes a name with a number")
            .with_hint("write both ends as names, or both as numbers");
    }
    if field != Field::Month && field::is_month_name(word) {
        return Error::invalid(field.name(), item, "is a month").with_hint("use month");
    }
    if field == Field::Month && field::weekday_of_name(word).is_some() {
        return Error::invalid(field.name(), item, "is a weekday").with_hint("use day_of_week");
    }
    match foreign(field, item) {
        Some(error) => error,
        None => Error::invalid(field.name(), item, format!("is no {kind}")).with_hint(
            if field == Field::Month {
                "write jan to dec"
            } else {
                "write mon to sun"
            },
        ),
    }
}

/// `last`, `last fri`, `3rd fri`.
fn parse_day(item: &str) -> Result<Item, Error> {
    let mut words = item.split_ascii_whitespace();
    let first = words.next().unwrap_or_default().to_ascii_lowercase();
    let nth = match first.as_str() {
        "1st" => 0,
        "2nd" => 1,
        "3rd" => 2,
        "4th" => 3,
        "5th" => 4,
        "last" => 5,
        _ => return Err(unrecognised(Field::Day, item)),
    };
    let Some(word) = words.next() else {
        if nth == 5 {
            return Ok(Item::LastDay);
        }
        return Err(
            Error::invalid("day", item, "lacks a weekday").with_hint(format!(
                "write `{item} fri`, or `{}` for the day of the month",
                nth + 1
            )),
        );
    };
    let weekday = field::weekday_of_name(word).ok_or_else(|| {
        Error::invalid(
            "day",
            item,
            format!("names no weekday, `{}`", shortened(word)),
        )
        .with_hint("write mon to sun")
    })?;
    if words.next().is_some() {
        return Err(Error::invalid("day", item, "has text after the weekday"));
    }
    Ok(Item::NthWeekday { nth, weekday })
}

fn shortened(word: &str) -> String {
    word.chars().take(20).collect()
}

fn not_numbers(field: Field, item: &str) -> Error {
    foreign(field, item).unwrap_or_else(|| {
        Error::invalid(field.name(), item, "is not understood")
            .with_hint("write `*`, numbers, ranges such as `1-5` or steps such as `*/5`")
    })
}

fn unrecognised(field: Field, item: &str) -> Error {
    foreign(field, item).unwrap_or_else(|| {
        let forms = match field {
            Field::Day => "`*`, numbers, ranges, steps, `last`, `last fri` or `3rd fri`",
            Field::Month | Field::DayOfWeek => "`*`, numbers, names, ranges or steps",
            _ => "`*`, numbers, ranges or steps",
        };
        Error::invalid(field.name(), item, "is not understood").with_hint(format!("write {forms}"))
    })
}

/// Notation of other crons, with what it is called here.
fn foreign(field: Field, item: &str) -> Option<Error> {
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
