//! First fire times of `and` and `or`, where dates lie in the past or out of bounds.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Count, Trigger};
use serde_json::json;

fn trigger(json: &serde_json::Value) -> Trigger {
    serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn first(json: &serde_json::Value, now: &str) -> Option<DateTime<Utc>> {
    trigger(json).next(None, at(now))
}

#[test]
fn a_date_before_the_start_does_not_pull_the_first_fire_time_back() {
    let or = json!({"type": "or", "start": "2021-01-01T00:00:00Z", "triggers": [
        {"type": "date", "run_at": "2020-01-01T00:00:00Z"}, {"type": "cron", "hour": "*"}]});
    let fire = first(&or, "2026-06-01T00:30:00Z");
    assert_eq!(fire, Some(at("2026-06-01T01:00:00Z")));
}

#[test]
fn a_past_date_counts_for_and_only_if_all_have_it() {
    let and = json!({"type": "and", "triggers": [
        {"type": "or", "triggers": [
            {"type": "date", "run_at": "2020-01-01T00:00:30Z"}, {"type": "cron", "hour": "*"}]},
        {"type": "cron", "minute": "*"}]});
    assert_eq!(
        first(&and, "2026-06-01T00:30:00Z"),
        Some(at("2026-06-01T01:00:00Z"))
    );
    let shared = json!({"type": "and", "triggers": [
        {"type": "date", "run_at": "2020-01-01T09:00:00Z"}, {"type": "cron", "hour": 9}]});
    assert_eq!(
        first(&shared, "2026-06-01T00:30:00Z"),
        Some(at("2020-01-01T09:00:00Z"))
    );
}

#[test]
fn upcoming_lists_nothing_that_is_past() {
    let or = trigger(&json!({"type": "or", "triggers": [
        {"type": "date", "run_at": "2020-01-01T00:00:00Z"}, {"type": "cron", "hour": "*"}]}));
    let from = at("2026-06-01T00:30:00Z");
    assert_eq!(or.upcoming(from).next(), Some(at("2026-06-01T01:00:00Z")));
}

#[test]
fn instants_finer_than_a_microsecond_are_no_members() {
    let fine = |text: &str| at(text) + TimeDelta::nanoseconds(500);
    let and = trigger(&json!({"type": "and", "triggers": [
        {"type": "cron", "second": "*"}, {"type": "cron", "second": 0}]}));
    assert_eq!(
        and.after(fine("2026-06-01T09:59:59.999999Z")),
        Some(at("2026-06-01T10:00:00Z"))
    );
    let or = trigger(&json!({"type": "or", "triggers": [{"type": "cron", "second": 0}]}));
    let through = at("2026-06-01T10:00:30Z");
    assert_eq!(
        or.count(fine("2026-06-01T10:00:00Z"), through),
        Count::Exact(0)
    );
}
