//! Durations in JSON, as a number of seconds. Fractions are allowed, down to microseconds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration that is a number of seconds in JSON.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Seconds(#[serde(with = "super::span")] pub(super) Duration);

/// The longest duration that a policy accepts, a hundred years.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let span = span.min(&LONGEST);
    if span.subsec_micros() == 0 {
        serializer.serialize_u64(span.as_secs())
    } else {
        serializer.serialize_f64(span.as_micros() as f64 / 1e6)
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    checked(seconds).map_err(serde::de::Error::custom)
}

fn checked(seconds: f64) -> Result<Duration, String> {
    if !(0.0..=LONGEST.as_secs_f64()).contains(&seconds) {
        return Err(format!(
            "`{seconds}` is not a number of seconds between 0 and {}",
            LONGEST.as_secs()
        ));
    }
    Ok(Duration::from_micros((seconds * 1e6).round() as u64))
}
