//! What is stored can be read back, and is equal to what was stored.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Date, ErrorKind, Interval, Policies, Retry, Trigger, Zone};
use serde_json::json;

fn read_back(trigger: &Trigger) -> Trigger {
    let json = serde_json::to_string(trigger).unwrap();
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn fine() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 123_456_789).unwrap()
}

#[test]
fn a_scheduler_s_time_zone_makes_nothing_unreadable() {
    let new_york = Zone::new("America/New_York").unwrap();
    let shanghai = Zone::new("Asia/Shanghai").unwrap();
    for (json, zone) in [
        (
            json!({"type": "cron", "hour": 9, "end": "9999-12-31T23:59:59"}),
            new_york,
        ),
        (
            json!({"type": "interval", "hours": 9, "end": "9999-12-31T23:59:59"}),
            new_york,
        ),
        (
            json!({"type": "date", "run_at": "9999-12-31T23:59:59"}),
            new_york,
        ),
        (
            json!({"type": "cron", "hour": 9, "start": "0001-01-01"}),
            shanghai,
        ),
    ] {
        let trigger: Trigger = serde_json::from_value(json).unwrap();
        let filled = trigger.with_default_timezone(zone);
        assert_eq!(read_back(&filled), filled);
    }
}

#[test]
fn what_never_meets_in_a_scheduler_s_time_zone_is_told_apart() {
    let kolkata = Zone::new("Asia/Kolkata").unwrap();
    let and: Trigger = r#"and(cron(hour=9, timezone="UTC"), cron(hour=9))"#
        .parse()
        .unwrap();
    assert!(and.check().is_ok(), "in UTC they meet");
    let error = and.with_default_timezone(kolkata).check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NeverFires, "{error}");
    let paris = Zone::new("Europe/Paris").unwrap();
    let and: Trigger = r#"and(date(run_at="2026-03-01T10:00:00"), cron(hour=9, timezone="UTC"))"#
        .parse()
        .expect("whether they meet, only a time zone can tell");
    assert!(and.with_default_timezone(paris).check().is_ok());
}

#[test]
fn nanoseconds_do_not_make_a_trigger_differ_from_itself() {
    let minute = Duration::from_secs(60);
    for trigger in [
        Interval::every(minute).start(fine()).build().unwrap(),
        Interval::every(minute).build().unwrap().anchored(fine()),
        Date::at(fine()).build().unwrap(),
    ] {
        assert_eq!(read_back(&trigger), trigger);
    }
}

#[test]
fn a_custom_trigger_without_a_name_is_refused_before_it_is_stored() {
    let nameless = Trigger::custom(" ", json!({}));
    let error = nameless.check().unwrap_err();
    assert_eq!(error.to_string(), "name: is empty");
    let inside = Trigger::or([nameless]).build().unwrap();
    assert!(inside.check().is_err());
}

#[test]
fn floats_in_a_configuration_come_back() {
    for n in 1..2_000 {
        let config = json!({"lat": 90.0 / f64::from(n), "lon": 0.1 * f64::from(n)});
        let trigger = Trigger::custom("sunrise", config);
        assert_eq!(read_back(&trigger), trigger);
    }
}

#[test]
fn the_longest_durations_come_back() {
    // No policy is longer.
    let longest = Duration::from_secs(36_600 * 86_400);
    let policies = Policies::new()
        .misfire_grace_time(longest)
        .retry(
            Retry::attempts(5)
                .backoff(Duration::from_millis(1))
                .cap(longest)
                .build()
                .unwrap(),
        )
        .build()
        .unwrap();
    let json = serde_json::to_string(&policies).unwrap();
    let back: Policies = serde_json::from_str(&json).unwrap();
    assert!(back.retry().cap > Duration::from_secs(86_400 * 36_500));
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
    let a_day = TimeDelta::days(1).to_std().unwrap();
    assert!(back.misfire_grace_time() > Some(a_day));
}
