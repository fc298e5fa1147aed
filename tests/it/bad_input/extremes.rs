//! Extreme instants into every verb of every type: an answer or none, never a panic, never a hang.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::Trigger;

use super::quickly;
use crate::vectors::instant;

const TRIGGERS: [&str; 20] = [
    r#"{"type":"date","run_at":"2026-03-01T10:00:00","timezone":"Europe/Paris"}"#,
    r#"{"type":"date","run_at":"9999-12-31T23:59:59","timezone":"Asia/Tokyo"}"#,
    r#"{"type":"date","run_at":"1600-01-01T00:00:00","timezone":"Asia/Tokyo"}"#,
    r#"{"type":"interval","seconds":0.001}"#,
    r#"{"type":"interval","seconds":0.001,"start":"1900-01-01T00:00:00Z"}"#,
    r#"{"type":"interval","weeks":5000,"start":"9999-12-31T23:59:59Z"}"#,
    r#"{"type":"cron"}"#,
    r#"{"type":"cron","gap":"after","fold":"both","timezone":"Pacific/Apia"}"#,
    r#"{"type":"cron","day":29,"month":2,"day_of_week":"mon","timezone":"Pacific/Kiritimati"}"#,
    r#"{"type":"cron","year":9999,"month":12,"day":31,"hour":23,"timezone":"Etc/GMT+12"}"#,
    r#"{"type":"cron","year":1970,"timezone":"Pacific/Kiritimati"}"#,
    r#"{"type":"crontab","expr":"0 0 29 2 1","timezone":"Europe/Berlin"}"#,
    r#"{"type":"crontab","expr":"* * * * * * 5000","timezone":"Asia/Kolkata"}"#,
    r#"{"type":"calendar_interval","days":1}"#,
    r#"{"type":"calendar_interval","days":1,"start_date":"1600-01-01","timezone":"Asia/Tokyo"}"#,
    r#"{"type":"calendar_interval","months":1,"days":1,"start_date":"1900-01-31","gap":"shift"}"#,
    r#"{"type":"calendar_interval","years":1,"start_date":"9996-02-29","timezone":"Pacific/Apia"}"#,
    r#"{"type":"or","triggers":[{"type":"cron","second":"*"},{"type":"date","run_at":"2026-01-01"}]}"#,
    r#"{"type":"and","triggers":[{"type":"cron","second":"*"},{"type":"cron","day":"last fri"}]}"#,
    r#"{"type":"custom","name":"solar.sunrise","config":{"lat":59.3}}"#,
];

fn instants() -> Vec<DateTime<Utc>> {
    let written = [
        "0001-01-01T00:00:00Z",
        "1582-10-04T00:00:00Z",
        "1883-11-18T17:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",
        "2011-12-30T10:00:00Z",
        "2026-03-29T01:00:00Z",
        "9999-12-30T22:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.999999Z",
    ];
    let mut instants: Vec<DateTime<Utc>> = written.iter().map(|text| instant(text)).collect();
    instants.extend([
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MAX_UTC,
        DateTime::<Utc>::MIN_UTC + TimeDelta::nanoseconds(1),
        DateTime::<Utc>::MAX_UTC - TimeDelta::nanoseconds(1),
        instant("9999-12-31T23:59:59Z") + TimeDelta::seconds(1),
        instant("2026-01-01T00:00:00Z") + TimeDelta::nanoseconds(999),
    ]);
    instants.extend(DateTime::from_timestamp_micros(i64::MAX / 1_000));
    instants
}

#[test]
fn every_verb_of_every_type_survives_every_instant() {
    for text in TRIGGERS {
        let trigger: Trigger =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        for at in instants() {
            quickly(&format!("{text} at {at}"), || verbs(&trigger, at));
        }
    }
}

fn verbs(trigger: &Trigger, at: DateTime<Utc>) {
    if let Some(next) = trigger.after(at) {
        assert!(next > at, "{trigger} after {at} = {next}");
        assert_eq!(
            trigger.last_at_or_before(next),
            Some(next),
            "{trigger} at its own {next}"
        );
    }
    if let Some(newest) = trigger.last_at_or_before(at) {
        assert!(newest <= at, "{trigger} at or before {at} = {newest}");
    }
    for previous in [
        None,
        Some(at),
        Some(DateTime::<Utc>::MIN_UTC),
        Some(DateTime::<Utc>::MAX_UTC),
    ] {
        let _ = trigger.next(previous, at);
        let _ = trigger.try_next(previous, at);
    }
    let _ = (trigger.try_after(at), trigger.try_last_at_or_before(at));
    for other in [
        DateTime::<Utc>::MIN_UTC,
        DateTime::UNIX_EPOCH,
        DateTime::<Utc>::MAX_UTC,
    ] {
        let _ = (trigger.count(at, other), trigger.count(other, at));
    }
    let anchored = trigger.anchored(at);
    let _ = (
        anchored.after(at),
        anchored.describe(),
        anchored.to_string(),
    );
    assert!(trigger.upcoming(at).take(3).count() <= 3);
}

#[test]
fn a_century_of_seconds_is_counted_quickly() {
    let text = r#"{"type":"cron","second":"*"}"#;
    let trigger: Trigger = serde_json::from_str(text).expect("every second");
    let (from, through) = (
        instant("2000-01-01T00:00:00Z"),
        instant("2100-01-01T00:00:00Z"),
    );
    let count = quickly("a century of seconds", || trigger.count(from, through));
    assert_eq!(count, punctual_core::Count::Exact(36_525 * 86_400 + 1));
}
