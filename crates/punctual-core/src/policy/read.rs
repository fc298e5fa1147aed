//! Policies as they stand in files and attributes.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Coalesce, Jitter, MaxInstances, OnLost, Overlap, Retry};
use crate::error::{Error, ErrorKind};
use crate::span;
use crate::suggest::nearest;

const UNLIMITED: &str = "unlimited";

/// Returns the limit of instances, or `None` for no limit, as a policy.
pub(super) fn instances(count: Option<u32>) -> Result<MaxInstances, Error> {
    match count {
        None => Ok(MaxInstances::UNLIMITED),
        Some(0) => Err(Error::invalid("max_instances", 0, "lets nothing run")
            .with_hint("write 1 or more, or pause the job")),
        Some(count) => Ok(MaxInstances::at_most(count)),
    }
}

pub(super) fn max_instances(value: &Value) -> Result<MaxInstances, Error> {
    match value {
        Value::Null => instances(None),
        Value::String(text) if text == UNLIMITED => instances(None),
        other => instances(Some(count("max_instances", other, "or `unlimited`")?)),
    }
}

/// Reads a length of time, which is a number of seconds or text.
fn length(field: &'static str, value: &Value) -> Result<Duration, Error> {
    let longest = super::span::LONGEST;
    let span = match value {
        Value::String(text) => span::read(field, text)?,
        Value::Number(number) => {
            let seconds = number.as_f64().unwrap_or(f64::INFINITY);
            if seconds < 0.0 {
                let error = Error::invalid(field, number, "is negative");
                return Err(error.with_hint("leave the sign out"));
            }
            if seconds > longest.as_secs_f64() {
                return Err(too_long(field, value));
            }
            Duration::from_micros((seconds * 1e6).round() as u64)
        }
        other => {
            let error = Error::invalid(field, other, "is not a length of time");
            return Err(error.with_hint("write a number of seconds, or text such as `30s`"));
        }
    };
    if span > longest {
        return Err(too_long(field, value));
    }
    Ok(span)
}

fn too_long(field: &'static str, value: &Value) -> Error {
    let error = Error::new(ErrorKind::TooLarge, field, "is longer than 100 years");
    error.with_value(plain(value))
}

/// Returns a value as its writer knows it, without the quotes of JSON.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads a length of time that may be absent.
pub(super) fn limit(field: &'static str, value: &Value) -> Result<Option<Duration>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text == UNLIMITED => Ok(None),
        other => length(field, other).map(Some),
    }
}

pub(super) fn jitter(value: &Value) -> Result<Jitter, Error> {
    match value {
        Value::Null => Ok(Jitter::NONE),
        other => length("jitter", other).map(Jitter::up_to),
    }
}

fn count(field: &'static str, value: &Value, more: &str) -> Result<u32, Error> {
    let number = value.as_u64().map(u32::try_from);
    number.and_then(Result::ok).ok_or_else(|| {
        let error = Error::invalid(field, plain(value), "is not a count");
        error.with_hint(format!("write a whole number {more}").trim_end())
    })
}

pub(super) fn retry(value: &Value) -> Result<Retry, Error> {
    const FIELDS: [&str; 3] = ["attempts", "backoff", "cap"];
    let Value::Object(fields) = value else {
        let attempts = count("retry", value, "of attempts, or a table with `attempts`")?;
        return Ok(Retry {
            attempts,
            ..Retry::NONE
        });
    };
    let mut retry = Retry::NONE;
    for (name, value) in fields {
        match name.as_str() {
            "attempts" => retry.attempts = count("retry.attempts", value, "")?,
            "backoff" => retry.backoff = length("retry.backoff", value)?,
            "cap" => retry.cap = length("retry.cap", value)?,
            other => {
                let field = format!("retry.{other}");
                let hint = match nearest(other, FIELDS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "the fields are attempts, backoff and cap".to_owned(),
                };
                let error = Error::new(ErrorKind::Invalid, field, "is unknown");
                return Err(error.with_hint(hint).of_name());
            }
        }
    }
    Ok(retry)
}

pub(super) fn coalesce(value: &Value) -> Result<Coalesce, Error> {
    Ok(
        match choice("coalesce", value, &["latest", "earliest"], ("all", 24))? {
            Choice::Word(0) => Coalesce::Latest,
            Choice::Word(_) => Coalesce::Earliest,
            Choice::Counted(at_most) => Coalesce::All { at_most },
        },
    )
}

pub(super) fn overlap(value: &Value) -> Result<Overlap, Error> {
    Ok(
        match choice("overlap", value, &["skip", "cancel_running"], ("queue", 3))? {
            Choice::Word(0) => Overlap::Skip,
            Choice::Word(_) => Overlap::CancelRunning,
            Choice::Counted(at_most) => Overlap::Queue { at_most },
        },
    )
}

pub(super) fn on_lost(value: &Value) -> Result<OnLost, Error> {
    Ok(match choice("on_lost", value, &["record"], ("rerun", 3))? {
        Choice::Word(_) => OnLost::Record,
        Choice::Counted(at_most) => OnLost::Rerun { at_most },
    })
}

/// One of several words, or a word with a number.
enum Choice {
    Word(usize),
    Counted(u32),
}

