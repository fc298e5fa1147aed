//! Descriptions of triggers, in English.

mod dates;
#[cfg(test)]
mod read_back;
#[cfg(test)]
mod tests;
mod times;
mod words;

use chrono::Datelike;

pub(super) use self::dates::weekday_words;
use self::times::Times;
pub(super) use self::words::list;
use self::words::plural;
use super::bounded::Members;
use super::bounds::Bounds;
use super::zoned::Zoned;
use super::{CalendarInterval, Interval, Trigger, interval_units};
use crate::civil;
use crate::legible::legible;
use crate::zone::Zone;

pub(super) fn describe(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Date(date) => {
            let text = format!("once at {}", date.run_at().to_string().replace('T', " "));
            text + &zone_words(date.zone()) + &bounds_words(date.bounds())
        }
        Trigger::Interval(interval) => describe_interval(interval),
        Trigger::Cron(cron) => {
            let compiled = cron.compiled();
            pattern_words(&compiled.pattern) + &zoned_words(&compiled.zoned)
        }
        Trigger::Crontab(crontab) => {
            let compiled = crontab.compiled();
            pattern_words(&compiled.pattern) + &zoned_words(&compiled.zoned)
        }
        Trigger::CalendarInterval(calendar) => describe_calendar(calendar),
        Trigger::And(and) => combined(and.children(), " and at the same time ", and.bounds()),
        Trigger::Or(or) => combined(or.children(), " or ", or.bounds()),
        Trigger::Custom(custom) => {
            let name = || format!("custom trigger `{}`", legible(custom.name()));
            custom.describe().unwrap_or_else(name) + &bounds_words(custom.bounds())
        }
    }
}

fn pattern_words(pattern: &super::cron::pattern::Pattern) -> String {
    let times = Times::of(pattern);
    format!("{} {}", times.words(), dates::of(pattern, &times))
        .trim_end()
        .to_owned()
}

/// Describes a combination. The bounds of the whole must not be taken for those of its last child.
fn combined(children: &[Trigger], between: &str, bounds: Option<&Bounds>) -> String {
    let words = |child: &Trigger| match child {
        Trigger::And(_) | Trigger::Or(_) => format!("({})", describe(child)),
        simple => describe(simple),
    };
    let children: Vec<_> = children.iter().map(words).collect();
    let children = children.join(between);
    match bounds_words(bounds) {
        none if none.is_empty() => children,
        bounds => format!("({children}){bounds}"),
    }
}

fn describe_interval(interval: &Interval) -> String {
    let parts = interval_units::split(interval.length_micros());
    let words = match parts.as_slice() {
        [(unit, number)] if number.as_i64() == Some(1) => {
            format!("every {}", unit.trim_end_matches('s'))
        }
        _ => {
            let parts: Vec<_> = parts
                .iter()
                .map(|(unit, number)| plural(number, unit))
                .collect();
            format!("every {}", list(&parts))
        }
    };
    words + &zone_words(interval.zone()) + &bounds_words(interval.bounds())
}

fn describe_calendar(calendar: &CalendarInterval) -> String {
    let (length, time) = (calendar.length(), calendar.time());
    let parts: Vec<_> = [
        (length.years, "years"),
        (length.months, "months"),
        (length.weeks, "weeks"),
        (length.days, "days"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .collect();
    let words = match parts.as_slice() {
        [(1, unit)] => format!("every {}", unit.trim_end_matches('s')),
        _ => {
            let parts: Vec<_> = parts
                .iter()
                .map(|(number, unit)| plural(number, unit))
                .collect();
            format!("every {}", list(&parts))
        }
    };
    let time = times::clock_time(time.hour.into(), time.minute.into(), time.second.into());
    let start = calendar
        .start_date()
        .map(|date| format!(", from {date}"))
        .unwrap_or_default();
    let end = calendar
        .end_date()
        .map(|date| format!(", until {date}"))
        .unwrap_or_default();
    format!(
        "{words} at {time}{}{start}{end}{}",
        left_out(calendar).unwrap_or_default(),
        zoned_words(calendar.zoned())
    )
}

/// Describes the dates that are left out. Dates that do not exist are, so the 31st of every month
/// is not in every month.
fn left_out(calendar: &CalendarInterval) -> Option<String> {
    let length = calendar.length();
    let months = length.years * 12 + length.months;
    if months == 0 {
        return None;
    }
    if length.weeks + length.days > 0 {
        return Some(", only on dates that exist".to_owned());
    }
    let start = calendar.start_date()?;
    let (first, day) = (start.month0(), start.day());
    let lacks_it = |k: u32| civil::days_in_month(2026, (first + k * (months % 12)) % 12 + 1) < day;
    (0..12)
        .any(lacks_it)
        .then(|| format!(", only in months that have a day {day}"))
}

fn zoned_words(zoned: &Zoned) -> String {
    zone_words(zoned.zone) + &bounds_words(zoned.bounds.as_deref())
}

fn zone_words(zone: Option<Zone>) -> String {
    zone.map(|zone| format!(", {zone}")).unwrap_or_default()
}

fn bounds_words(bounds: Option<&Bounds>) -> String {
    let bound = |word: &str, when: Option<super::When>| {
        when.map(|when| format!(", {word} {}", when.to_string().replace('T', " ")))
            .unwrap_or_default()
    };
    bounds
        .map(|bounds| bound("from", bounds.start) + &bound("until", bounds.end))
        .unwrap_or_default()
}
