//! Messages that name field, value, limit and the way out, to the letter.

use std::time::Duration;

use punctual_core::{Cron, Crontab, Date, Interval};

use super::{refused, refused_naming};

#[test]
fn the_most_common_mistakes_are_named_with_their_fix() {
    assert_eq!(
        refused(r#"{"type":"cron","minute":75}"#),
        "minute: `75` is above the maximum 59"
    );
    assert_eq!(
        refused(r#"{"type":"cron","minute":"75"}"#),
        "minute: `75` is above the maximum 59"
    );
    refused_naming(
        r#"{"type":"cron","day":"tue"}"#,
        &["day: `tue` is a weekday", "use day_of_week"],
    );
    refused_naming(
        r#"{"type":"cron","day":"0, tue"}"#,
        &["day: ", "day_of_week"],
    );
    refused_naming(
        r#"{"type":"date","run_date":"2026-12-31"}"#,
        &["run_date is called run_at"],
    );
}

#[test]
fn old_names_are_answered_with_the_new_ones() {
    for (text, message) in [
        (
            r#"{"type":"interval","hours":1,"start_date":"2026-01-01"}"#,
            "start_date is called start",
        ),
        (
            r#"{"type":"interval","hours":1,"end_date":"2026-01-01"}"#,
            "end_date is called end",
        ),
        (
            r#"{"type":"cron","hour":1,"start_date":"2026-01-01"}"#,
            "start_date is called start",
        ),
        (
            r#"{"type":"cron","hour":1,"end_date":"2026-01-01"}"#,
            "end_date is called end",
        ),
        (
            r#"{"type":"crontab","expr":"* * * * *","end_date":"2026-01-01"}"#,
            "end_date is called end",
        ),
    ] {
        refused_naming(text, &[message]);
    }
}

#[test]
fn builders_give_the_messages_that_json_gives() {
    let errors = [
        (
            Cron::new().minute("75").build().map(drop),
            "minute: `75` is above the maximum 59",
        ),
        (
            Cron::new().day("tue").build().map(drop),
            "day: `tue` is a weekday; use day_of_week",
        ),
    ];
    for (result, message) in errors {
        assert_eq!(result.expect_err("refused").to_string(), message);
    }
    assert!(Crontab::new("61 * * * *").build().is_err());
    assert!(Interval::every(Duration::ZERO).build().is_err());
    assert!(
        Date::at(chrono::DateTime::UNIX_EPOCH)
            .timezone("Mars/Phobos")
            .build()
            .is_err()
    );
}

#[test]
fn an_error_carries_its_parts() {
    let error = Cron::new().minute("75").build().expect_err("refused");
    assert_eq!(error.field(), Some("minute"));
    assert_eq!(error.value(), Some("75"));
    let nested = r#"{"type":"or","triggers":[{"type":"cron"},{"type":"cron","hour":24}]}"#;
    refused_naming(nested, &["triggers[1]", "hour", "`24`", "23"]);
}

#[test]
fn crontab_lines_that_others_let_through_are_refused() {
    for expr in [
        "0 0 MON * *",
        "0 0 * * JAN",
        "1,,2 * * * *",
        ", * * * *",
        "*/90 * * * *",
        "*/60 * * * *",
        "/10 * * * *",
        "1-5/9 * * * *",
        "0 0 * * mon-5",
        "0 0 * * +mon",
        "0 0 * * L",
        "0 0 30 2 *",
        "0 0 W * *",
        "0 0 32W * *",
        "0 0 0W * *",
        "0 0 1-5W * *",
        "0 0 * * 5#6",
        "0 0 * * 5#0",
        "0 0 * * #2",
        "0 0 * * 8",
        "0 0 * 13 *",
        "0 0 * 0 *",
        "0 24 * * *",
        "60 * * * *",
        "* * * *",
        "* * * * * * * *",
        "",
        "   ",
        "@",
        "@fortnightly",
        "@reboot",
        "@daily @daily",
        "0 0 L-3 * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "1- * * * *",
        "-1 * * * *",
        "1.5 * * * *",
        "** * * * *",
        "*5 * * * *",
        "0 0 * * mon-",
        "0 0 * * sun-sun-sun",
        "0x10 * * * *",
        "٣ * * * *",
        "0 0 * * mon\u{0}",
        "%H * * * *",
        "0 0 1 1 * 1969",
        "0 0 0 1 1 * 10000",
        "0 0 * * mo",
        "H H * * *",
        "0 0 * * \u{17f}un",
        "0 0 * * l",
        "0 0 1l * *",
        "0 0 * * 5##2",
        "0 0 * * 5#",
        "0 0 15ww * *",
    ] {
        let text = serde_json::json!({"type": "crontab", "expr": expr}).to_string();
        let message = refused(&text);
        assert!(message.contains(": "), "{expr}: `{message}` names no field");
    }
}

#[test]
fn numbers_that_no_field_holds_are_told_as_they_were_written() {
    for (text, said) in [
        (
            r#"{"type":"crontab","expr":"*/99999999999999999999 * * * *"}"#,
            "`*/99999999999999999999` has a step that is longer than its range, 0 to 59",
        ),
        (
            r#"{"type":"interval","seconds":18446744073709551615}"#,
            "seconds: `18446744073709551615` is above the maximum of 8,000 years",
        ),
        (
            r#"{"type":"interval","weeks":9000000,"seconds":1}"#,
            "weeks: `9000000` is above the maximum of 8,000 years",
        ),
    ] {
        let message = refused(text);
        assert!(message.contains(said), "{message}");
    }
    let long = Interval::every(Duration::MAX).build().unwrap_err();
    let said =
        "every: `213503982334601d 7h 15s 999ms 999us 999ns` is above the maximum of 8,000 years";
    assert_eq!(long.to_string(), said);
}
