//! Triggers and points in time as the upstream tests write them.

use chrono::{DateTime, Utc};
use punctual_core::{Trigger, When, Zone};

pub(crate) const BERLIN: &str = "Europe/Berlin";

/// Local time of a zone; text with an offset says which of two it means.
pub(crate) fn at(zone: &str, text: &str) -> DateTime<Utc> {
    let when: When = text
        .parse()
        .unwrap_or_else(|problem| panic!("{text} {problem}"));
    let zone = Zone::new(zone).unwrap();
    let instant = when.instant(zone);
    instant.unwrap_or_else(|| panic!("{text} does not exist in {zone}"))
}

/// Local time of Berlin, where nearly all upstream tests are at home.
pub(crate) fn berlin(text: &str) -> DateTime<Utc> {
    at(BERLIN, text)
}

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    at("UTC", text)
}

/// A trigger in its call form, at home where the scheduler is.
pub(crate) fn in_zone(zone: &str, text: &str) -> Trigger {
    let trigger: Trigger = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    trigger.with_default_timezone(Zone::new(zone).unwrap())
}

/// The same in Berlin.
pub(crate) fn trigger(text: &str) -> Trigger {
    in_zone(BERLIN, text)
}

/// Why a trigger is refused.
pub(crate) fn refused(text: &str) -> String {
    match text.parse::<Trigger>() {
        Ok(trigger) => panic!("{text} was accepted as {trigger}"),
        Err(error) => error.to_string(),
    }
}

fn shown(zone: &str, instant: Option<DateTime<Utc>>) -> String {
    let zone = Zone::new(zone).unwrap();
    instant.map_or_else(|| "none".into(), |instant| zone.local(instant).to_string())
}

fn wanted(zone: &str, text: &str) -> String {
    shown(zone, (text != "none").then(|| at(zone, text)))
}

/// The first fire time at or after `now`; `"none"` for none.
pub(crate) fn fires(text: &str, now: &str, expected: &str) {
    fires_in(BERLIN, text, now, expected);
}

pub(crate) fn fires_in(zone: &str, text: &str, now: &str, expected: &str) {
    let next = in_zone(zone, text).next(None, at(zone, now));
    assert_eq!(
        shown(zone, next),
        wanted(zone, expected),
        "{text} from {now}"
    );
}

/// The fire time after another one, asked for at `now`.
pub(crate) fn fires_after(text: &str, previous: &str, now: &str, expected: &str) {
    let next = trigger(text).next(Some(berlin(previous)), berlin(now));
    assert_eq!(
        shown(BERLIN, next),
        wanted(BERLIN, expected),
        "{text} after {previous} at {now}"
    );
}

/// As the upstream daylight saving tests ask: first call, and after a previous fire time, now and later.
pub(crate) fn fires_thrice(zone: &str, text: &str, start: &str, expected: &str) {
    let trigger = in_zone(zone, text);
    let (from, to) = (at(zone, start), at(zone, expected));
    let answers = [
        trigger.next(None, from),
        trigger.next(Some(from), from),
        trigger.next(Some(from), to),
    ];
    let shown = answers.map(|answer| shown(zone, answer));
    assert_eq!(
        shown,
        [0; 3].map(|_| wanted(zone, expected)),
        "{text} from {start}"
    );
}

/// What APScheduler 4 calls `next()` again and again: the first fire times from `start` on, in the zone. A
/// last `"none"` means that there are no more.
pub(crate) fn sequence(text: &str, start: &str, expected: &[&str]) {
    sequence_in(BERLIN, text, start, expected);
}

pub(crate) fn sequence_in(zone: &str, text: &str, start: &str, expected: &[&str]) {
    let trigger = in_zone(zone, text);
    let mut next = trigger.next(None, at(zone, start));
    let mut answers = vec![];
    for _ in expected {
        answers.push(shown(zone, next));
        next = next.and_then(|last| trigger.after(last));
    }
    let wanted: Vec<_> = expected.iter().map(|text| wanted(zone, text)).collect();
    assert_eq!(answers, wanted, "{text} from {start}");
}

/// The trigger says as text what it is, and is the same when read again: what `repr` and pickling are for.
pub(crate) fn reads_back(text: &str) {
    let trigger = trigger(text);
    let written = trigger.to_string();
    assert_eq!(written.parse::<Trigger>().unwrap(), trigger, "{written}");
    let json = serde_json::to_string(&trigger).unwrap();
    assert_eq!(
        serde_json::from_str::<Trigger>(&json).unwrap(),
        trigger,
        "{json}"
    );
}
