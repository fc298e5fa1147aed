//! The dates of a pattern in words.

use super::times::Times;
use super::words::{joined, list, numbered, ordinal, run, values};
use crate::trigger::cron::field::{month_name, weekday_name};
use crate::trigger::cron::pattern::{ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, ALL_WEEKS, Join, Pattern};
use crate::trigger::cron::years::YearRange;

pub(super) fn of(pattern: &Pattern, times: &Times) -> String {
    let parts = [
        days(pattern, times),
        month_words(pattern),
        week_words(pattern),
        year_words(pattern),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn days(pattern: &Pattern, times: &Times) -> String {
    let (by_day, by_weekday) = (day_words(pattern), weekday_words(pattern));
    let nth_weekday = pattern.marks().is_some_and(|marks| marks.nth_is_weekday);
    match (by_day, by_weekday, pattern.join) {
        // If either may match, every day matches as soon as one of them allows all days.
        (None, None, _) | (None, _, Join::Or) | (_, None, Join::Or) => every_day(times),
        (Some(day), None, _) => format!("on {day}"),
        (None, Some(weekday), _) => preposition(&weekday),
        (Some(day), Some(weekday), Join::Or) => format!("on {day} or {}", preposition(&weekday)),
        (Some(day), Some(weekday), Join::And | Join::AndAlways) if nth_weekday => {
            format!("on {day} if it is {weekday}")
        }
        (Some(day), Some(_), Join::And | Join::AndAlways) => {
            format!("on {day} that is a {}", one_of(pattern.weekdays))
        }
    }
}

/// Only listed times need the addition that they are every day's.
fn every_day(times: &Times) -> String {
    if times.are_listed() {
        "every day".to_owned()
    } else {
        String::new()
    }
}

fn preposition(weekdays: &str) -> String {
    if weekdays.starts_with("from ") {
        weekdays.to_owned()
    } else {
        format!("on {weekdays}")
    }
}

fn one_of(weekdays: u8) -> String {
    let names: Vec<_> = values(weekdays.into())
        .into_iter()
        .map(weekday_name)
        .collect();
    joined(&names, "or")
}

fn day_words(pattern: &Pattern) -> Option<String> {
    if pattern.days & ALL_DAYS == ALL_DAYS {
        return None;
    }
    let mut parts = Vec::new();
    let days = values((pattern.days & ALL_DAYS).into());
    if !days.is_empty() {
        parts.push(numbered(&days, "day"));
    }
    if pattern.days & 1 == 1 {
        parts.push("the last day".to_owned());
    }
    if let Some(marks) = pattern.marks() {
        if marks.nearest != 0 {
            let days = numbered(&values(marks.nearest.into()), "day");
            parts.push(format!("the working day nearest to {days}"));
        }
        if marks.last_working_day {
            parts.push("the last working day".to_owned());
        }
        if !marks.nth_is_weekday {
            parts.extend(nth_words(marks.nth_weekdays));
        }
    }
    Some(format!("{} of the month", joined(&parts, "or")))
}

fn nth_words(nth_weekdays: [u8; 6]) -> Vec<String> {
    let mut parts = Vec::new();
    for (n, weekdays) in (1..).zip(nth_weekdays) {
        let which = if n == 6 {
            "last".to_owned()
        } else {
            ordinal(n)
        };
        let names = values(weekdays.into()).into_iter().map(weekday_name);
        parts.extend(names.map(|name| format!("the {which} {name}")));
    }
    parts
}

pub(in crate::trigger) fn weekday_words(pattern: &Pattern) -> Option<String> {
    if pattern.weekdays == ALL_WEEKDAYS {
        return None;
    }
    let weekdays = values(pattern.weekdays.into());
    let plain = match run(&weekdays) {
        Some((first, last)) => {
            format!("from {} to {}", weekday_name(first), weekday_name(last))
        }
        None => list(&weekdays.into_iter().map(weekday_name).collect::<Vec<_>>()),
    };
    let mut parts: Vec<String> = if plain.is_empty() {
        Vec::new()
    } else {
        vec![plain]
    };
    if let Some(marks) = pattern.marks().filter(|marks| marks.nth_is_weekday) {
        parts.extend(
            nth_words(marks.nth_weekdays)
                .into_iter()
                .map(|nth| format!("{nth} of the month")),
        );
    }
    Some(joined(&parts, "or"))
}

fn month_words(pattern: &Pattern) -> String {
    if pattern.months == ALL_MONTHS {
        return String::new();
    }
    let months: Vec<_> = values(pattern.months.into())
        .into_iter()
        .map(month_name)
        .collect();
    format!("in {}", list(&months))
}

fn week_words(pattern: &Pattern) -> String {
    let weeks = pattern.rare.as_ref().map_or(ALL_WEEKS, |rare| rare.weeks);
    if weeks == ALL_WEEKS {
        return String::new();
    }
    format!("in {}", numbered(&values(weeks), "ISO week"))
}

fn year_words(pattern: &Pattern) -> String {
    let Some(years) = pattern.rare.as_ref().and_then(|rare| rare.years.as_ref()) else {
        return String::new();
    };
    let words = |range: &YearRange| match *range {
        YearRange { first, last, .. } if first == last => first.to_string(),
        YearRange {
            first,
            last,
            step: 1,
        } => format!("{first} to {last}"),
        YearRange { first, last, step } => {
            format!(
                "every {} year from {first} to {last}",
                ordinal(step.unsigned_abs())
            )
        }
    };
    format!(
        "in {}",
        list(&years.ranges().iter().map(words).collect::<Vec<_>>())
    )
}
