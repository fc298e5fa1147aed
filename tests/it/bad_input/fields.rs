//! Unknown, doubled, missing and wrongly typed fields.

use super::{refused, refused_naming};

#[test]
fn unknown_fields_are_refused_by_name() {
    for (text, name) in [
        (r#"{"type":"date","run_at":"2026-01-01","when":1}"#, "when"),
        (r#"{"type":"interval","hours":1,"jitter":5}"#, "jitter"),
        (r#"{"type":"interval","hours":1,"gap":"skip"}"#, "gap"),
        (r#"{"type":"interval","months":1}"#, "months"),
        (r#"{"type":"cron","hours":1}"#, "hours"),
        (r#"{"type":"cron","hour":1,"expr":"* * * * *"}"#, "expr"),
        (r#"{"type":"crontab","expr":"* * * * *","hour":1}"#, "hour"),
        (
            r#"{"type":"calendar_interval","days":1,"hours":1}"#,
            "hours",
        ),
        (
            r#"{"type":"or","triggers":[{"type":"cron"}],"day":1}"#,
            "day",
        ),
        (
            r#"{"type":"custom","name":"a","config":{},"hour":1}"#,
            "hour",
        ),
        (r#"{"type":"cron","Hour":1}"#, "Hour"),
    ] {
        refused_naming(text, &[name]);
    }
}

#[test]
fn a_field_given_twice_is_refused_by_name() {
    for (text, name) in [
        (r#"{"type":"cron","hour":1,"hour":2}"#, "hour"),
        (
            r#"{"type":"date","run_at":"2026-01-01","run_at":"2026-01-02"}"#,
            "run_at",
        ),
        (r#"{"type":"interval","hours":1,"hours":1}"#, "hours"),
        (
            r#"{"type":"crontab","expr":"* * * * *","expr":"0 0 * * *"}"#,
            "expr",
        ),
        (r#"{"type":"cron","type":"cron"}"#, "type"),
        (
            r#"{"type":"or","triggers":[],"triggers":[{"type":"cron"}]}"#,
            "triggers",
        ),
        (
            r#"{"type":"or","triggers":[{"type":"cron","day":1,"day":1}]}"#,
            "day",
        ),
    ] {
        refused_naming(text, &[name]);
    }
}

#[test]
fn the_type_is_required_and_known() {
    for text in [
        "{}",
        r#"{"hour":1}"#,
        r#"{"type":null}"#,
        r#"{"type":1}"#,
        r#"{"type":["cron"]}"#,
        r#"{"type":"Cron"}"#,
        r#"{"type":"cron "}"#,
        r#"{"type":"solar"}"#,
        r#"{"type":""}"#,
    ] {
        refused_naming(text, &["type"]);
    }
    for text in [
        "null",
        "true",
        "1",
        "[]",
        r#""""#,
        r#""cron""#,
        "[\"cron\"]",
        "",
        "{",
        "nonsense",
    ] {
        refused(text);
    }
}

#[test]
fn wrong_kinds_of_values_are_refused_by_field() {
    let kinds = [
        "null",
        "true",
        "1.5",
        "[1]",
        "{\"a\":1}",
        "-1",
        "\"\"",
        "\"x\"",
    ];
    for kind in kinds {
        for field in [
            "timezone", "start", "end", "gap", "fold", "year", "hour", "day",
        ] {
            // Null is the same as leaving a field out, or it is refused: nothing to hold here.
            if kind != "null" {
                refused_naming(&format!(r#"{{"type":"cron","{field}":{kind}}}"#), &[field]);
            }
        }
        refused_naming(&format!(r#"{{"type":"crontab","expr":{kind}}}"#), &["expr"]);
        refused_naming(
            &format!(r#"{{"type":"date","run_at":{kind}}}"#),
            &["run_at"],
        );
        refused_naming(
            &format!(r#"{{"type":"or","triggers":{kind}}}"#),
            &["triggers"],
        );
    }
    for kind in ["true", "1", "[1]", "{\"a\":1}", "\"\""] {
        refused_naming(
            &format!(r#"{{"type":"custom","name":{kind},"config":{{}}}}"#),
            &["name"],
        );
    }
    for kind in ["true", "[1]", "{\"a\":1}", "\"1\"", "-1"] {
        refused_naming(
            &format!(r#"{{"type":"interval","hours":{kind}}}"#),
            &["hours"],
        );
        refused_naming(
            &format!(r#"{{"type":"calendar_interval","days":{kind}}}"#),
            &["days"],
        );
    }
    refused_naming(
        r#"{"type":"crontab","expr":"* * * * *","day_and_weekday":"yes"}"#,
        &["day_and_weekday"],
    );
    refused_naming(
        r#"{"type":"interval","hours":1,"first_run":"soon"}"#,
        &["first_run", "soon"],
    );
}

#[test]
fn required_fields_are_asked_for_by_name() {
    refused_naming(r#"{"type":"date"}"#, &["run_at"]);
    refused_naming(r#"{"type":"crontab"}"#, &["expr"]);
    refused_naming(r#"{"type":"or"}"#, &["triggers"]);
    refused_naming(r#"{"type":"and"}"#, &["triggers"]);
    refused_naming(r#"{"type":"custom","config":{}}"#, &["name"]);
    refused(r#"{"type":"interval"}"#);
    refused(r#"{"type":"calendar_interval"}"#);
}

#[test]
fn empty_lists_are_refused() {
    refused_naming(r#"{"type":"and","triggers":[]}"#, &["triggers"]);
    refused_naming(r#"{"type":"or","triggers":[]}"#, &["triggers"]);
    refused_naming(r#"{"type":"cron","minute":""}"#, &["minute"]);
    refused_naming(r#"{"type":"cron","minute":","}"#, &["minute"]);
    refused_naming(r#"{"type":"cron","day":[]}"#, &["day"]);
}

#[test]
fn children_must_have_their_anchor() {
    refused_naming(
        r#"{"type":"or","triggers":[{"type":"interval","hours":1}]}"#,
        &["start"],
    );
    refused_naming(
        r#"{"type":"and","triggers":[{"type":"calendar_interval","days":1}]}"#,
        &["start_date"],
    );
}
