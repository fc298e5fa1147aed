//! The database is newer than the one of chrono-tz, and does not end in 2099.

use punctual_core::Zone;
use serde_json::json;

use super::{fires_exactly, trigger};
use crate::vectors::written;

fn local_is(zone: &str, local: &str, utc: &str) {
    let json = json!({"type": "date", "run_at": local, "timezone": zone});
    let at = trigger(&json)
        .next(None, chrono::DateTime::UNIX_EPOCH)
        .expect("a date fires");
    assert_eq!(written(at), utc, "{local} in {zone}");
}

#[test]
fn rules_of_2026_are_known() {
    local_is(
        "America/Vancouver",
        "2026-11-20T09:00:00",
        "2026-11-20T16:00:00Z",
    );
    local_is(
        "Africa/Casablanca",
        "2026-10-01T09:00:00",
        "2026-10-01T09:00:00Z",
    );
    local_is(
        "America/Edmonton",
        "2026-11-20T09:00:00",
        "2026-11-20T15:00:00Z",
    );
    let daily = json!({"type": "cron", "hour": 9, "timezone": "America/Vancouver"});
    fires_exactly(&daily, &["2026-11-20T16:00:00Z", "2026-11-21T16:00:00Z"]);
}

#[test]
fn summer_time_goes_on_after_2099() {
    local_is(
        "America/New_York",
        "2100-07-01T09:00:00",
        "2100-07-01T13:00:00Z",
    );
    local_is(
        "America/New_York",
        "2100-12-01T09:00:00",
        "2100-12-01T14:00:00Z",
    );
    local_is(
        "Europe/Berlin",
        "2150-07-01T09:00:00",
        "2150-07-01T07:00:00Z",
    );
    let daily = json!({"type": "crontab", "expr": "0 9 * * *", "timezone": "America/New_York"});
    fires_exactly(&daily, &["2100-07-01T13:00:00Z", "2100-07-02T13:00:00Z"]);
}

#[test]
fn the_database_says_what_it_is() {
    let database = Zone::database();
    assert!(
        format!("{database:?}").contains("202"),
        "no version in {database:?}"
    );
}
