//! `gap` and `fold`, each value, for fixed and wild rules.

use serde_json::json;

use super::fires_exactly;

#[test]
fn gap_skip_drops_and_shift_moves_a_fixed_time() {
    for kind in [
        json!({"type": "cron", "hour": 2, "minute": 30}),
        json!({"type": "crontab", "expr": "30 2 * * *"}),
        json!({"type": "calendar_interval", "days": 1, "hour": 2, "minute": 30,
            "start_date": "2026-03-01"}),
    ] {
        let mut json = kind;
        json["timezone"] = json!("America/New_York");
        let (before, after) = ("2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z");
        json["gap"] = json!("skip");
        fires_exactly(&json, &[before, after]);
        json["gap"] = json!("shift");
        fires_exactly(&json, &[before, "2026-03-08T07:30:00Z", after]);
        json["gap"] = json!("after");
        fires_exactly(&json, &[before, "2026-03-08T07:00:00Z", after]);
    }
}

#[test]
fn choices_of_gap_and_fold_bind_wild_rules_too() {
    let mut json = json!({"type": "cron", "minute": 30, "timezone": "America/New_York",
        "gap": "after", "fold": "first"});
    fires_exactly(
        &json,
        &[
            "2026-03-08T06:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-08T07:30:00Z",
        ],
    );
    fires_exactly(&json, &["2026-11-01T05:30:00Z", "2026-11-01T07:30:00Z"]);
    json["fold"] = json!("second");
    fires_exactly(
        &json,
        &[
            "2026-11-01T04:30:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-01T07:30:00Z",
        ],
    );
}

#[test]
fn a_shift_never_repeats_or_reorders() {
    let json = json!({"type": "cron", "hour": "2,3", "minute": "0,30",
        "timezone": "America/New_York", "gap": "shift"});
    fires_exactly(
        &json,
        &[
            "2026-03-07T08:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-08T07:30:00Z",
            "2026-03-09T06:00:00Z",
        ],
    );
    let both = json!({"type": "cron", "hour": 1, "minute": "0,30",
        "timezone": "America/New_York", "fold": "both"});
    fires_exactly(
        &both,
        &[
            "2026-11-01T05:00:00Z",
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:00:00Z",
            "2026-11-01T06:30:00Z",
        ],
    );
}
