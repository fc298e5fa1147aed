//! A daily time that exists twice on one day: it fires the first time.

use serde_json::json;

use super::fires_exactly;

/// Zone, first counted date, daily time, the fire times before, first, second and after.
type Row = (&'static str, &'static str, (u8, u8), [&'static str; 4]);

const FOLDS: [Row; 8] = [
    (
        "America/New_York",
        "2026-10-31",
        (1, 30),
        [
            "2026-10-31T05:30:00Z",
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-02T06:30:00Z",
        ],
    ),
    (
        "Europe/London",
        "2026-10-24",
        (1, 30),
        [
            "2026-10-24T00:30:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-26T01:30:00Z",
        ],
    ),
    (
        "Australia/Lord_Howe",
        "2026-04-04",
        (1, 45),
        [
            "2026-04-03T14:45:00Z",
            "2026-04-04T14:45:00Z",
            "2026-04-04T15:15:00Z",
            "2026-04-05T15:15:00Z",
        ],
    ),
    (
        "Antarctica/Troll",
        "2026-10-24",
        (1, 30),
        [
            "2026-10-23T23:30:00Z",
            "2026-10-24T23:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-26T01:30:00Z",
        ],
    ),
    (
        "Africa/Cairo",
        "2026-10-28",
        (23, 30),
        [
            "2026-10-28T20:30:00Z",
            "2026-10-29T20:30:00Z",
            "2026-10-29T21:30:00Z",
            "2026-10-30T21:30:00Z",
        ],
    ),
    (
        "America/Santiago",
        "2026-04-03",
        (23, 30),
        [
            "2026-04-04T02:30:00Z",
            "2026-04-05T02:30:00Z",
            "2026-04-05T03:30:00Z",
            "2026-04-06T03:30:00Z",
        ],
    ),
    (
        "America/Havana",
        "2026-10-31",
        (0, 0),
        [
            "2026-10-31T04:00:00Z",
            "2026-11-01T04:00:00Z",
            "2026-11-01T05:00:00Z",
            "2026-11-02T05:00:00Z",
        ],
    ),
    (
        "Pacific/Apia",
        "2012-03-31",
        (3, 30),
        [
            "2012-03-30T13:30:00Z",
            "2012-03-31T13:30:00Z",
            "2012-03-31T14:30:00Z",
            "2012-04-01T14:30:00Z",
        ],
    ),
];

fn kinds(zone: &str, start: &str, (hour, minute): (u8, u8)) -> [serde_json::Value; 3] {
    [
        json!({"type": "cron", "hour": hour, "minute": minute, "timezone": zone}),
        json!({"type": "crontab", "expr": format!("{minute} {hour} * * *"), "timezone": zone}),
        json!({"type": "calendar_interval", "days": 1, "hour": hour, "minute": minute,
            "start_date": start, "timezone": zone}),
    ]
}

#[test]
fn every_kind_fires_the_first_time() {
    for (zone, start, time, [before, first, _, after]) in FOLDS {
        for json in kinds(zone, start, time) {
            fires_exactly(&json, &[before, first, after]);
        }
    }
}

#[test]
fn every_kind_fires_the_second_time_or_both_if_asked_to() {
    for (zone, start, time, [before, first, second, after]) in FOLDS {
        for mut json in kinds(zone, start, time) {
            json["fold"] = json!("second");
            fires_exactly(&json, &[before, second, after]);
            json["fold"] = json!("both");
            fires_exactly(&json, &[before, first, second, after]);
        }
    }
}

#[test]
fn a_naive_time_in_a_fold_is_the_first() {
    let json = json!({"type": "date", "run_at": "2026-11-01T01:30:00",
        "timezone": "America/New_York"});
    fires_exactly(&json, &["2026-11-01T05:30:00Z"]);
    let until = json!({"type": "cron", "minute": "*/30", "timezone": "America/New_York",
        "start": "2026-11-01T00:30:00", "end": "2026-11-01T01:30:00"});
    fires_exactly(
        &until,
        &[
            "2026-11-01T04:30:00Z",
            "2026-11-01T05:00:00Z",
            "2026-11-01T05:30:00Z",
        ],
    );
}
