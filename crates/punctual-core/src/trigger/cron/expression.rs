//! The text of one cron field, in the grammar of `APScheduler` 3.11.
//!
//! ```text
//! field   = item *( "," item )                      blanks around commas are allowed
//! item    = "*" [ "/" n ]  |  a [ "-" b ] [ "/" n ]
//!         | name [ "-" name ]                       month, day_of_week
//!         | "last"  |  ( "1st".."5th" | "last" ) weekday      day
//! ```

use super::field::{self, Field};
use super::item::{Item, unrecognised};
use super::names::parse_names;
use super::odd::explained;
use super::ordinal::{is_ordinal, parse_day};
use super::range::Range;
use crate::error::{Error, ErrorKind};
use crate::limits::MAX_EXPRESSION_BYTES;

/// A parsed field.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) items: Vec<Item>,
    /// `true` if an item is `*` or `*/n`, so that the field follows real time. See
    /// [`Gap`](crate::Gap).
    pub(crate) wild: bool,
}

impl Expression {
    pub(crate) fn parse(field: Field, text: &str) -> Result<Self, Error> {
        if text.len() > MAX_EXPRESSION_BYTES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                field.name(),
                format!("is longer than {MAX_EXPRESSION_BYTES} bytes"),
            )
            .with_value(text));
        }
        Self::read(field, text).map_err(|error| explained(field, text, error))
    }

    fn read(field: Field, text: &str) -> Result<Self, Error> {
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

    /// Returns the values as bits. The field's values must be below 64.
    pub(crate) fn bits(&self) -> u64 {
        let bits = |item: &Item| match item {
            Item::Range(range) => range.bits(),
            Item::LastDay | Item::NthWeekday { .. } => 0,
        };
        self.items.iter().fold(0, |all, item| all | bits(item))
    }
}

/// Refuses `day="0, tue"`, which tutorials contain. Weekday names belong in another field.
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

/// Adds the position of an item, if the item is not the whole text.
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
            Error::new(ErrorKind::Invalid, field.name(), "is empty")
                .with_hint("leave it out or write `*`")
        } else {
            Error::invalid(field.name(), text, "holds an empty item").at(at)
        };
        return Err(problem);
    }
    let parsed = if item.starts_with(|c: char| c.is_ascii_digit() || c == '*') && !is_ordinal(item)
    {
        Range::parse(field, item).map(Item::Range)
    } else if field == Field::Day {
        parse_day(item)
    } else if field.has_names() {
        parse_names(field, item)
    } else {
        Err(unrecognised(field, item))
    };
    parsed.map_err(|error| located(error, item, text, at))
}
