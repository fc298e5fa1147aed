//! Changes of the clock, written out by hand: every kind of trigger that has wall times, both
//! directions, all choices.

mod choices;
mod day_after;
mod fold;
mod gap;
mod patterns;
mod zones;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::Trigger;
use serde_json::Value;

use crate::vectors::{instant, written};

/// The trigger of a JSON value.
fn trigger(json: &Value) -> Trigger {
    serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// Holds a stretch of fire times against the trigger, forwards and backwards. Nothing may lie
/// between them, and `count` must see as many.
fn fires_exactly(json: &Value, times: &[&str]) {
    let trigger = trigger(json);
    let times: Vec<DateTime<Utc>> = times.iter().map(|text| instant(text)).collect();
    let (first, last) = (times[0], times[times.len() - 1]);
    let shown = |times: &[DateTime<Utc>]| times.iter().copied().map(written).collect::<Vec<_>>();

    let mut forwards = vec![];
    let mut at = first - TimeDelta::microseconds(1);
    while let Some(next) = trigger.after(at).filter(|&next| next <= last) {
        forwards.push(next);
        at = next;
    }
    assert_eq!(shown(&forwards), shown(&times), "forwards {json}");

    let mut backwards = vec![];
    let mut at = last;
    while let Some(newest) = trigger
        .last_at_or_before(at)
        .filter(|&newest| newest >= first)
    {
        backwards.insert(0, newest);
        at = newest - TimeDelta::microseconds(1);
    }
    assert_eq!(shown(&backwards), shown(&times), "backwards {json}");
    let counted = trigger.count(first, last);
    assert_eq!(
        counted,
        punctual_core::Count::Exact(times.len() as u64),
        "count {json}"
    );
}
