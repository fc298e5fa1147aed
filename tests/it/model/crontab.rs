//! Crontab text, split and read naively.

use super::days::{Days, Element, Inner, weekday_number};
use super::field::{self, Field};

/// The rule of a crontab text: dates and the three clock fields.
pub(crate) struct Crontab {
    pub(crate) days: Days,
    pub(crate) hours: Field,
    pub(crate) minutes: Field,
    pub(crate) seconds: Field,
}

pub(crate) fn read(expr: &str, both: bool) -> Option<Crontab> {
    let expr = expr.trim().to_lowercase();
    let expr = match expr.as_str() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    };
    let mut fields: Vec<&str> = expr.split_whitespace().collect();
    if fields.len() == 5 {
        fields.insert(0, "0");
    }
    if fields.len() == 6 {
        fields.push("*");
    }
    let [second, minute, hour, day, month, weekday, year] = fields[..] else {
        return None;
    };
    let unrestricted = |text: &str| text.starts_with(['*', '?']);
    let days = list(day, day_of_month)?;
    let weekdays = list(weekday, day_of_week)?;
    let inner = if both || unrestricted(day) || unrestricted(weekday) {
        Inner::Both(days, weekdays)
    } else {
        Inner::Either(days, weekdays)
    };
    Some(Crontab {
        days: Days {
            years: Field::read(year, field::YEAR)?,
            months: Field::read(month, field::MONTH)?,
            weeks: Field::any(field::WEEK),
            inner,
        },
        hours: Field::read(hour, field::HOUR)?,
        minutes: Field::read(minute, field::SIXTY)?,
        seconds: Field::read(second, field::SIXTY)?,
    })
}

fn list(text: &str, element: fn(&str) -> Option<Element>) -> Option<Vec<Element>> {
    text.replace('?', "*").split(',').map(element).collect()
}

fn day_of_month(text: &str) -> Option<Element> {
    match text {
        "l" => return Some(Element::LastDay),
        "lw" => return Some(Element::LastWorkday),
        _ => {}
    }
    if let Some(day) = text.strip_suffix('w') {
        let day = day.parse().ok()?;
        return (1..=31)
            .contains(&day)
            .then_some(Element::NearestWorkday(day));
    }
    Some(Element::Days(Field::read(text, field::DAY)?))
}

fn day_of_week(text: &str) -> Option<Element> {
    if let Some((weekday, nth)) = text.split_once('#') {
        let nth: i8 = nth.parse().ok()?;
        return (1..=5)
            .contains(&nth)
            .then_some(Element::Nth(nth, monday_zero(weekday)?));
    }
    match text.strip_suffix('l') {
        Some(weekday) if monday_zero(weekday).is_some() => {
            Some(Element::LastOf(monday_zero(weekday)?))
        }
        _ => Some(Element::CrontabWeekdays(Field::read(
            text,
            field::CRONTAB_WEEKDAY,
        )?)),
    }
}

fn monday_zero(weekday: &str) -> Option<i8> {
    if let Some(number) = weekday_number(weekday) {
        return Some(number);
    }
    let from_sunday: i8 = weekday.parse().ok()?;
    (0..=7)
        .contains(&from_sunday)
        .then_some((from_sunday + 6) % 7)
}
