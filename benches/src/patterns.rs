//! Six schedules in two zones, each in the notation of every crate that is compared.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use punctual_core::Trigger;
use serde_json::json;

/// One schedule in every notation.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// As crontab text: minute, hour, day, month, weekday. Ours and croner's.
    pub crontab: &'static str,
    /// As the `cron` crate writes it: seconds first, weekdays by name. `None`: it has no notation for it.
    pub cron: Option<&'static str>,
}

/// The six schedules.
pub const PATTERNS: [Pattern; 6] = [
    Pattern {
        crontab: "* * * * *",
        cron: Some("0 * * * * *"),
    },
    Pattern {
        crontab: "*/5 * * * *",
        cron: Some("0 */5 * * * *"),
    },
    Pattern {
        crontab: "0 9 * * 1-5",
        cron: Some("0 0 9 * * MON-FRI"),
    },
    Pattern {
        crontab: "30 2 1 * *",
        cron: Some("0 30 2 1 * *"),
    },
    Pattern {
        crontab: "0 9 * * 5L",
        cron: None,
    },
    Pattern {
        crontab: "0 0 29 2 *",
        cron: Some("0 0 0 29 2 *"),
    },
];

/// The two zones, one without and one with daylight saving time.
pub const ZONES: [Tz; 2] = [Tz::UTC, Tz::America__New_York];

/// Where every measurement of a pattern begins: 2026-01-01T00:00:00Z.
pub const START: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).expect("a valid time");

impl Pattern {
    /// The pattern as our trigger.
    ///
    /// # Errors
    ///
    /// If the trigger is refused.
    pub fn trigger(&self, zone: Tz) -> serde_json::Result<Trigger> {
        let text = json!({ "type": "crontab", "expr": self.crontab, "timezone": zone.name() });
        serde_json::from_str(&text.to_string())
    }

    /// The pattern as a schedule of the `cron` crate, where that has a notation for it.
    ///
    /// # Errors
    ///
    /// If the crate refuses it.
    pub fn cron(&self) -> Result<Option<cron::Schedule>, cron::error::Error> {
        self.cron.map(str::parse).transpose()
    }

    /// The pattern as croner's.
    ///
    /// # Errors
    ///
    /// If croner refuses it.
    pub fn croner(&self) -> Result<croner::Cron, croner::errors::CronError> {
        self.crontab.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In UTC, where nobody has to decide about daylight saving, all three have to mean the same.
    #[test]
    fn notations_agree() {
        for pattern in PATTERNS {
            let trigger = pattern.trigger(Tz::UTC).unwrap();
            let ours: Vec<_> = trigger
                .upcoming(START + chrono::TimeDelta::seconds(1))
                .take(15)
                .collect();
            assert_eq!(ours.len(), 15, "{pattern:?}");

            let croner = pattern.croner().unwrap();
            assert_eq!(
                ours,
                croner.iter_after(START).take(15).collect::<Vec<_>>(),
                "{pattern:?}"
            );
            if let Some(schedule) = pattern.cron().unwrap() {
                assert_eq!(
                    ours,
                    schedule.after(&START).take(15).collect::<Vec<_>>(),
                    "{pattern:?}"
                );
            }
        }
    }
}
