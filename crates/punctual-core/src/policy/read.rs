//! Policies as they stand in files and attributes.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::choice::{coalesce, on_lost, overlap};
use super::long::{LONGEST, too_long};
use super::{Coalesce, Jitter, MaxInstances, OnLost, Overlap, Retry};
use crate::error::{Error, ErrorKind, abbreviated};
use crate::span;
use crate::suggest::nearest;

const UNLIMITED: &str = "unlimited";

/// What may be written by callers who mean [`UNLIMITED`].
const NOTHING: [&str; 4] = ["none", "never", "null", "infinite"];

macro_rules! reads {
    ($($policy:ty => $read:ident;)*) => {$(
        impl<'de> Deserialize<'de> for $policy {
            /// Reads the policy as a file or an attribute holds it.
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $read(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    )*};
}

reads! {
    Coalesce => coalesce;
    Overlap => overlap;
    OnLost => on_lost;
    Retry => retry;
}

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
    let span = match value {
        Value::String(text) => span::read(field, text)?,
        Value::Number(number) => {
            let seconds = number.as_f64().unwrap_or(f64::INFINITY);
            if seconds < 0.0 {
                let error = Error::invalid(field, number, "is negative");
                return Err(error.with_hint("leave the sign out"));
            }
            if seconds > LONGEST.as_secs_f64() {
                return Err(too_long(field, plain(value)));
            }
            Duration::from_micros((seconds * 1e6).round() as u64)
        }
        other => {
            let error = Error::invalid(field, other, "is not a length of time");
            return Err(error.with_hint("write a number of seconds, or text such as `30s`"));
        }
    };
    if span > LONGEST {
        return Err(too_long(field, plain(value)));
    }
    Ok(span)
}

/// Returns a value as its writer knows it, without the quotes of JSON.
pub(super) fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Reads a length of time that may be absent.
pub(super) fn limit(field: &'static str, value: &Value) -> Result<Option<Duration>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text == UNLIMITED => Ok(None),
        Value::String(text) if NOTHING.contains(&text.as_str()) => {
            let error = Error::invalid(field, text, "is not a length of time");
            Err(error.with_hint("write `unlimited`, or leave it out"))
        }
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
                let field = format!("retry.{}", abbreviated(other));
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
    fn a_single_policy_is_read_as_all_of_them_are() {
        let read = |json: &str| serde_json::from_str::<Overlap>(json);
        assert_eq!(read("\"queue(3)\"").unwrap(), Overlap::queue(3));
        assert_eq!(
            read("\"wait\"").unwrap_err().to_string(),
            "overlap: `wait` is unknown; write `skip`, `cancel_running` or `queue(3)`"
        );
        let latest: Coalesce = serde_json::from_str("\"latest\"").unwrap();
        let record: OnLost = serde_json::from_str("\"record\"").unwrap();
        assert_eq!((latest, record), (Coalesce::Latest, OnLost::Record));
        let retry: Retry = serde_json::from_str(r#"{"attempts": 3, "backoff": "2s"}"#).unwrap();
        assert_eq!(retry, Retry::attempts(3).backoff("2s").build().unwrap());
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
                "timeout: `1e+300` is longer than 100 years; leave it out for no limit",
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
                json!({"timeout": "none"}),
                "timeout: `none` is not a length of time; write `unlimited`, or leave it out",
            ),
            (
                json!({"jitter": "unlimited"}),
                "jitter: `unlimited` is not a length of time; write for example `90s`, `1h 30m`, `250ms` or `2 days`",
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
