//! The day after a spring change is not lost, and neither is the week or month that begins then.

use serde_json::json;

use super::fires_exactly;

#[test]
fn the_day_after_a_clock_change_fires() {
    let json = json!({"type": "cron", "hour": 0, "timezone": "America/Los_Angeles"});
    fires_exactly(
        &json,
        &[
            "2026-03-08T08:00:00Z",
            "2026-03-09T07:00:00Z",
            "2026-03-10T07:00:00Z",
        ],
    );
    let half_past = json!({"type": "cron", "hour": 0, "minute": 30, "timezone": "Europe/Berlin"});
    fires_exactly(
        &half_past,
        &[
            "2026-03-28T23:30:00Z",
            "2026-03-29T22:30:00Z",
            "2026-03-30T22:30:00Z",
        ],
    );
}

#[test]
fn the_week_that_begins_after_a_clock_change_fires() {
    for json in [
        json!({"type": "cron", "day_of_week": "mon", "timezone": "Europe/Berlin"}),
        json!({"type": "crontab", "expr": "0 0 * * mon", "timezone": "Europe/Berlin"}),
    ] {
        fires_exactly(
            &json,
            &[
                "2026-03-22T23:00:00Z",
                "2026-03-29T22:00:00Z",
                "2026-04-05T22:00:00Z",
            ],
        );
    }
}

#[test]
fn the_month_after_a_clock_change_fires() {
    let json = json!({"type": "cron", "day": 1, "timezone": "Europe/Berlin"});
    fires_exactly(
        &json,
        &[
            "2026-02-28T23:00:00Z",
            "2026-03-31T22:00:00Z",
            "2026-04-30T22:00:00Z",
        ],
    );
}
