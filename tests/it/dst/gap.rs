//! A daily time that does not exist on one day: it fires once, at the first instant after the gap.

use serde_json::json;

use super::fires_exactly;

/// Zone, first counted date, daily time, and the fire times before, in and after the gap.
type Row = (&'static str, &'static str, (u8, u8), [&'static str; 3]);

const GAPS: [Row; 12] = [
    (
        "America/New_York",
        "2026-03-07",
        (2, 30),
        [
            "2026-03-07T07:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-09T06:30:00Z",
        ],
    ),
    (
        "America/New_York",
        "2026-03-07",
        (2, 0),
        [
            "2026-03-07T07:00:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-09T06:00:00Z",
        ],
    ),
    (
        "Europe/London",
        "2026-03-28",
        (1, 30),
        [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-30T00:30:00Z",
        ],
    ),
    (
        "Australia/Lord_Howe",
        "2026-10-03",
        (2, 15),
        [
            "2026-10-02T15:45:00Z",
            "2026-10-03T15:30:00Z",
            "2026-10-04T15:15:00Z",
        ],
    ),
    (
        "Antarctica/Troll",
        "2026-03-28",
        (1, 30),
        [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T23:30:00Z",
        ],
    ),
    (
        "Antarctica/Troll",
        "2026-03-28",
        (2, 59),
        [
            "2026-03-28T02:59:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-30T00:59:00Z",
        ],
    ),
    (
        "Africa/Cairo",
        "2026-04-23",
        (0, 0),
        [
            "2026-04-22T22:00:00Z",
            "2026-04-23T22:00:00Z",
            "2026-04-24T21:00:00Z",
        ],
    ),
    (
        "Africa/Cairo",
        "2026-04-23",
        (0, 45),
        [
            "2026-04-22T22:45:00Z",
            "2026-04-23T22:00:00Z",
            "2026-04-24T21:45:00Z",
        ],
    ),
    (
        "America/Santiago",
        "2026-09-05",
        (0, 0),
        [
            "2026-09-05T04:00:00Z",
            "2026-09-06T04:00:00Z",
            "2026-09-07T03:00:00Z",
        ],
    ),
    (
        "America/Havana",
        "2026-03-07",
        (0, 30),
        [
            "2026-03-07T05:30:00Z",
            "2026-03-08T05:00:00Z",
            "2026-03-09T04:30:00Z",
        ],
    ),
    (
        "Pacific/Apia",
        "2011-12-29",
        (9, 0),
        [
            "2011-12-29T19:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-30T19:00:00Z",
        ],
    ),
    (
        "Pacific/Apia",
        "2011-12-29",
        (23, 59),
        [
            "2011-12-30T09:59:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-31T09:59:00Z",
        ],
    ),
];

#[test]
fn a_cron_trigger_fires_once_right_after_a_gap() {
    for (zone, _, (hour, minute), times) in GAPS {
        let json = json!({"type": "cron", "hour": hour, "minute": minute, "timezone": zone});
        fires_exactly(&json, &times);
    }
}

#[test]
fn a_crontab_trigger_fires_once_right_after_a_gap() {
    for (zone, _, (hour, minute), times) in GAPS {
        let expr = format!("{minute} {hour} * * *");
        fires_exactly(
            &json!({"type": "crontab", "expr": expr, "timezone": zone}),
            &times,
        );
    }
}

#[test]
fn a_calendar_interval_fires_once_right_after_a_gap() {
    for (zone, start, (hour, minute), times) in GAPS {
        let json = json!({"type": "calendar_interval", "days": 1, "hour": hour, "minute": minute,
            "start_date": start, "timezone": zone});
        fires_exactly(&json, &times);
    }
}

#[test]
fn a_combination_fires_once_right_after_a_gap() {
    for (zone, start, (hour, minute), times) in GAPS {
        let cron = json!({"type": "cron", "hour": hour, "minute": minute, "timezone": zone});
        let calendar = json!({"type": "calendar_interval", "days": 1, "hour": hour,
            "minute": minute, "start_date": start, "timezone": zone});
        for kind in ["and", "or"] {
            fires_exactly(&json!({"type": kind, "triggers": [cron, calendar]}), &times);
        }
    }
}

#[test]
fn the_skipped_day_of_samoa_counts_once_where_midnight_meets_its_end() {
    let json = json!({"type": "cron", "hour": 0, "timezone": "Pacific/Apia"});
    fires_exactly(
        &json,
        &[
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-31T10:00:00Z",
        ],
    );
    let every_other_day = json!({"type": "calendar_interval", "days": 2,
        "start_date": "2011-12-28", "hour": 12, "timezone": "Pacific/Apia"});
    fires_exactly(
        &every_other_day,
        &[
            "2011-12-28T22:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-31T22:00:00Z",
        ],
    );
}

#[test]
fn a_naive_time_in_a_gap_is_read_with_the_offset_before_it() {
    let json = json!({"type": "date", "run_at": "2026-03-08T02:30:00",
        "timezone": "America/New_York"});
    fires_exactly(&json, &["2026-03-08T07:30:00Z"]);
    let bounded = json!({"type": "cron", "minute": "*/30", "timezone": "America/New_York",
        "start": "2026-03-08T02:30:00", "end": "2026-03-08T04:00:00"});
    fires_exactly(&bounded, &["2026-03-08T07:30:00Z", "2026-03-08T08:00:00Z"]);
}
