//! Policies that are one of several words, or a word with a limit.

use serde_json::{Map, Value};

use super::read::plain;
use super::{Coalesce, OnLost, Overlap};
use crate::error::Error;
use crate::suggest::nearest;

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
    let Some((word, limit)) = parts(value) else {
        return Err(unknown(field, &value.to_string(), words, counted, example));
    };
    let index = words.iter().position(|known| *known == word);
    match (index, limit) {
        (Some(index), None) => Ok(Choice::Word(index)),
        (Some(_), Some(_)) => {
            let error = Error::invalid(field, &word, "takes no limit");
            Err(error.with_hint(format!("write `{word}` or `{counted}({example})`")))
        }
        (None, limit) if word == counted => {
            let limit = limit.unwrap_or_default();
            let number = limit.as_u64().map(u32::try_from).and_then(Result::ok);
            let wrong = || wrong_limit(field, counted, &limit);
            let hint = format!("write `{counted}({example})`");
            number
                .map(Choice::Counted)
                .ok_or_else(|| wrong().with_hint(hint))
        }
        (None, None) => Err(unknown(field, &word, words, counted, example)),
        (None, Some(limit)) => {
            let given = format!("{word}({limit})");
            Err(unknown(field, &given, words, counted, example))
        }
    }
}

fn wrong_limit(field: &'static str, counted: &str, limit: &Value) -> Error {
    let is_absent = limit.is_null() || limit.as_object().is_some_and(Map::is_empty);
    if is_absent {
        return Error::invalid(field, counted, "needs a limit");
    }
    let given = format!("{counted}({})", plain(limit));
    let problem = format!("has a limit that is not a whole number up to {}", u32::MAX);
    Error::invalid(field, given, problem)
}

/// Returns the word of a choice and its limit, if it has one.
fn parts(value: &Value) -> Option<(String, Option<Value>)> {
    match value {
        Value::Object(fields) => {
            let (word, limit) = fields.iter().next().filter(|_| fields.len() == 1)?;
            let named = limit.as_object().filter(|fields| fields.len() == 1);
            let limit = named
                .and_then(|fields| fields.get("at_most"))
                .unwrap_or(limit);
            Some((word.clone(), Some(limit.clone())))
        }
        Value::String(text) => {
            let call = text.trim().strip_suffix(')');
            Some(match call.and_then(|call| call.split_once('(')) {
                Some((word, limit)) => {
                    let limit = limit.trim();
                    let number = limit.parse::<u32>().map(Value::from);
                    let limit = number.unwrap_or_else(|_| Value::from(limit));
                    (word.trim().to_owned(), Some(limit))
                }
                None => (text.trim().to_owned(), None),
            })
        }
        _ => None,
    }
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

    #[test]
    fn a_wrong_choice_is_told_with_what_to_write() {
        for (json, message) in [
            (
                json!({"coalesce": "lastest"}),
                "coalesce: `lastest` is unknown; did you mean `latest`?",
            ),
            (
                json!({"overlap": "queue"}),
                "overlap: `queue` needs a limit; write `queue(3)`",
            ),
            (
                json!({"overlap": {"queue": {}}}),
                "overlap: `queue` needs a limit; write `queue(3)`",
            ),
            (
                json!({"overlap": "queue(-1)"}),
                "overlap: `queue(-1)` has a limit that is not a whole number up to 4294967295; write `queue(3)`",
            ),
            (
                json!({"overlap": {"queue": "many"}}),
                "overlap: `queue(many)` has a limit that is not a whole number up to 4294967295; write `queue(3)`",
            ),
            (
                json!({"overlap": {"skip": 3}}),
                "overlap: `skip` takes no limit; write `skip` or `queue(3)`",
            ),
            (
                json!({"overlap": {"queue": {"at_most": 3, "burst": 2}}}),
                r#"overlap: `queue({"at_most":3,"burst":2})` has a limit that is not a whole number up to 4294967295; write `queue(3)`"#,
            ),
            (
                json!({"coalesce": "latest(2)"}),
                "coalesce: `latest` takes no limit; write `latest` or `all(24)`",
            ),
            (
                json!({"overlap": {"que": 3}}),
                "overlap: `que(3)` is unknown; did you mean `queue(3)`?",
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
        ] {
            let error = serde_json::from_value::<Policies>(json).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
