//! Names of months and weekdays.

use super::field::{self, Field};
use super::item::Item;
use super::numbers::{digits, split};
use super::other_dialects::foreign;
use super::range::Range;
use crate::error::Error;
use crate::suggest::nearest;

/// Parses names such as `fri`, `mon-fri` or `january`.
pub(super) fn parse_names(field: Field, item: &str) -> Result<Item, Error> {
    let (first, last) = split(item, b'-');
    let value = |word: &str| {
        field
            .value_of_name(word)
            .ok_or_else(|| unknown_name(field, item, word))
    };
    let first_value = value(first)?;
    let last_value = last.map(value).transpose()?;
    Range::checked(field, item, first_value, last_value, None).map(Item::Range)
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Returns the error for a word that is not a name of the field, such as `mno`.
pub(super) fn no_name(field: Field, item: &str, word: &str) -> Error {
    let (kind, all, names) = if field == Field::Month {
        ("month", "jan to dec", &MONTHS[..])
    } else {
        ("weekday", "mon to sun", &WEEKDAYS[..])
    };
    let hint = match nearest(word, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write {all}"),
    };
    Error::invalid(field.name(), item, format!("is not a {kind}")).with_hint(hint)
}

fn unknown_name(field: Field, item: &str, word: &str) -> Error {
    if word.contains('/') {
        let range = item.split('/').next().unwrap_or(item);
        return Error::invalid(field.name(), item, "has a step after a name").with_hint(format!(
            "steps go with numbers only; write `{range}` as numbers"
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
    foreign(field, item).unwrap_or_else(|| no_name(field, item, word))
}
