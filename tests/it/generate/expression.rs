//! Random field texts.

use crate::random::Random;

/// A random list for a numeric field; `near` is a value it should often touch.
pub(crate) fn list(random: &mut Random, (min, max): (i64, i64), near: i64) -> String {
    let elements = if random.chance(75) {
        1
    } else {
        random.range(2, 4)
    };
    let texts: Vec<String> = (0..elements)
        .map(|_| element(random, (min, max), near))
        .collect();
    texts.join(",")
}

fn element(random: &mut Random, (min, max): (i64, i64), near: i64) -> String {
    let value = if random.chance(60) {
        (near + random.range(-2, 2)).clamp(min, max)
    } else {
        random.range(min, max)
    };
    let last = random.range(value, max);
    match random.range(0, 9) {
        0..4 => padded(random, value),
        4 | 5 => format!("{}-{}", padded(random, value), padded(random, last)),
        6 if last > value => format!("{value}-{last}/{}", random.range(1, last - value)),
        7 if max > value => format!("{value}/{}", random.range(1, max - value)),
        8 => "*".to_owned(),
        _ => format!("*/{}", random.range(1, (max - min).min(30))),
    }
}

/// A number, now and then with a leading zero.
fn padded(random: &mut Random, value: i64) -> String {
    if random.chance(10) {
        format!("{value:02}")
    } else {
        value.to_string()
    }
}

/// The text with its letters in random case.
pub(crate) fn any_case(random: &mut Random, text: &str) -> String {
    match random.range(0, 2) {
        0 => text.to_uppercase(),
        1 => text.to_owned(),
        _ => text[..1].to_uppercase() + &text[1..],
    }
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// A month list, in numbers or names.
pub(crate) fn months(random: &mut Random, near: i64) -> String {
    if random.chance(60) {
        return list(random, (1, 12), near);
    }
    let first = (near - 1 + random.range(-1, 1)).clamp(0, 11);
    let name = |random: &mut Random, month: i64| {
        any_case(random, MONTHS[usize::try_from(month).unwrap_or(0)])
    };
    if random.chance(50) {
        return name(random, first);
    }
    let last = random.range(first, 11);
    format!("{}-{}", name(random, first), name(random, last))
}
