//! Numbers of every size.

use chrono::DateTime;
use punctual_core::Trigger;

use super::{quickly, refused_naming};

const HUGE: [&str; 8] = [
    "1e308",
    "-1e308",
    "18446744073709551615",
    "-9223372036854775808",
    "9223372036854775807",
    "1e19",
    "99999999999999999999999999",
    "-1",
];

#[test]
fn huge_and_negative_lengths_are_refused() {
    for number in HUGE {
        for unit in ["weeks", "days", "hours", "minutes", "seconds"] {
            refused_naming(
                &format!(r#"{{"type":"interval","{unit}":{number}}}"#),
                &[unit],
            );
        }
        for unit in ["years", "months", "weeks", "days"] {
            let text = format!(
                r#"{{"type":"calendar_interval","{unit}":{number},"start_date":"2026-01-31"}}"#
            );
            refused_naming(&text, &[unit]);
        }
    }
}

#[test]
fn short_lengths_are_refused() {
    for number in ["0", "0.0", "-0.0", "1e-9", "0.0009", "5e-324"] {
        refused_naming(
            &format!(r#"{{"type":"interval","seconds":{number}}}"#),
            &["seconds"],
        );
    }
}

#[test]
fn huge_and_negative_values_of_fields_are_refused() {
    for number in HUGE {
        for field in [
            "year",
            "month",
            "day",
            "week",
            "day_of_week",
            "hour",
            "minute",
            "second",
        ] {
            refused_naming(
                &format!(r#"{{"type":"cron","{field}":{number}}}"#),
                &[field],
            );
            refused_naming(
                &format!(r#"{{"type":"cron","{field}":"{number}"}}"#),
                &[field],
            );
        }
        for field in ["hour", "minute", "second"] {
            let text = format!(r#"{{"type":"calendar_interval","days":1,"{field}":{number}}}"#);
            refused_naming(&text, &[field]);
        }
    }
}

#[test]
fn the_longest_steps_that_are_accepted_end_in_exhaustion() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
    for text in [
        r#"{"type":"calendar_interval","years":7000,"start_date":"2026-01-31"}"#,
        r#"{"type":"calendar_interval","months":11,"start_date":"2024-02-29"}"#,
        r#"{"type":"calendar_interval","years":1,"start_date":"2024-02-29"}"#,
        r#"{"type":"calendar_interval","days":2900000,"start_date":"2026-01-31"}"#,
        r#"{"type":"interval","weeks":400000,"start":"2026-01-01T00:00:00Z"}"#,
    ] {
        let Ok(trigger) = serde_json::from_str::<Trigger>(text) else {
            continue;
        };
        quickly(text, || {
            let times = trigger.upcoming(now).take(10_000).count();
            assert!(times <= 10_000);
            trigger.count(now, DateTime::<chrono::Utc>::MAX_UTC)
        });
    }
}
