//! Durations in JSON, as a number of seconds. Fractions are allowed, down to microseconds.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::long::LONGEST;

/// A duration that is a number of seconds in JSON.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Seconds(#[serde(serialize_with = "serialize")] pub(super) Duration);

pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let span = span.min(&LONGEST);
    if span.subsec_micros() == 0 {
        serializer.serialize_u64(span.as_secs())
    } else {
        serializer.serialize_f64(span.as_micros() as f64 / 1e6)
    }
}
