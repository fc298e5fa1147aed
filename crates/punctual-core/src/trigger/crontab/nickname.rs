//! Lines that consist of one word, such as `@daily` and the words that other crons write after an
//! `@`.

use std::time::Duration;

use crate::error::Error;
use crate::span;

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

/// Returns the length of a line such as `@every 90s`. Returns `None` for other lines.
pub(super) fn every(expr: &str) -> Option<Result<Duration, Error>> {
    const WORD: &str = "@every";
    let (word, length) = expr.split_at_checked(WORD.len())?;
    let is_every = word.eq_ignore_ascii_case(WORD)
        && (length.is_empty() || length.starts_with(|c: char| c.is_ascii_whitespace()));
    is_every.then(|| {
        if length.trim().is_empty() {
            let error = Error::invalid("expr", expr, "lacks the length of the interval");
            return Err(error.with_hint("write for example `@every 90s`"));
        }
        let blanks = length.len() - length.trim_start().len();
        let length = span::read("expr", length.trim());
        length.map_err(|error| error.within("expr", expr, WORD.len() + blanks))
    })
}
