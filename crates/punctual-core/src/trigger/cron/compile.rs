//! Compiles the texts of eight fields into one [`Pattern`].

use super::expression::Expression;
use super::field::Field;
use super::item::Item;
use super::pattern::{ALL_WEEKS, Join, Pattern};
use super::years::Years;
use crate::daylight::Daylight;
use crate::error::{Error, ErrorKind};

/// Compiles the given fields. `daylight` holds the gap and fold rules that were given.
pub(super) fn compile(given: &[Option<Box<str>>; 8], daylight: Daylight) -> Result<Pattern, Error> {
    let parsed = parse(given)?;
    let [
        years,
        months,
        days,
        weeks,
        weekdays,
        hours,
        minutes,
        seconds,
    ] = &parsed;
    let wild = hours.wild || minutes.wild || seconds.wild;
    let mut pattern = Pattern {
        seconds: seconds.bits(),
        minutes: minutes.bits(),
        hours: hours.bits() as u32,
        days: days.bits() as u32,
        months: months.bits() as u16,
        weekdays: weekdays.bits() as u8,
        join: Join::And,
        daylight: Daylight { wild, ..daylight },
        rare: None,
    };
    if weeks.bits() != ALL_WEEKS {
        pattern.rare_mut().weeks = weeks.bits();
    }
    for item in &days.items {
        match *item {
            Item::LastDay => pattern.days |= 1,
            Item::NthWeekday { nth, weekday } => {
                pattern.marks_mut().nth_weekdays[nth] |= 1 << weekday;
            }
            Item::Range(_) => {}
        }
    }
    if let Some(restricted) = Years::restricted(years) {
        pattern.rare_mut().years = Some(Box::new(restricted));
    }
    if !pattern.has_dates() {
        return Err(never(given));
    }
    Ok(pattern)
}

/// Parses all eight fields, with omitted fields filled in by the defaulting rule of `APScheduler`.
fn parse(given: &[Option<Box<str>>; 8]) -> Result<[Expression; 8], Error> {
    let least_significant = given.iter().rposition(Option::is_some);
    let mut parsed = Vec::with_capacity(8);
    for (index, field) in Field::ALL.into_iter().enumerate() {
        let text = match &given[index] {
            Some(text) => text,
            None if least_significant.is_some_and(|least| index > least) => field.default_text(),
            None => "*",
        };
        parsed.push(Expression::parse(field, text)?);
    }
    Ok(parsed.try_into().expect("there are eight fields"))
}

/// Returns the error for dates such as 30 February, which names the fields that never meet.
fn never(given: &[Option<Box<str>>; 8]) -> Error {
    const DATE_FIELDS: [Field; 4] = [Field::Day, Field::Week, Field::DayOfWeek, Field::Month];
    let text = |field: &Field| {
        let index = Field::ALL.iter().position(|f| f == field)?;
        given[index].as_deref()
    };
    let mut named = DATE_FIELDS
        .iter()
        .filter_map(|field| Some((field, text(field)?)));
    let Some((field, value)) = named.next() else {
        return Error::new(ErrorKind::NeverFires, "", "matches no date in any year");
    };
    let others: Vec<_> = named
        .map(|(field, text)| format!("{} `{text}`", field.name()))
        .collect();
    let problem = if others.is_empty() {
        "matches no date in any year".to_owned()
    } else {
        format!(
            "matches no date in any year together with {}",
            others.join(" and ")
        )
    };
    Error::new(ErrorKind::NeverFires, field.name(), problem).with_value(value)
}
