//! The first random cron triggers of the conformance vectors.

use chrono::{DateTime, Utc};
use punctual_core::Trigger;
use serde::Deserialize;

/// How many are measured.
pub const COUNT: usize = 200;

const PLAIN: &str = include_str!("../../tests/vectors/plain.jsonl");

/// A trigger and where its vector begins.
#[derive(Debug, Deserialize)]
pub struct Vector {
    /// The vector's name.
    pub id: String,
    /// The trigger.
    pub trigger: Trigger,
    /// The time of the first question.
    pub now: DateTime<Utc>,
    /// The fire time before the first question.
    pub previous: Option<DateTime<Utc>>,
}

/// The first 200 vectors of kind `cron_random`.
///
/// # Errors
///
/// If a line cannot be read.
pub fn cron_random() -> serde_json::Result<Vec<Vector>> {
    PLAIN
        .lines()
        .filter(|line| line.contains(r#""kind":"cron_random""#))
        .take(COUNT)
        .map(serde_json::from_str)
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_are_two_hundred() {
        assert_eq!(super::cron_random().unwrap().len(), super::COUNT);
    }
}
