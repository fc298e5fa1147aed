//! Deep and long inputs: bounded, answered at once, without a deep stack.

use punctual_core::{Cron, Trigger};
use serde_json::json;

use super::{quickly, refused, refused_naming};

fn nested(kind: &str, levels: usize) -> String {
    let open = format!(r#"{{"type":"{kind}","triggers":["#).repeat(levels);
    format!(r#"{open}{{"type":"cron"}}{}"#, "]}".repeat(levels))
}

#[test]
fn deep_nesting_is_refused_without_a_deep_stack() {
    for levels in [17, 40, 63, 100, 200, 10_000, 100_000] {
        for kind in ["and", "or"] {
            refused(&nested(kind, levels));
            // Never closed.
            refused(&nested(kind, levels).replace(']', ""));
        }
    }
    refused(&"[".repeat(100_000));
    refused(&r#"{"type":"#.repeat(100_000));
    let config = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    refused(&format!(
        r#"{{"type":"custom","name":"a","config":{config}}}"#
    ));
}

#[test]
fn eight_levels_of_nesting_are_accepted() {
    for kind in ["and", "or"] {
        let read = serde_json::from_str::<Trigger>(&nested(kind, 8));
        let trigger = read.expect("eight levels are allowed");
        assert!(trigger.after(chrono::DateTime::UNIX_EPOCH).is_some());
    }
}

#[test]
fn builders_refuse_deep_nesting_too() {
    let mut trigger = Cron::new().build().expect("every second");
    let built = quickly("10,000 levels of or", || {
        for level in 0..10_000 {
            match Trigger::or([trigger.clone()]).build() {
                Ok(deeper) => trigger = deeper,
                Err(error) => return Err((level, error)),
            }
        }
        Ok(())
    });
    let (level, error) = built.expect_err("unbounded depth");
    assert!((8..1_000).contains(&level), "refused at {level}: {error}");
}

#[test]
fn long_lists_are_refused() {
    let child = r#"{"type":"cron","hour":1},"#.repeat(100_000);
    for kind in ["and", "or"] {
        let text = format!(
            r#"{{"type":"{kind}","triggers":[{}]}}"#,
            child.trim_end_matches(',')
        );
        refused_naming(&text, &["triggers"]);
    }
    for field in ["minute", "day", "day_of_week", "year", "month"] {
        for element in ["1,", "*,", "1-2/1,", "last mon,", "jan,", "x,", ","] {
            let list = element.repeat(100_000);
            let text = json!({"type": "cron", field: list.trim_end_matches(',')}).to_string();
            refused_naming(&text, &[field]);
        }
    }
}

#[test]
fn long_texts_are_refused() {
    for long in [
        "1,".repeat(100_000) + "1 * * * *",
        " ".repeat(1_000_000),
        "* ".repeat(100_000),
        "L".repeat(100_000),
        "@".repeat(100_000),
        format!("{} * * * *", "9".repeat(100_000)),
    ] {
        refused(&json!({"type": "crontab", "expr": long}).to_string());
    }
    for field in ["timezone", "start", "end", "gap", "fold", "hour"] {
        let text = json!({"type": "cron", field: "é9".repeat(100_000)}).to_string();
        refused_naming(&text, &[field]);
    }
    let unknown = format!(r#"{{"type":"cron","{}":1}}"#, "x".repeat(100_000));
    refused(&unknown);
    let many: Vec<String> = (0..100_000)
        .map(|number| format!(r#""f{number}":1"#))
        .collect();
    refused(&format!(r#"{{"type":"cron",{}}}"#, many.join(",")));
}
