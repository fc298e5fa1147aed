//! From the texts of eight fields to one [`Pattern`].

use super::expression::{Expression, Item};
use super::field::Field;
use super::pattern::{ALL_WEEKS, Join, Pattern};
use super::years::{YearRange, Years};
use crate::error::{Error, ErrorKind};

/// The pattern, and whether it is wild (see [`Gap`](crate::Gap)).
pub(super) fn compile(given: &[Option<Box<str>>; 8]) -> Result<(Pattern, bool), Error> {
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
    let mut pattern = Pattern {
        seconds: seconds.bits(),
        minutes: minutes.bits(),
        hours: hours.bits() as u32,
        days: days.bits() as u32,
        months: months.bits() as u16,
        weekdays: weekdays.bits() as u8,
        join: Join::And,
        rare: None,
    };
    if weeks.bits() != ALL_WEEKS {
        pattern.rare_mut().weeks = weeks.bits();
    }
    for item in &days.items {
        match *item {
            Item::LastDay => pattern.days |= 1,
            Item::NthWeekday { nth, weekday } => {
                pattern.rare_mut().nth_weekdays[nth] |= 1 << weekday;
            }
            Item::Range { .. } => {}
        }
    }
    if let Some(restricted) = restricted_years(years) {
        pattern.rare_mut().years = Some(restricted);
    }
    if !pattern.has_dates() {
        return Err(never(given));
    }
    let wild = hours.wild || minutes.wild || seconds.wild;
    Ok((pattern, wild))
}

/// All eight fields; those left out by the defaulting rule of `APScheduler`.
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

fn restricted_years(years: &Expression) -> Option<Years> {
    let all = Item::Range {
        first: Field::Year.min(),
        last: Field::Year.max(),
        step: 1,
    };
    if years.items.contains(&all) {
        return None;
    }
    let range = |item: &Item| match *item {
        Item::Range { first, last, step } => Some(YearRange {
            first: first as i32,
            last: last as i32,
            step: step as i32,
        }),
        Item::LastDay | Item::NthWeekday { .. } => None,
    };
    Some(Years::new(years.items.iter().filter_map(range).collect()))
}

/// The error for 30 February and its kind: it names the fields that never meet.
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
