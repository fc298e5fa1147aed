//! Lines that consist of one word, such as `@daily` and the words that other crons write after an
//! `@`.

use crate::error::Error;
use crate::trigger::interval_units::split;

/// Returns the fields of a nickname, which is given without its `@`.
pub(super) fn fields_of(nickname: &str) -> Result<&'static str, Error> {
    let lower = nickname.to_ascii_lowercase();
    match lower.as_str() {
        "yearly" | "annually" => return Ok("0 0 1 1 *"),
        "monthly" => return Ok("0 0 1 * *"),
        "weekly" => return Ok("0 0 * * 0"),
        "daily" | "midnight" => return Ok("0 0 * * *"),
        "hourly" => return Ok("0 * * * *"),
        _ => {}
    }
    let refused = |problem: &str| Error::invalid("expr", format_args!("@{nickname}"), problem);
    let mut words = lower.split_ascii_whitespace();
    Err(match (words.next(), words.next()) {
        (Some("reboot"), _) => refused("names no time")
            .with_hint("give the job a date trigger for now when the program starts"),
        (Some("every"), length) => {
            refused("is an interval").with_hint(interval(length.unwrap_or_default()))
        }
        (Some("every_minute" | "minutely"), None) => {
            refused("is not a known nickname").with_hint("write `* * * * *`")
        }
        (Some("every_second" | "secondly"), None) => {
            refused("is not a known nickname").with_hint("write `* * * * * *`")
        }
        _ => refused("is not a known nickname")
            .with_hint("write @hourly, @daily, @weekly, @monthly or @yearly"),
    })
}

/// Returns a hint for an interval such as `1h30m`, or an example if the interval cannot be read.
fn interval(length: &str) -> String {
    let Some(micros) = micros_of(length).filter(|micros| *micros > 0) else {
        return "write an interval such as `interval(minutes=90)`".to_owned();
    };
    let parts: Vec<_> = split(micros)
        .into_iter()
        .map(|(unit, number)| format!("{unit}={number}"))
        .collect();
    format!("write `interval({})`", parts.join(", "))
}

/// Returns the microseconds of an interval in the notation of Go, such as `90m`, `1h30m` or `1.5s`.
fn micros_of(length: &str) -> Option<i64> {
    let mut rest = length;
    let mut micros = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(digits);
        let letters = unit
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(unit.len());
        let (unit, after) = unit.split_at(letters);
        let unit = match unit {
            "d" => 86_400e6,
            "h" => 3_600e6,
            "m" => 60e6,
            "s" => 1e6,
            "ms" => 1e3,
            _ => return None,
        };
        micros += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    // Beyond a century, an example is the more helpful hint.
    (micros < 3.2e15).then_some(micros.round() as i64)
}
