//! Days of the month in words, such as `last`, `last fri` or `3rd fri`.

use super::field::{self, Field};
use super::item::{Item, unrecognised};
use crate::error::Error;

/// Returns whether an item begins with a digit and is not a number, such as `3rd`.
pub(super) fn is_ordinal(item: &str) -> bool {
    let letters = item.trim_start_matches(|c: char| c.is_ascii_digit());
    letters.len() < item.len() && letters.starts_with(|c: char| "snrtSNRT".contains(c))
}

/// Parses days such as `last`, `last fri` or `3rd fri`.
pub(super) fn parse_day(item: &str) -> Result<Item, Error> {
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
            format!("names no weekday in `{}`", shortened(word)),
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
