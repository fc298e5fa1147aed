//! Tests that a message stays short although what was written is long.

use std::fmt::Display;

use crate::{Cron, Crontab, Interval, JobId, Policies, Trigger, Zone};

/// The longest message in bytes, which is a few lines.
const LONGEST: usize = 700;

/// The messages that are longer.
#[derive(Default)]
struct Long(Vec<String>);

impl Long {
    fn add<T>(&mut self, what: &str, result: Result<T, impl Display>) {
        let message = match result {
            Ok(_) => return self.0.push(format!("{what} is accepted")),
            Err(error) => error.to_string(),
        };
        if message.len() > LONGEST {
            let head: String = message.chars().take(200).collect();
            let bytes = message.len();
            self.0.push(format!("{what}: {bytes} bytes: {head}"));
        }
    }
}

#[test]
fn a_message_does_not_repeat_a_long_text() {
    let mut messages = Long::default();
    for fill in ["9", "x", "é", "'", "\u{200b}", "minute ", "a/"] {
        let long = fill.repeat(9_000);
        for length in [
            long.clone(),
            format!("5{long}"),
            format!("1h {long}"),
            format!("{long}."),
        ] {
            messages.add("a span", Interval::every(length.as_str()).build());
            messages.add("a line", Crontab::new(format!("@every {length}")).build());
            messages.add("a line", Crontab::new(&length).build());
            messages.add("a policy", Policies::new().timeout(&length).build());
        }
        for line in [
            format!("@{long}"),
            format!("@ {long}"),
            format!("* * * * * {long}"),
            format!("TZ={long} * * * * *"),
            format!("'{long}'"),
            format!("cron({long})"),
            format!("cron(hour='{long}')"),
            format!("cron(hour={long})"),
            format!("cron({long}=9)"),
            format!("{long}(hour=9)"),
        ] {
            let what: String = line.chars().take(20).collect();
            messages.add(&what, line.parse::<Trigger>());
        }
        messages.add("a field", Cron::new().hour(long.as_str()).build());
        messages.add("a zone", Zone::new(&long));
        messages.add("an id", JobId::new(format!("{long}{long}")));
        let policies = |json: serde_json::Value| serde_json::from_value::<Policies>(json);
        messages.add(
            "the name of a policy",
            policies(serde_json::json!({&*long: 1})),
        );
        for name in [
            "retry",
            "overlap",
            "timeout",
            "max_instances",
            "coalesce",
            "jitter",
        ] {
            messages.add(name, policies(serde_json::json!({name: &long})));
            messages.add(name, policies(serde_json::json!({name: {&*long: 1}})));
        }
        let trigger = |json: serde_json::Value| json.to_string().parse::<Trigger>();
        messages.add("a type", trigger(serde_json::json!({"type": &long})));
        messages.add(
            "a field",
            trigger(serde_json::json!({"type": "cron", &*long: 1})),
        );
    }
    assert!(messages.0.is_empty(), "{}", messages.0.join("\n"));
}
