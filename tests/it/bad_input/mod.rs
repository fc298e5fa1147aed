//! What people send by mistake, and what they send on purpose: a clear error, quickly.

mod extremes;
mod fields;
mod messages;
mod nesting;
mod numbers;
mod texts;
mod times;
mod zones;

use std::time::{Duration, Instant};

use punctual_core::Trigger;

/// Far more than any answer takes on a loaded machine, far less than anything quadratic.
const QUICK: Duration = Duration::from_secs(2);

/// Runs a closure and fails if it took long.
fn quickly<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = work();
    let took = began.elapsed();
    assert!(took < QUICK, "{what} took {took:?}");
    result
}

/// The message with which JSON is refused, without the line and column of the text.
fn refused(text: &str) -> String {
    let shown: String = text.chars().take(200).collect();
    let read = quickly(&shown, || serde_json::from_str::<Trigger>(text));
    let message = read.expect_err(&format!("{shown} is accepted")).to_string();
    let message = message
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned();
    assert!(!message.trim().is_empty(), "{shown}: an empty message");
    assert!(
        message.len() < 2_000,
        "{shown}: a message of {} bytes",
        message.len()
    );
    message
}

/// Refuses JSON with words that name something.
fn refused_naming(text: &str, names: &[&str]) {
    let message = refused(text);
    for name in names {
        let shown: String = text.chars().take(200).collect();
        assert!(
            message.contains(name),
            "{shown}\n  `{message}` does not say `{name}`"
        );
    }
}
