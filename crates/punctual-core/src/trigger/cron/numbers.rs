//! Numbers, ranges and steps, which cron and crontab write alike.

use super::field::Field;
use super::names::no_name;
use super::other_dialects::foreign;
use super::range::Range;
use super::wrapped::backwards;
use crate::error::Error;

impl Range {
    /// Reads `*`, `*/n`, `a`, `a-b`, `a-b/n` or `a/n`.
    pub(crate) fn parse(field: Field, item: &str) -> Result<Self, Error> {
        let (range, step) = split(item, b'/');
        let step = step.map(|step| parse_step(field, item, step)).transpose()?;
        if range == "*" {
            return Self::checked(field, item, field.min(), Some(field.max()), step);
        }
        let (first, last) = split(range, b'-');
        let first = parse_number(field, item, first)?;
        let last = last
            .map(|last| parse_number(field, item, last))
            .transpose()?;
        Self::checked(field, item, first, last, step)
    }

    /// Returns a range of values within the field's limits. `item` is the text of the range.
    pub(crate) fn checked(
        field: Field,
        item: &str,
        first: u32,
        last: Option<u32>,
        step: Option<u32>,
    ) -> Result<Self, Error> {
        if let Some(last) = last.filter(|last| *last < first) {
            let step = step.unwrap_or(1);
            return Err(backwards(field, item, Self { first, last, step }));
        }
        let Some(step) = step else {
            let last = last.unwrap_or(first);
            return Ok(Self {
                first,
                last,
                step: 1,
            });
        };
        let last = last.unwrap_or(field.max());
        if step > last - first {
            return Err(Error::invalid(
                field.name(),
                item,
                format!("has a step that is longer than its range, {first} to {last}"),
            ));
        }
        Ok(Self { first, last, step })
    }
}

/// Returns the text before the first `mark`, and the text after it if there is one.
pub(crate) fn split(text: &str, mark: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == mark) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

pub(crate) fn parse_step(field: Field, item: &str, step: &str) -> Result<u32, Error> {
    match digits(step) {
        Some(0) => Err(Error::invalid(
            field.name(),
            item,
            "has a step of 0; the smallest is 1",
        )),
        Some(step) => Ok(step),
        None => Err(not_numbers(field, item)),
    }
}

fn parse_number(field: Field, item: &str, number: &str) -> Result<u32, Error> {
    let value = digits(number).ok_or_else(|| not_numbers(field, item))?;
    if value > field.max() {
        let problem = format!("is above the maximum {}", field.max());
        let error = Error::invalid(field.name(), number, problem);
        return Err(match (field, value) {
            (Field::DayOfWeek, 7) => error.with_hint("Monday is 0 and Sunday is 6"),
            (Field::Hour, 24) => error.with_hint("midnight is 0"),
            _ => error,
        });
    }
    if value < field.min() {
        let problem = format!("is below the minimum {}", field.min());
        return Err(Error::invalid(field.name(), number, problem));
    }
    Ok(value)
}

/// Reads a number of digits only. Numbers too large to hold become the largest one.
pub(super) fn digits(text: &str) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u32, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        Some(value.saturating_mul(10).saturating_add(digit))
    })
}

fn not_numbers(field: Field, item: &str) -> Error {
    let word = item.split(['-', '/']).next().unwrap_or(item);
    let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphabetic());
    foreign(field, item).unwrap_or_else(|| match is_word && field.has_names() {
        true => no_name(field, item, word),
        false => Error::invalid(field.name(), item, "is not understood")
            .with_hint("write `*`, numbers, ranges such as `1-5` or steps such as `*/5`"),
    })
}
