//! Lists, numbers and sets in words.

use std::fmt::Display;

/// Writes a list such as `a`, `a and b` or `a, b and c`.
pub(in crate::trigger) fn list<T: AsRef<str>>(items: &[T]) -> String {
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

/// Writes a number with its unit, such as `1 hour` or `2 hours`. `unit` is the plural.
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

/// Returns the values whose bits are set.
pub(super) fn values(bits: u64) -> Vec<u32> {
    (0..64).filter(|n| bits >> n & 1 == 1).collect()
}

/// Returns the first and the last of three or more values in a row.
pub(super) fn run(values: &[u32]) -> Option<(u32, u32)> {
    let (first, last) = (*values.first()?, *values.last()?);
    (values.len() > 2 && last - first + 1 == values.len() as u32).then_some((first, last))
}

/// Returns the step of a set that equals `*/n` of a field with `length` values beginning with 0, if
/// the step divides the field. Every 45 minutes is not the meaning of `*/45`, since each hour
/// begins anew.
pub(super) fn cycle(values: &[u32], length: u32) -> Option<u32> {
    let step = length.checked_div(u32::try_from(values.len()).ok()?)?;
    let expected = (0..length).step_by(step.max(1) as usize);
    (step > 1
        && step < length
        && length.is_multiple_of(step)
        && expected.eq(values.iter().copied()))
    .then_some(step)
}

/// The largest number of values that are listed although they have a step.
const LONGEST_LIST: usize = 6;

/// Returns the step of many values that are equally far apart.
fn progression(values: &[u32]) -> Option<u32> {
    let [first, second, ..] = *values else {
        return None;
    };
    let step = second - first;
    let equal = values.windows(2).all(|pair| pair[1] - pair[0] == step);
    (values.len() > LONGEST_LIST && step > 1 && equal).then_some(step)
}

/// Writes values such as `minute 5`, `minutes 5 to 10` or `every 7th minute (0 to 56)`.
pub(super) fn numbered(values: &[u32], unit: &str) -> String {
    if let Some((first, last)) = run(values) {
        return format!("{unit}s {first} to {last}");
    }
    if let (Some(step), [first, .., last]) = (progression(values), values) {
        return format!("every {} {unit} ({first} to {last})", ordinal(step));
    }
    match values {
        [one] => format!("{unit} {one}"),
        _ => {
            let values: Vec<_> = values.iter().map(u32::to_string).collect();
            format!("{unit}s {}", list(&values))
        }
    }
}
