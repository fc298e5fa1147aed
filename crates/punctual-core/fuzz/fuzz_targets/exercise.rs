//! Calls every verb of each trigger that parses, from instants near and far.
//!
//! The replay of the corpus among the ordinary tests includes this file too.

use chrono::{DateTime, Utc};
use punctual_core::{Count, Trigger};
use serde_json::json;

/// Reads a crontab text by itself, and as a field of a trigger.
pub fn crontab(expr: &str) {
    let json = json!({"type": "crontab", "expr": expr});
    let read = serde_json::from_value::<Trigger>(json.clone()).ok();
    if let (Some(read), Ok(parsed)) = (&read, expr.parse::<Trigger>()) {
        assert_eq!(*read, parsed, "two readings of {expr}");
    }
    trigger_json(&json.to_string());
    let zoned = json!({"type": "crontab", "expr": expr, "timezone": "Australia/Lord_Howe"});
    trigger_json(&zoned.to_string());
}

/// Reads a text as trigger JSON, and as the text of a trigger.
pub fn trigger_json(text: &str) {
    if let Err(error) = text.parse::<Trigger>() {
        assert!(!error.to_string().is_empty(), "no message for {text}");
    }
    match serde_json::from_str::<Trigger>(text) {
        Ok(trigger) => promises(&trigger),
        Err(error) => assert!(!error.to_string().is_empty(), "no message for {text}"),
    }
}

fn promises(trigger: &Trigger) {
    assert!(!trigger.describe().is_empty(), "{trigger} has no words");
    let json = serde_json::to_string(trigger).expect("a trigger is JSON");
    let back = serde_json::from_str::<Trigger>(&json);
    assert_eq!(back.ok().as_ref(), Some(trigger), "{json}");
    let parsed = trigger.to_string().parse::<Trigger>();
    assert_eq!(parsed.ok().as_ref(), Some(trigger), "{trigger}");
    for at in instants() {
        let anchored = trigger.anchored(at);
        let _ = (trigger.next(None, at), anchored.next(Some(at), at));
        let newest = anchored.last_at_or_before(at);
        assert!(
            newest.is_none_or(|newest| newest <= at),
            "{trigger} at or before {at}"
        );
        let Some(next) = anchored.after(at) else {
            continue;
        };
        assert!(next > at, "{trigger} after {at} = {next}");
        assert_eq!(
            anchored.last_at_or_before(next),
            Some(next),
            "{trigger} at its own {next}"
        );
        let count = anchored.count(next, next);
        assert!(
            matches!(count, Count::Exact(1) | Count::AtLeast(_)),
            "{trigger}: {count:?}"
        );
    }
}

/// Returns an ordinary instant, one at each end, and one in an hour that some clocks repeat.
fn instants() -> [DateTime<Utc>; 4] {
    let second = |second| DateTime::from_timestamp(second, 0).expect("an instant");
    [
        second(1_775_316_000),
        second(253_402_300_799),
        second(0),
        second(1_793_511_000),
    ]
}
