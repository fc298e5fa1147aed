//! The check that stands before croner, which lets rubbish through: `0 0 MON * *`, `1,,2`,
//! `*/90`, `1-5/9`, `mon-5` all mean something to it, and not what was meant.

use crate::error::{Error, ErrorKind};
use crate::limits::MAX_EXPRESSION_BYTES;
use crate::trigger::cron::expression::{Expression, Item, parse_numbers};
use crate::trigger::cron::field::{Field, is_month_name, weekday_of_name};

/// An expression whose every item was checked.
pub(super) struct Checked {
    /// The fields with names as numbers and without the year: what croner gets to see.
    pub(super) numeric: String,
    /// The year, which croner ends with 5000.
    pub(super) year: Option<Expression>,
    /// Whether hour, minute or second has an item that begins with `*`.
    pub(super) wild: bool,
    /// Whether a date may match either day or weekday, since both are restricted.
    pub(super) either_day: bool,
}

const FIVE: [Field; 5] = [
    Field::Minute,
    Field::Hour,
    Field::Day,
    Field::Month,
    Field::CrontabWeekday,
];

/// Second and year are at the ends, and are left out together or one after the other.
const SEVEN: [Field; 7] = [
    Field::Second,
    Field::Minute,
    Field::Hour,
    Field::Day,
    Field::Month,
    Field::CrontabWeekday,
    Field::Year,
];

pub(super) fn check(expr: &str) -> Result<Checked, Error> {
    if expr.len() > MAX_EXPRESSION_BYTES {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            "expr",
            format!("is longer than {MAX_EXPRESSION_BYTES} bytes"),
        )
        .with_value(expr));
    }
    let expr = expr.trim();
    let plain = match expr.strip_prefix('@') {
        Some(nickname) => of_nickname(nickname)?,
        None => expr,
    };
    let texts: Vec<&str> = plain.split_ascii_whitespace().collect();
    let fields = match texts.len() {
        5 => &FIVE[..],
        6 => &SEVEN[..6],
        7 => &SEVEN[..],
        _ => return Err(wrong_number(expr, &texts)),
    };
    let mut checked = Checked {
        numeric: String::new(),
        year: None,
        wild: false,
        either_day: true,
    };
    for (&field, &text) in fields.iter().zip(&texts) {
        let at = text.as_ptr() as usize - plain.as_ptr() as usize;
        if field == Field::Year {
            let year = Expression::parse(field, text).map_err(|error| error.at(at))?;
            checked.year = Some(year);
        } else {
            checked.add(field, text, at)?;
        }
    }
    Ok(checked)
}

fn of_nickname(nickname: &str) -> Result<&'static str, Error> {
    match nickname.to_ascii_lowercase().as_str() {
        "yearly" | "annually" => Ok("0 0 1 1 *"),
        "monthly" => Ok("0 0 1 * *"),
        "weekly" => Ok("0 0 * * 0"),
        "daily" | "midnight" => Ok("0 0 * * *"),
        "hourly" => Ok("0 * * * *"),
        "reboot" => Err(Error::invalid("expr", "@reboot", "names no time")
            .with_hint("run the job at the start of the scheduler instead")),
        _ => Err(
            Error::invalid("expr", format_args!("@{nickname}"), "is no nickname")
                .with_hint("write @hourly, @daily, @weekly, @monthly or @yearly"),
        ),
    }
}

fn wrong_number(expr: &str, texts: &[&str]) -> Error {
    let error = Error::invalid(
        "expr",
        expr,
        format!(
            "has {} fields, not 5 (minute hour day month weekday), 6 (seconds first) or 7 (year last)",
            texts.len()
        ),
    );
    if expr.is_empty() {
        return Error::new(ErrorKind::InvalidValue, "expr", "is empty")
            .with_hint("write five fields such as `*/5 9-17 * * mon-fri`");
    }
    if texts
        .iter()
        .any(|text| text.starts_with(',') || text.ends_with(','))
    {
        return error.with_hint("lists have no blanks");
    }
    error
}

impl Checked {
    fn add(&mut self, field: Field, text: &str, at: usize) -> Result<(), Error> {
        let is_day = matches!(field, Field::Day | Field::CrontabWeekday);
        if !self.numeric.is_empty() {
            self.numeric.push(' ');
        }
        if text == "?" {
            if !is_day {
                return Err(
                    Error::invalid(field.name(), text, "stands for a day or weekday only")
                        .at(at)
                        .with_hint("write `*`"),
                );
            }
            self.numeric.push('*');
            self.either_day = false;
            return Ok(());
        }
        if is_day && text.starts_with('*') {
            self.either_day = false;
        }
        let is_time = matches!(field, Field::Hour | Field::Minute | Field::Second);
        let mut position = at;
        for (n, item) in text.split(',').enumerate() {
            self.wild |= is_time && item.starts_with('*');
            let numeric = check_item(field, item, text).map_err(|error| error.at(position))?;
            if n > 0 {
                self.numeric.push(',');
            }
            // Legal in crontab(5), but not to croner: `*` in a list.
            if numeric == "*" && text != "*" {
                let last = field.max().min(if field == Field::CrontabWeekday {
                    6
                } else {
                    59
                });
                self.numeric.push_str(&format!("{}-{last}", field.min()));
            } else {
                self.numeric.push_str(&numeric);
            }
            position += item.len() + 1;
        }
        refuse_l_with_w(field, text, at)
    }
}

