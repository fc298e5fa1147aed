//! Random patterns in the notation that both sides read alike.

use chrono::{DateTime, Utc};

use crate::random::Random;

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A list of values, ranges and steps. Steps of `*` only where a star means "unrestricted".
pub(crate) fn numbers(random: &mut Random, (min, max): (i64, i64), stars: bool) -> String {
    let elements = if random.chance(70) {
        1
    } else {
        random.range(2, 4)
    };
    let texts: Vec<String> = (0..elements)
        .map(|_| element(random, (min, max), stars))
        .collect();
    texts.join(",")
}

fn element(random: &mut Random, (min, max): (i64, i64), stars: bool) -> String {
    let first = random.range(min, max);
    let last = random.range(first, max);
    match random.range(0, 7) {
        0 if stars => format!("*/{}", random.range(1, max - min)),
        1 | 2 if last > first => format!("{first}-{last}"),
        3 if last > first => format!("{first}-{last}/{}", random.range(1, last - first)),
        4 if max > first => format!("{first}/{}", random.range(1, max - first)),
        _ => first.to_string(),
    }
}

/// Weekday names, which mean the same everywhere; their numbers do not.
pub(crate) fn weekdays(random: &mut Random) -> String {
    let name = |at: i64| WEEKDAYS[usize::try_from(at % 7).unwrap_or(0)];
    // Ranges begin after Sunday, which is the first day here and the last there.
    let first = random.range(1, 6);
    match random.range(0, 3) {
        0 => format!("{}-{}", name(first), name(random.range(first, 6))),
        1 => format!("{},{}", name(first), name(random.range(0, 6))),
        _ => name(first).to_owned(),
    }
}

/// A whole second between 1990 and 2090, often at the end of something.
pub(crate) fn instant(random: &mut Random) -> DateTime<Utc> {
    let second = random.range(631_152_000, 3_786_912_000);
    let rounded = match random.range(0, 3) {
        0 => second - second % 86_400 - 1,
        1 => second - second % 3_600,
        _ => second,
    };
    DateTime::from_timestamp(rounded, 0).expect("an instant of the calendar")
}
