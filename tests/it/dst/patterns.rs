//! Lists, steps and stars across a change: where other schedulers lose or repeat runs.

use serde_json::json;

use super::fires_exactly;

/// A crontab text in New York, and what it does on 8 March and 1 November 2026.
fn new_york(expr: &str, times: &[&str]) {
    let json = json!({"type": "crontab", "expr": expr, "timezone": "America/New_York"});
    fires_exactly(&json, times);
}

#[test]
fn a_list_of_hours_keeps_its_gap_and_fold_protection() {
    new_york(
        "30 2,14 * * *",
        &[
            "2026-03-07T19:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-08T18:30:00Z",
        ],
    );
    new_york(
        "30 1,13 * * *",
        &[
            "2026-10-31T17:30:00Z",
            "2026-11-01T05:30:00Z",
            "2026-11-01T18:30:00Z",
        ],
    );
}

#[test]
fn all_times_of_one_gap_fire_together() {
    new_york(
        "0,30 2 * * *",
        &[
            "2026-03-07T07:00:00Z",
            "2026-03-07T07:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-09T06:00:00Z",
        ],
    );
    new_york(
        "0 0-3 * * *",
        &[
            "2026-03-08T05:00:00Z",
            "2026-03-08T06:00:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-09T04:00:00Z",
        ],
    );
}

#[test]
fn wild_rules_follow_real_time() {
    new_york(
        "*/15 2 * * *",
        &["2026-03-07T07:45:00Z", "2026-03-09T06:00:00Z"],
    );
    new_york(
        "30 * * * *",
        &["2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z"],
    );
    new_york(
        "30 * * * *",
        &[
            "2026-11-01T04:30:00Z",
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-01T07:30:00Z",
        ],
    );
    new_york(
        "*/30 1 * * *",
        &[
            "2026-10-31T05:30:00Z",
            "2026-11-01T05:00:00Z",
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:00:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-02T06:00:00Z",
        ],
    );
    let lord_howe = json!({"type": "cron", "minute": "*/15", "timezone": "Australia/Lord_Howe"});
    fires_exactly(
        &lord_howe,
        &["2026-10-03T15:15:00Z", "2026-10-03T15:30:00Z"],
    );
    let apia = json!({"type": "crontab", "expr": "0 * * * *", "timezone": "Pacific/Apia"});
    fires_exactly(&apia, &["2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z"]);
}

#[test]
fn wildness_is_decided_by_the_clock_fields_alone() {
    // A star in the date fields, which every daily rule has, does not make a rule wild.
    let fixed = json!({"type": "cron", "day": "*", "hour": 2, "minute": 30,
        "timezone": "America/New_York"});
    fires_exactly(&fixed, &["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z"]);
    // A range is fixed even if it spans all values; one star in a list is enough to be wild.
    let range = json!({"type": "cron", "hour": "0-23", "minute": 30,
        "timezone": "America/New_York"});
    fires_exactly(
        &range,
        &[
            "2026-03-08T06:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-08T07:30:00Z",
        ],
    );
    let star_in_list = json!({"type": "cron", "hour": "5,*/1", "minute": 30,
        "timezone": "America/New_York"});
    fires_exactly(
        &star_in_list,
        &["2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z"],
    );
    // So is a rule whose hour and minute are left out.
    let left_out = json!({"type": "cron", "second": 0, "timezone": "America/New_York"});
    fires_exactly(&left_out, &["2026-03-08T06:59:00Z", "2026-03-08T07:00:00Z"]);
}

#[test]
fn an_interval_is_elapsed_time() {
    let json = json!({"type": "interval", "days": 1, "start": "2026-03-07T02:30:00",
        "timezone": "America/New_York"});
    fires_exactly(
        &json,
        &[
            "2026-03-07T07:30:00Z",
            "2026-03-08T07:30:00Z",
            "2026-03-09T07:30:00Z",
        ],
    );
}