/// Reads `word`, `{"counted": {"at_most": 3}}`, `{"counted": 3}` or `counted(3)`.
fn choice(
    field: &'static str,
    value: &Value,
    words: &[&str],
    (counted, example): (&str, u32),
) -> Result<Choice, Error> {
    let needs_limit = || {
        Error::invalid(field, counted, "needs a limit")
            .with_hint(format!("write `{counted}({example})`"))
    };
    match value {
        Value::Object(fields) => match sole(fields) {
            Some((name, limit)) if name == counted => {
                let limit = limit.get("at_most").unwrap_or(limit);
                let limit = limit.as_u64().map(u32::try_from).and_then(Result::ok);
                limit.map(Choice::Counted).ok_or_else(needs_limit)
            }
            Some((name, _)) => Err(unknown(field, name, words, counted, example)),
            None => Err(unknown(field, &value.to_string(), words, counted, example)),
        },
        Value::String(text) if text == counted => Err(needs_limit()),
        Value::String(text) => {
            if let Some(index) = words.iter().position(|word| word == text) {
                return Ok(Choice::Word(index));
            }
            let limit = text.strip_prefix(counted).and_then(|rest| {
                let digits = rest.trim().strip_prefix('(')?.strip_suffix(')')?;
                digits.trim().parse().ok()
            });
            limit
                .map(Choice::Counted)
                .ok_or_else(|| unknown(field, text, words, counted, example))
        }
        other => Err(unknown(field, &other.to_string(), words, counted, example)),
    }
}

fn sole(fields: &Map<String, Value>) -> Option<(&String, &Value)> {
    (fields.len() == 1).then(|| fields.iter().next()).flatten()
}

fn unknown(field: &'static str, given: &str, words: &[&str], counted: &str, example: u32) -> Error {
    let with_limit = format!("{counted}({example})");
    let word = given.split('(').next().unwrap_or(given);
    let hint = match nearest(word, words.iter().copied().chain([counted])) {
        Some(near) if near == counted => format!("did you mean `{with_limit}`?"),
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            format!("write {} or `{with_limit}`", words.join(", "))
        }
    };
    Error::invalid(field, given, "is unknown").with_hint(hint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Policies;

    fn read(policies: Value) -> Result<Policies, String> {
        serde_json::from_value(policies).map_err(|error| error.to_string())
    }

    use super::*;

    #[test]
    fn what_files_and_attributes_may_hold() {
        let policies = read(json!({
            "misfire_grace_time": "unlimited", "timeout": "5m", "max_instances": "unlimited",
            "jitter": 1.5, "overlap": "queue(3)", "coalesce": {"all": 24}, "on_lost": {"rerun": {"at_most": 2}},
            "retry": {"attempts": 3, "backoff": "2s", "cap": 60},
        }));
        let expected = Policies::new()
            .timeout("5m")
            .max_instances(crate::Unlimited)
            .jitter("1.5s")
            .overlap(Overlap::queue(3))
            .coalesce(Coalesce::all(24))
            .on_lost(OnLost::rerun(2))
            .retry(Retry::attempts(3).backoff("2s").cap("60s"));
        assert_eq!(policies.unwrap(), expected.build().unwrap());
        assert_eq!(read(json!({"retry": 4})).unwrap().retry().attempts, 4);
    }

    #[test]
    fn mistakes_are_told_in_words_of_ours() {
        for (json, message) in [
            (
                json!({"jitter": "5"}),
                "jitter: `5` has no unit; write `5s` for seconds",
            ),
            (
                json!({"timeout": true}),
                "timeout: `true` is not a length of time; write a number of seconds, or text such as `30s`",
            ),
            (
                json!({"timeout": -5}),
                "timeout: `-5` is negative; leave the sign out",
            ),
            (
                json!({"timeout": 1e300}),
                "timeout: `1e+300` is longer than 100 years",
            ),
            (
                json!({"max_instances": 0}),
                "max_instances: `0` lets nothing run; write 1 or more, or pause the job",
            ),
            (
                json!({"max_instances": "many"}),
                "max_instances: `many` is not a count; write a whole number or `unlimited`",
            ),
            (
                json!({"coalesce": "lastest"}),
                "coalesce: `lastest` is unknown; did you mean `latest`?",
            ),
            (
                json!({"overlap": "queue"}),
                "overlap: `queue` needs a limit; write `queue(3)`",
            ),
            (
                json!({"overlap": "wait"}),
                "overlap: `wait` is unknown; write `skip`, `cancel_running` or `queue(3)`",
            ),
            (
                json!({"on_lost": "rerun"}),
                "on_lost: `rerun` needs a limit; write `rerun(3)`",
            ),
            (
                json!({"on_lost": 3}),
                "on_lost: `3` is unknown; write `record` or `rerun(3)`",
            ),
            (
                json!({"retry": {"attempt": 3}}),
                "retry.attempt: is unknown; did you mean `attempts`?",
            ),
            (
                json!({"retry": {"backoff": "2x"}}),
                "retry.backoff: `2x` has the unknown unit `x` (at position 1); the units are weeks, days, h, m, s, ms and us",
            ),
            (
                json!({"retry": "often"}),
                "retry: `often` is not a count; write a whole number of attempts, or a table with `attempts`",
            ),
            (
                json!({"max_instnces": 3}),
                "max_instnces: is not a policy; did you mean `max_instances`?",
            ),
            (
                json!({"grace": 3}),
                "grace: is not a policy; the policies are misfire_grace_time, coalesce, max_instances, overlap, jitter, timeout, retry, on_lost",
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), message);
        }
    }
}
