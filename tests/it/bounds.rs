//! `start` and `end`, inclusive, on every type.

use punctual_core::{Count, Trigger};
use serde_json::json;

use crate::vectors::{instant, written};

#[test]
fn every_type_takes_bounds_which_are_members_themselves() {
    let daily = json!({"type": "cron", "hour": 9});
    let mut refused = vec![];
    for mut json in [
        daily.clone(),
        json!({"type": "crontab", "expr": "0 9 * * *"}),
        json!({"type": "calendar_interval", "days": 1, "hour": 9, "start_date": "2026-01-01"}),
        json!({"type": "or", "triggers": [daily, daily]}),
        json!({"type": "and", "triggers": [daily, {"type": "cron", "hour": "8-10"}]}),
    ] {
        json["start"] = json!("2026-05-01T09:00:00Z");
        json["end"] = json!("2026-05-03T09:00:00Z");
        match serde_json::from_value::<Trigger>(json.clone()) {
            Ok(trigger) => three_days(&trigger),
            Err(error) => refused.push(format!("{json}: {error}")),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn three_days(trigger: &Trigger) {
    let days = [
        "2026-05-01T09:00:00Z",
        "2026-05-02T09:00:00Z",
        "2026-05-03T09:00:00Z",
    ];
    let early = instant("2026-01-01T00:00:00Z");
    let listed: Vec<_> = trigger.upcoming(early).map(written).collect();
    assert_eq!(listed, days, "{trigger}");
    // With a previous time, a calendar interval counts on from that, whatever its start.
    if !matches!(trigger, Trigger::CalendarInterval(_)) {
        let next = trigger.next(Some(early), early).map(written);
        assert_eq!(next.as_deref(), Some(days[0]), "{trigger}");
    }
    let late = instant("2027-01-01T00:00:00Z");
    assert_eq!(
        trigger.last_at_or_before(late).map(written).as_deref(),
        Some(days[2]),
        "{trigger}"
    );
    assert_eq!(trigger.last_at_or_before(early), None, "{trigger}");
    assert_eq!(trigger.count(early, late), Count::Exact(3), "{trigger}");
}

#[test]
fn a_date_out_of_its_bounds_never_fires() {
    for (bound, fires) in [("start", true), ("end", false)] {
        let json = json!({"type": "date", "run_at": "2026-05-01T09:00:00Z",
            bound: "2026-04-01T00:00:00Z"});
        let trigger: Trigger = serde_json::from_value(json).expect("a date may have bounds");
        let now = instant("2026-01-01T00:00:00Z");
        assert_eq!(trigger.next(None, now).is_some(), fires, "{trigger}");
    }
}
