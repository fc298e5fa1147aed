//! Explains lines that name a schedule in words, as people type them first.

use super::nickname;
use crate::error::{Error, abbreviated};
use crate::span;
use crate::suggest::nearest;
use crate::trigger::interval::micros_of;

/// The types of triggers that take fields, each as an example with some.
const CALLS: [&str; 8] = [
    "cron(hour=9)",
    "interval(minutes=5)",
    "calendar_interval(months=1)",
    "date(run_at=\"2026-03-01T10:00:00\")",
    "and(\"..\", \"..\")",
    "or(\"..\", \"..\")",
    "crontab(expr=\"0 9 * * *\")",
    "custom(name=\"..\")",
];

/// The words after `every` that a nickname or a line stands for.
const EVERY: [(&str, &str); 14] = [
    ("second", "* * * * * *"),
    ("minute", "* * * * *"),
    ("hour", "@hourly"),
    ("day", "@daily"),
    ("night", "@daily"),
    ("midnight", "@daily"),
    ("week", "@weekly"),
    ("month", "@monthly"),
    ("year", "@yearly"),
    ("weekday", "0 9 * * mon-fri"),
    ("weekend", "0 9 * * sat,sun"),
    ("morning", "0 9 * * *"),
    ("noon", "0 12 * * *"),
    ("evening", "0 18 * * *"),
];

/// Returns the error for a line in words, with what to write instead.
pub(super) fn explain(expr: &str) -> Option<Error> {
    nicknamed(expr)
        .or_else(|| length(expr))
        .or_else(|| of_every(expr))
        .or_else(|| bare(expr))
        .or_else(|| call(expr))
}

/// Explains `@ daily`, `@every5m`, `@evry 5m` and `@dayly`.
fn nicknamed(expr: &str) -> Option<Error> {
    let word = expr.strip_prefix('@')?;
    let unblanked = word.trim_start();
    let is_blank = unblanked.len() < word.len();
    if is_blank && nickname::is_known(unblanked) {
        let error = Error::invalid("expr", expr, "has a blank behind the `@`");
        return Some(error.with_hint(format!("write `@{}`", abbreviated(unblanked))));
    }
    let letters = unblanked.find(|c: char| !(c.is_ascii_alphabetic() || c == '_'));
    let (name, length) = unblanked.split_at(letters.unwrap_or(unblanked.len()));
    if nickname::is_of_others(name) {
        return None;
    }
    let near = nearest(name, nickname::names().chain([nickname::EVERY]))?;
    let error = Error::invalid("expr", expr, "is not a known nickname");
    let is_wrong_name = !name.eq_ignore_ascii_case(near);
    if near != nickname::EVERY {
        return is_wrong_name.then(|| error.with_hint(format!("did you mean `@{near}`?")));
    }
    let length = length.trim();
    if is_length(length) {
        return Some(error.with_hint(format!("write `@every {}`", abbreviated(length))));
    }
    is_wrong_name.then(|| error.with_hint("write for example `@every 90s`"))
}

/// Explains `5m` and `every 5 minutes`.
fn length(expr: &str) -> Option<Error> {
    let length = after_every(expr).unwrap_or(expr);
    is_length(length).then(|| {
        let error = Error::invalid("expr", expr, "is a length of time");
        error.with_hint(format!("write `@every {}`", abbreviated(length)))
    })
}

/// Explains `every day`.
fn of_every(expr: &str) -> Option<Error> {
    let meant = meant_by_every(after_every(expr)?)?;
    let error = Error::invalid("expr", expr, "is not a crontab line");
    Some(error.with_hint(format!("write `{meant}`")))
}

/// Returns the line that stands for a word after `every`.
pub(super) fn meant_by_every(unit: &str) -> Option<&'static str> {
    let mut known = EVERY.into_iter();
    let known = known.find(|(name, _)| unit.eq_ignore_ascii_case(name));
    known.map(|(_, meant)| meant)
}

fn after_every(expr: &str) -> Option<&str> {
    let (word, rest) = expr.split_once(|c: char| c.is_ascii_whitespace())?;
    word.eq_ignore_ascii_case(nickname::EVERY)
        .then(|| rest.trim())
}

/// Explains `daily`.
fn bare(expr: &str) -> Option<Error> {
    let is_known = nickname::is_known(expr) && !expr.contains(|c: char| c.is_ascii_whitespace());
    is_known.then(|| {
        let error = Error::invalid("expr", expr, "lacks an `@`");
        let hint = match expr.to_ascii_lowercase().as_str() {
            nickname::EVERY => "write for example `@every 90s`".to_owned(),
            name => format!("write `@{name}`"),
        };
        error.with_hint(hint)
    })
}

/// Explains `interval`.
fn call(expr: &str) -> Option<Error> {
    let has_name = |call: &&str| call.split('(').next() == Some(expr);
    let example = CALLS.into_iter().find(has_name)?;
    let error = Error::invalid("expr", expr, "is a type of trigger without its fields");
    Some(error.with_hint(format!("write for example `{example}`")))
}

fn is_length(text: &str) -> bool {
    let length = span::read("expr", text);
    length.and_then(|length| micros_of("expr", length)).is_ok()
}
