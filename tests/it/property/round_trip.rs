//! A trigger survives its JSON and its text.

use punctual_core::Trigger;

use super::subject::{Subject, utc};
use crate::generate::Pivot;

pub(crate) fn holds(subject: &Subject, pivot: &Pivot) -> Result<(), String> {
    let trigger = &subject.trigger;
    let json = serde_json::to_string(trigger)
        .map_err(|error| subject.wrong("to JSON", &error.to_string(), "JSON"))?;
    let back: Trigger = serde_json::from_str(&json)
        .map_err(|error| subject.wrong(&format!("from JSON {json}"), &error.to_string(), "read"))?;
    let text = trigger.to_string();
    let read: Trigger = text
        .parse()
        .map_err(|error| subject.wrong(&format!("parse {text}"), &format!("{error}"), "read"))?;
    if back != *trigger || read != *trigger {
        return Err(subject.wrong(
            "round trip",
            &format!("{json} and {text}"),
            "an equal trigger",
        ));
    }
    let at = utc(pivot.at);
    let words = trigger.describe();
    if words.trim().is_empty() || words.len() > 2_000 {
        return Err(subject.wrong("describe", &words, "some words"));
    }
    let answers = |trigger: &Trigger| (trigger.after(at), trigger.last_at_or_before(at));
    if answers(&back) != answers(trigger) || answers(&read) != answers(trigger) {
        return Err(subject.wrong("round trip", &json, "the same answers"));
    }
    Ok(())
}