/// croner keeps one mark for `LW` as a whole, so `L,LW` would lose the last day.
fn refuse_l_with_w(field: Field, text: &str, at: usize) -> Result<(), Error> {
    let has = |wanted: &str| {
        text.split(',')
            .any(|item| item.eq_ignore_ascii_case(wanted))
    };
    if field == Field::Day && has("L") && has("LW") {
        return Err(Error::invalid("day", text, "mixes L with LW")
            .at(at)
            .with_hint("combine two triggers with `or`"));
    }
    Ok(())
}

/// One item of a list, with names as numbers.
fn check_item(field: Field, item: &str, text: &str) -> Result<String, Error> {
    if item.is_empty() {
        return Err(Error::invalid(field.name(), text, "holds an empty item"));
    }
    match field {
        Field::Day => check_day(item),
        Field::CrontabWeekday => check_weekday(item),
        Field::Month => check_named(field, item),
        _ => check_numbers(field, item, item),
    }
}

fn check_numbers(field: Field, numeric: &str, item: &str) -> Result<String, Error> {
    parse_numbers(field, numeric).map_err(|error| misplaced(field, item).unwrap_or(error))?;
    Ok(numeric.to_owned())
}

/// A name in a field that has none, or in the wrong one.
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

/// `L`, `LW`, `15W`, or numbers.
fn check_day(item: &str) -> Result<String, Error> {
    let upper = item.to_ascii_uppercase();
    if upper == "L" || upper == "LW" {
        return Ok(upper);
    }
    if let Some(day) = upper.strip_suffix('W')
        && day.bytes().all(|b| b.is_ascii_digit())
        && !day.is_empty()
    {
        parse_numbers(Field::Day, day)?;
        return Ok(upper);
    }
    if upper.starts_with("L-") {
        return Err(Error::invalid(
            "day",
            item,
            "counts back from the last day, which is not supported",
        ));
    }
    check_numbers(Field::Day, item, item)
}

/// `fri#2`, `5L`, names and numbers; 0 and 7 are Sunday.
fn check_weekday(item: &str) -> Result<String, Error> {
    let field = Field::CrontabWeekday;
    if item.starts_with('+') {
        return Err(Error::invalid(field.name(), item, "begins with a plus")
            .with_hint("set day_and_weekday to match both"));
    }
    if let Some((weekday, nth)) = item.split_once('#') {
        let weekday = single_weekday(item, weekday)?;
        if !matches!(nth, "1" | "2" | "3" | "4" | "5") {
            return Err(Error::invalid(
                field.name(),
                item,
                "has no number from 1 to 5 after the #",
            ));
        }
        return Ok(format!("{weekday}#{nth}"));
    }
    if let Some(weekday) = item.strip_suffix(['L', 'l']) {
        if weekday.is_empty() {
            return Err(Error::invalid(field.name(), item, "names no weekday")
                .with_hint("write 5L or friL for the last Friday"));
        }
        return Ok(format!("{}L", single_weekday(item, weekday)?));
    }
    check_named(field, item)
}

fn single_weekday(item: &str, weekday: &str) -> Result<u32, Error> {
    let field = Field::CrontabWeekday;
    if let Some(value) = field.value_of_name(weekday) {
        return Ok(value);
    }
    match parse_numbers(field, weekday) {
        Ok(Item::Range { first, last, .. }) if first == last => Ok(first % 7),
        Ok(_) | Err(_) => Err(Error::invalid(
            field.name(),
            item,
            "does not begin with one weekday",
        )),
    }
}

/// Numbers, or names with an optional step.
fn check_named(field: Field, item: &str) -> Result<String, Error> {
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (first, Some(last)),
        None => (range, None),
    };
    let Some(first_value) = field.value_of_name(first) else {
        if last.is_some_and(|last| field.value_of_name(last).is_some()) {
            return Err(mixed(field, item));
        }
        return check_numbers(field, item, item);
    };
    let last_value = match last.map(|last| field.value_of_name(last)) {
        None => first_value,
        // As the end of a range Sunday is the seventh day.
        Some(Some(0)) if field == Field::CrontabWeekday && first_value > 0 => 7,
        Some(Some(value)) => value,
        Some(None) => return Err(mixed(field, item)),
    };
    let numeric = match (last, step) {
        (None, None) => first_value.to_string(),
        (None, Some(step)) => format!("{first_value}/{step}"),
        (Some(_), None) => format!("{first_value}-{last_value}"),
        (Some(_), Some(step)) => format!("{first_value}-{last_value}/{step}"),
    };
    check_numbers(field, &numeric, item).map_err(|error| error.with_value(item))
}

fn mixed(field: Field, item: &str) -> Error {
    Error::invalid(field.name(), item, "mixes a name with something else")
        .with_hint("write both ends as names, or both as numbers")
}
