//! The time texts of the trigger format, read naively.

use jiff::civil::{Date, DateTime};

use super::Micros;
use super::zone::{Local, Zone};

pub(crate) const SECOND: Micros = 1_000_000;

/// `YYYY-MM-DD`.
pub(crate) fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `YYYY-MM-DD[(T| )HH:MM:SS[.ffffff][Z|+HH:MM|-HH:MM]]` as an instant.
pub(crate) fn instant(text: &str, zone: &Zone) -> Option<Micros> {
    if text.len() == 10 {
        return on_the_line(date(text)?.at(0, 0, 0, 0), zone);
    }
    let day = date(text.get(..10)?)?;
    let clock = text.get(11..19)?;
    let parts: Vec<i8> = clock
        .split(':')
        .filter_map(|part| part.parse().ok())
        .collect();
    let [hour, minute, second] = parts[..] else {
        return None;
    };
    let local = DateTime::new(day.year(), day.month(), day.day(), hour, minute, second, 0).ok()?;
    let mut rest = &text[19..];
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        micros = fraction.get(..6)?.parse::<i64>().ok()?;
        rest = &fraction[6..];
    }
    let whole = match rest {
        "" => on_the_line(local, zone)?,
        "Z" => on_the_line(local, &Zone::named("UTC")?)?,
        offset => on_the_line(local, &Zone::named("UTC")?)? - offset_micros(offset)?,
    };
    Some(whole + micros)
}

fn offset_micros(text: &str) -> Option<Micros> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    Some(sign * minutes * 60 * SECOND)
}

/// In a gap with the offset before it, in a fold the first.
fn on_the_line(local: DateTime, zone: &Zone) -> Option<Micros> {
    let second = match zone.local(local)? {
        Local::Once(second) => second,
        Local::Twice { first, .. } => first,
        Local::Never { shifted, .. } => shifted,
    };
    Some(second * SECOND)
}

/// An instant as the vectors write it.
pub(crate) fn written(instant: Micros) -> String {
    let utc = Zone::named("UTC").expect("UTC exists");
    let local = utc.local_at(instant.div_euclid(SECOND));
    match instant.rem_euclid(SECOND) {
        0 => format!("{local}Z"),
        fraction => format!("{local}.{fraction:06}Z"),
    }
}
