//! What is done with whatever parses: every verb, from instants near and far.
//!
//! The replay of the corpus among the ordinary tests includes this file too.

use chrono::{DateTime, Utc};
use punctual_core::{Count, Trigger};

/// Crontab text, as the trigger around it.
pub(crate) fn crontab(expr: &str) {
    trigger_json(&serde_json::json!({"type": "crontab", "expr": expr}).to_string());
    let zoned =
        serde_json::json!({"type": "crontab", "expr": expr, "timezone": "Australia/Lord_Howe"});
    trigger_json(&zoned.to_string());
}

/// Trigger JSON: both ways of reading agree, and what is accepted keeps its promises.
pub(crate) fn trigger_json(text: &str) {
    let parsed = text.parse::<Trigger>();
    let read = serde_json::from_str::<Trigger>(text);
    match (parsed, read) {
        (Ok(parsed), Ok(read)) => {
            assert_eq!(parsed, read, "two readings of {text}");
            promises(&parsed);
        }
        (Err(error), Err(_)) => assert!(!error.to_string().is_empty(), "no message for {text}"),
        (parsed, read) => panic!("{text}: as text {parsed:?}, as JSON {read:?}"),
    }
}

fn promises(trigger: &Trigger) {
    assert!(!trigger.describe().is_empty(), "{trigger} has no words");
    let json = serde_json::to_string(trigger).expect("a trigger is JSON");
    assert_eq!(
        serde_json::from_str::<Trigger>(&json).ok().as_ref(),
        Some(trigger),
        "{json}"
    );
    assert_eq!(
        trigger.to_string().parse::<Trigger>().ok().as_ref(),
        Some(trigger),
        "{trigger}"
    );
    for at in instants() {
        let anchored = trigger.anchored(at);
        assert!(
            trigger
                .next(None, at)
                .is_none_or(|next| next > DateTime::<Utc>::MIN_UTC)
        );
        let _ = anchored.next(Some(at), at);
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
            "{trigger} at {next}: {count:?}"
        );
    }
}

/// An ordinary instant, one at each end, and one in an hour that some clocks repeat.
fn instants() -> [DateTime<Utc>; 4] {
    let second = |second| DateTime::from_timestamp(second, 0).expect("an instant");
    [
        second(1_775_316_000),
        second(253_402_300_799),
        second(0),
        second(1_793_511_000),
    ]
}
