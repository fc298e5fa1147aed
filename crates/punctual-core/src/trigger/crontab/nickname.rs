//! Lines that consist of one word, such as `@daily` and the words that other crons write after an
//! `@`.

use super::in_words::meant_by_every;
use crate::error::Error;
use crate::span;
use crate::trigger::interval::micros_of;

/// The word that begins a line such as `@every 90s`, without its `@`.
pub(super) const EVERY: &str = "every";

/// The nicknames with their fields.
const NICKNAMES: [(&str, &str); 7] = [
    ("hourly", "0 * * * *"),
    ("daily", "0 0 * * *"),
    ("midnight", "0 0 * * *"),
    ("weekly", "0 0 * * 0"),
    ("monthly", "0 0 1 * *"),
    ("yearly", "0 0 1 1 *"),
    ("annually", "0 0 1 1 *"),
];

/// The nicknames of other crons, with the lines that they stand for.
const OF_OTHERS: [(&str, &str); 4] = [
    ("every_minute", "* * * * *"),
    ("minutely", "* * * * *"),
    ("every_second", "* * * * * *"),
    ("secondly", "* * * * * *"),
];

const REBOOT: &str = "reboot";

/// Returns whether a word is a nickname of other crons.
pub(super) fn is_of_others(word: &str) -> bool {
    let names = OF_OTHERS.into_iter().map(|(name, _)| name);
    names
        .chain([REBOOT])
        .any(|name| word.eq_ignore_ascii_case(name))
}

/// Returns the nicknames without their `@`.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NICKNAMES.into_iter().map(|(name, _)| name)
}

/// Returns whether a line begins with a known word, which is given without its `@`.
pub(super) fn is_known(line: &str) -> bool {
    let word = line.split_ascii_whitespace().next().unwrap_or_default();
    let is_word = |name: &str| word.eq_ignore_ascii_case(name);
    is_word(EVERY) || names().any(is_word)
}

/// Returns the fields of a nickname, which is given without its `@`.
pub(super) fn fields_of(nickname: &str) -> Result<&'static str, Error> {
    let mut known = NICKNAMES.into_iter();
    if let Some((_, fields)) = known.find(|(name, _)| nickname.eq_ignore_ascii_case(name)) {
        return Ok(fields);
    }
    let lower = nickname.to_ascii_lowercase();
    let refused = |problem: &str| Error::invalid("expr", format_args!("@{nickname}"), problem);
    let first = lower.split_ascii_whitespace().next();
    if first == Some(REBOOT) {
        let hint = "give the job a date trigger for now when the program starts";
        return Err(refused("names no time").with_hint(hint));
    }
    let of_others = OF_OTHERS.into_iter().find(|(name, _)| lower == *name);
    let hint = match of_others {
        Some((_, line)) => format!("write `{line}`"),
        None => "write @hourly, @daily, @weekly, @monthly or @yearly".to_owned(),
    };
    Err(refused("is not a known nickname").with_hint(hint))
}

/// Returns the length of a line such as `@every 90s`, in microseconds. Returns `None` for other lines.
pub(super) fn every(expr: &str) -> Option<Result<i64, Error>> {
    const WORD: &str = "@every";
    let (word, length) = expr.split_at_checked(WORD.len())?;
    let is_every = word.eq_ignore_ascii_case(WORD)
        && (length.is_empty() || length.starts_with(|c: char| c.is_ascii_whitespace()));
    is_every.then(|| {
        if length.trim().is_empty() {
            let error = Error::invalid("expr", expr, "lacks the length of the interval");
            return Err(error.with_hint("write for example `@every 90s`"));
        }
        if let Some(meant) = meant_by_every(length.trim()) {
            let error = Error::invalid("expr", expr, "lacks the length of the interval");
            return Err(error.with_hint(format!("write `{meant}`")));
        }
        let blanks = length.len() - length.trim_start().len();
        let length = span::read("expr", length.trim());
        let micros = length.and_then(|length| micros_of("expr", length));
        micros.map_err(|error| error.within("expr", expr, WORD.len() + blanks))
    })
}
