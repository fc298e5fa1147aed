//! Names that are no zones.

use punctual_core::Zone;
use serde_json::json;

use super::refused_naming;

const UNKNOWN: [&str; 20] = [
    "Mars/Phobos",
    "Europe/Pari",
    "europe",
    "",
    " ",
    "UTC ",
    " UTC",
    "../UTC",
    "/etc/localtime",
    "Europe/../Europe/Paris",
    "+08:00",
    "UTC+8",
    "GMT+25",
    "CET-1CEST",
    "local",
    "Local",
    "Asia",
    "Europe/Paris\0",
    "Europe/Parіs",
    "🕐",
];

#[test]
fn unknown_zones_are_refused_by_name_for_every_type() {
    for zone in UNKNOWN {
        for mut json in [
            json!({"type": "cron", "hour": 1}),
            json!({"type": "crontab", "expr": "0 0 * * *"}),
            json!({"type": "interval", "hours": 1}),
            json!({"type": "date", "run_at": "2026-01-01"}),
            json!({"type": "calendar_interval", "days": 1}),
        ] {
            json["timezone"] = json!(zone);
            let printable = if zone.contains('\0') {
                "Europe/Paris"
            } else {
                zone
            };
            refused_naming(&json.to_string(), &["timezone", printable]);
        }
        assert!(Zone::try_from(zone).is_err(), "{zone:?} is a zone");
    }
}

#[test]
fn a_misspelt_zone_is_answered_with_the_nearest_name() {
    let text = json!({"type": "cron", "hour": 1, "timezone": "Europe/Pari"}).to_string();
    refused_naming(&text, &["Europe/Paris"]);
}
