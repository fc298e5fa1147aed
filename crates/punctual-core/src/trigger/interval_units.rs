//! The units of intervals, exact in microseconds.

use std::fmt;

use serde_json::Number;

use crate::error::{Error, ErrorKind};

pub(crate) const DAY: i64 = 86_400_000_000;

/// The longest interval, 8,000 years. Fire times do not reach further.
pub(crate) const LONGEST: i64 = 8_000 * 366 * DAY;

/// The units, largest first.
pub(crate) const UNITS: [(&str, i64); 5] = [
    ("weeks", 7 * DAY),
    ("days", DAY),
    ("hours", 3_600_000_000),
    ("minutes", 60_000_000),
    ("seconds", 1_000_000),
];

/// Converts a number of units to microseconds, rounded to the nearest one.
pub(crate) fn micros_of(name: &'static str, number: &Number, unit: i64) -> Result<i64, Error> {
    let too_large = || too_long(name, number);
    if number.as_f64().is_some_and(|value| value < 0.0) {
        return Err(Error::invalid(
            name,
            number,
            "is negative; an interval goes forward",
        ));
    }
    if let Some(whole) = number.as_i64() {
        let micros = whole.checked_mul(unit);
        return micros
            .filter(|micros| *micros <= LONGEST)
            .ok_or_else(too_large);
    }
    let micros = number.as_f64().unwrap_or(f64::INFINITY) * unit as f64;
    if micros <= LONGEST as f64 {
        Ok(micros.round() as i64)
    } else {
        Err(too_large())
    }
}

pub(crate) fn too_long(name: &'static str, value: impl fmt::Display) -> Error {
    let problem = "is above the maximum of 8,000 years";
    Error::new(ErrorKind::TooLarge, name, problem).with_value(value)
}

/// Splits an interval into units that add up to it. Whole weeks become weeks, and all other
/// intervals become days and smaller units.
pub(crate) fn split(micros: i64) -> Vec<(&'static str, Number)> {
    let mut rest = micros;
    let mut parts = Vec::new();
    for (name, unit) in UNITS {
        let whole = rest / unit;
        if whole == 0 || (name == "weeks" && rest % unit != 0) {
            continue;
        }
        rest -= whole * unit;
        parts.push((name, Number::from(whole)));
    }
    if rest > 0 {
        let whole = match parts.last() {
            Some(("seconds", seconds)) => seconds.as_i64().unwrap_or_default(),
            _ => 0,
        };
        parts.retain(|(name, _)| *name != "seconds");
        let seconds = (whole * 1_000_000 + rest) as f64 / 1e6;
        parts.extend(Number::from_f64(seconds).map(|seconds| ("seconds", seconds)));
    }
    parts
}
