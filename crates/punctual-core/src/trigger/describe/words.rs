//! Lists, numbers and sets in words.

use std::fmt::Display;

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "and")
}

pub(super) fn joined<T: AsRef<str>>(items: &[T], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<_> = head.iter().map(AsRef::as_ref).collect();
            format!("{} {word} {}", head.join(", "), last.as_ref())
        }
    }
}

/// `1 hour`, `2 hours`; `unit` is the plural.
pub(super) fn plural(number: impl Display, unit: &str) -> String {
    let number = number.to_string();
    let unit = if number == "1" {
        unit.trim_end_matches('s')
    } else {
        unit
    };
    format!("{number} {unit}")
}

pub(super) fn ordinal(n: u32) -> String {
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// The values whose bits are set.
pub(super) fn values(bits: u64) -> Vec<u32> {
    (0..64).filter(|n| bits >> n & 1 == 1).collect()
}

/// `Some((first, last))` for three or more values in a row.
pub(super) fn run(values: &[u32]) -> Option<(u32, u32)> {
    let (first, last) = (*values.first()?, *values.last()?);
    (values.len() > 2 && last - first + 1 == values.len() as u32).then_some((first, last))
}

/// The step of a set that holds every `n`th value from `min` to `max`, as `*/n` does.
pub(super) fn step(values: &[u32], min: u32, max: u32) -> Option<u32> {
    let [first, second, ..] = *values else {
        return None;
    };
    let step = second - first;
    let expected = (min..=max).step_by(step as usize);
    (step > 1 && expected.eq(values.iter().copied())).then_some(step)
}

/// `minute 5`, `minutes 5 and 10`, `minutes 5 to 10`.
pub(super) fn numbered(values: &[u32], unit: &str) -> String {
    match (values, run(values)) {
        (_, Some((first, last))) => format!("{unit}s {first} to {last}"),
        ([one], _) => format!("{unit} {one}"),
        _ => {
            let values: Vec<_> = values.iter().map(u32::to_string).collect();
            format!("{unit}s {}", list(&values))
        }
    }
}
