//! Times that do not exist, and times at the end of the calendar.

use punctual_core::Trigger;
use serde_json::json;

use super::refused_naming;
use crate::vectors::{instant, written};

#[test]
fn impossible_dates_and_times_are_refused_by_field_and_value() {
    for text in [
        "2026-02-29",
        "2026-02-30T10:00:00",
        "2026-04-31",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        "2026-12-31T23:59:60",
        "2026-12-31T23:59:60Z",
        "2016-12-31T23:59:60Z",
        "2026-01-01T24:00:00",
        "2026-01-01T12:60:00",
        "2026-01-01T",
        "2026-01-01T12",
        "2026-01-01T12:0",
        "2026-01-01T12:00.5",
        "2026-01-01T12:00:00+25:00",
        "2026-01-01T12:00:00+",
        "2026-01-01T12:00:00 Europe/Paris",
        "10000-01-01",
        "-0001-01-01",
        "2026-1",
        "tomorrow",
        "1767225600",
        "2026-01-01T12:00:00.",
        "0000-00-00",
        "２０２６-01-01",
    ] {
        refused_naming(
            &json!({"type": "date", "run_at": text}).to_string(),
            &["run_at", text],
        );
        for field in ["start", "end"] {
            let trigger = json!({"type": "cron", "hour": 1, field: text}).to_string();
            refused_naming(&trigger, &[field, text]);
        }
        let interval = json!({"type": "interval", "hours": 1, "start": text}).to_string();
        refused_naming(&interval, &["start", text]);
        let calendar = json!({"type": "calendar_interval", "days": 1, "start_date": text});
        refused_naming(&calendar.to_string(), &["start_date", text]);
    }
}

#[test]
fn a_time_is_not_a_date() {
    let text = json!({"type": "calendar_interval", "days": 1, "start_date": "2026-01-01T00:00:00"});
    refused_naming(&text.to_string(), &["start_date", "2026-01-01T00:00:00"]);
}

#[test]
fn the_year_9999_is_reached_and_not_passed() {
    let last = instant("9999-12-31T23:59:59Z");
    for (text, from, expected) in [
        (
            r#"{"type":"date","run_at":"9999-12-31T23:59:59Z"}"#,
            "2026-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ),
        (
            r#"{"type":"cron","year":9999}"#,
            "2026-01-01T00:00:00Z",
            "9999-01-01T00:00:00Z",
        ),
        (
            r#"{"type":"cron","second":"*"}"#,
            "9999-12-31T23:59:58Z",
            "9999-12-31T23:59:59Z",
        ),
        (
            r#"{"type":"crontab","expr":"59 23 31 12 *"}"#,
            "9998-12-31T23:59:00Z",
            "9999-12-31T23:59:00Z",
        ),
        (
            r#"{"type":"interval","seconds":1,"start":"9999-12-31T23:59:50Z"}"#,
            "9999-12-31T23:59:58Z",
            "9999-12-31T23:59:59Z",
        ),
        (
            r#"{"type":"calendar_interval","days":1,"start_date":"9999-12-30"}"#,
            "9999-12-30T12:00:00Z",
            "9999-12-31T00:00:00Z",
        ),
    ] {
        let trigger: Trigger =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let next = trigger.after(instant(from)).map(written);
        assert_eq!(next.as_deref(), Some(expected), "{text} after {from}");
        assert_eq!(
            trigger.after(last),
            None,
            "{text} after the end of the calendar"
        );
        assert!(
            trigger.last_at_or_before(last).is_some(),
            "{text} backwards from the end"
        );
        assert_eq!(
            trigger.next(Some(last), last),
            None,
            "{text} next from the end"
        );
    }
}
