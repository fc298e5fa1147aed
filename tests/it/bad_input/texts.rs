//! Texts for `FromStr` that are no triggers: neither crontab nor the form that `Display` writes.

use punctual_core::Trigger;

use super::quickly;

fn refused(text: &str) {
    let shown: String = text.chars().take(80).collect();
    let read = quickly(&shown, || text.parse::<Trigger>());
    let message = read
        .expect_err(&format!("{shown:?} is accepted"))
        .to_string();
    assert!(
        !message.trim().is_empty() && message.len() < 2_000,
        "{shown:?}: `{message}`"
    );
}

#[test]
fn a_value_that_is_not_a_trigger_is_refused() {
    for text in [
        "",
        " ",
        "cron",
        "cron(",
        "cron)",
        "cron(hour)",
        "cron(hour=)",
        "cron(hour=\"9)",
        "cron(hour=\"9\"",
        "cron(hour=\"9\",hour=\"9\")",
        "cron(hour=\"9\") cron()",
        "cron(hours=\"9\")",
        "solar()",
        "or()",
        "and()",
        "date()",
        "date(run_date=\"2026-01-01\")",
        "interval(hours=-1)",
        "interval(hours=1e999)",
        "crontab()",
        "crontab(\"61 * * * *\")",
        "61 * * * *",
        "* * * *",
        "@often",
        "\0",
        "cron(hour=\"\\",
        "cron(hour=\"\\u12\")",
        "cron(minute=\"75\")",
        "é(",
        "cron(é=1)",
    ] {
        refused(text);
    }
}

#[test]
fn long_and_deep_texts_are_refused() {
    for part in [
        "or(",
        "and(cron(), ",
        "(",
        "\"",
        "* ",
        "1,",
        "cron(",
        "=",
        "\\",
        "é",
        "cron(),",
    ] {
        refused(&part.repeat(100_000));
    }
    let deep = format!("{}cron(){}", "or(".repeat(10_000), ")".repeat(10_000));
    refused(&deep);
    refused(&format!("or({}cron())", "cron(), ".repeat(100_000)));
}

#[test]
fn crontab_text_is_a_trigger() {
    let text: Trigger = "*/5 9-17 * * mon-fri".parse().expect("a crontab line");
    let json = r#"{"type":"crontab","expr":"*/5 9-17 * * mon-fri"}"#;
    assert_eq!(
        text,
        serde_json::from_str::<Trigger>(json).expect("the same as JSON")
    );
}
