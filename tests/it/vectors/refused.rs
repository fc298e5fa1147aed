//! Everything invalid and everything lenient is refused, with words that help.

use punctual_core::Trigger;
use serde_json::Value;

use super::fault::AT_FAULT;
use super::file::lines;
use crate::property::family::say;

#[test]
fn what_is_invalid_or_lenient_is_refused_by_name_and_value() {
    let mut wrong = Vec::new();
    for file in ["invalid", "lenient"] {
        let all = lines(file);
        for (line, json) in &all {
            if let Err(failure) = refused(json) {
                wrong.push(format!("{file} {line}\n  {failure}"));
            }
        }
        say(format_args!("vectors: {file}: {} to refuse", all.len()));
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn refused(json: &Value) -> Result<(), String> {
    let id = json["id"].as_str().expect("vectors have ids");
    let trigger = &json["trigger"];
    let (_, fault) = AT_FAULT
        .iter()
        .find(|(known, _)| *known == id)
        .expect("a known id");
    let Err(error) = serde_json::from_value::<Trigger>(trigger.clone()) else {
        return Err("is accepted".to_owned());
    };
    let message = error.to_string();
    let from_text = serde_json::from_str::<Trigger>(&trigger.to_string());
    if !from_text.is_err_and(|error| error.to_string().starts_with(&message)) {
        return Err(format!("`{message}` is not what the JSON text is answered"));
    }
    let Some(field) = fault.split('|').find(|field| message.contains(field)) else {
        return Err(format!("`{message}` does not name {fault}"));
    };
    // A field that should not be there at all is named alone.
    if ["is not a field", "is called", "is a policy"]
        .iter()
        .any(|words| message.contains(words))
    {
        return Ok(());
    }
    let shown = pieces(&trigger[field])
        .iter()
        .any(|piece| message.contains(piece.as_str()));
    if !trigger[field].is_null() && !shown {
        return Err(format!(
            "`{message}` does not show the value {}",
            trigger[field]
        ));
    }
    Ok(())
}

/// The value as written, or the elements of its list.
fn pieces(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text
            .split([',', ' ', '-', '/'])
            .chain([text.as_str()])
            .filter(|piece| !piece.is_empty() || text.is_empty() || text.contains(','))
            .map(str::to_owned)
            .collect(),
        // What is wrong with a list or an object is its kind.
        Value::Array(_) | Value::Object(_) => vec![String::new()],
        other => vec![other.to_string()],
    }
}

#[test]
fn each_debatable_trigger_is_described_or_refused() {
    for (line, json) in lines("invalid_debatable") {
        let reading = match serde_json::from_value::<Trigger>(json["trigger"].clone()) {
            Ok(trigger) => trigger.describe(),
            Err(error) => format!("refused: {error}"),
        };
        assert!(!reading.is_empty(), "{line}");
        say(format_args!("debatable: {} -> {reading}", json["trigger"]));
    }
}
