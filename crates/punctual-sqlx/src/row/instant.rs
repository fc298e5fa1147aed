//! Times in columns, as microseconds since 1970.

use chrono::{DateTime, Utc};

pub(crate) fn micros(at: Option<DateTime<Utc>>) -> Option<i64> {
    at.map(|at| at.timestamp_micros())
}

pub(crate) fn at(column: &str, micros: Option<i64>) -> Result<Option<DateTime<Utc>>, String> {
    let instant = |micros| {
        DateTime::from_timestamp_micros(micros)
            .ok_or_else(|| format!("{column}: `{micros}` microseconds is not a valid time"))
    };
    micros.map(instant).transpose()
}
