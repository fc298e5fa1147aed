//! Policies as literals. The types that read them at run time check them at compile time.

use punctual_core::PoliciesBuilder;
use serde_json::{Map, Number, Value as Json, json};
use syn::Ident;
use syn::ext::IdentExt as _;

use crate::caret;
use crate::syntax::{Argument, Value, object};

const SPANS: [&str; 3] = ["misfire_grace_time", "jitter", "timeout"];

const UNITS: [(&str, f64); 5] = [
    ("weeks", 604_800.0),
    ("days", 86_400.0),
    ("hours", 3_600.0),
    ("minutes", 60.0),
    ("seconds", 1.0),
];

/// Reads `name = value`. `timeout(minutes = 5)` and `retry(attempts = 3)` come as calls.
pub(crate) fn read(name: &Ident, value: &Value) -> syn::Result<(String, Json)> {
    let key = name.unraw().to_string();
    let json = match value {
        // The call itself is the value, as in `retry(attempts = 3)`.
        Value::Call(own, arguments) if own.unraw() == key => fields(&key, arguments)?,
        Value::Call(choice, arguments) => counted(choice, arguments)?,
        other => other.json()?,
    };
    let mut policies = PoliciesBuilder::default();
    let read = policies.set_json(&key, &json);
    match read.and_then(|()| policies.build()) {
        Ok(_) => Ok((key, json)),
        Err(error) => Err(explain(&error, value)),
    }
}

/// Reads `queue(3)` or `queue(at_most = 3)`.
fn counted(choice: &Ident, arguments: &[Argument]) -> syn::Result<Json> {
    let json = match arguments {
        [Argument { name: None, value }] => value.json()?,
        arguments => object(arguments)?,
    };
    let choice = choice.unraw().to_string();
    Ok(json!({ choice: json }))
}

/// Returns the error at the part of the value that it is about.
fn explain(error: &punctual_core::Error, value: &Value) -> syn::Error {
    let part = error.field().and_then(|field| field.split_once('.'));
    if let (Value::Call(_, arguments), Some((_, part))) = (value, part) {
        for argument in arguments {
            match (&argument.name, &argument.value) {
                (Some(name), _) if name == part && error.is_of_name() => {
                    return syn::Error::new(name.span(), error);
                }
                (Some(name), value) if name == part => return at(error, value),
                (None, Value::Call(name, _)) if name == part => {
                    return syn::Error::new(name.span(), error);
                }
                _ => {}
            }
        }
    }
    at(error, value)
}

fn at(error: &punctual_core::Error, value: &Value) -> syn::Error {
    let text = value.text().map(|text| text.value());
    syn::Error::new(value.span(), caret::message(error, text.as_deref()))
}

fn fields(key: &str, arguments: &[Argument]) -> syn::Result<Json> {
    if SPANS.contains(&key) {
        return seconds(arguments);
    }
    let mut fields = Map::new();
    for argument in arguments {
        let (name, json) = match (&argument.name, &argument.value) {
            // A field with units, as in `backoff(minutes = 1)`.
            (None, Value::Call(name, arguments)) => (name, seconds(arguments)?),
            (Some(name), value) => (name, value.json()?),
            (None, value) => {
                return Err(syn::Error::new(value.span(), "expected `name = value`"));
            }
        };
        fields.insert(name.unraw().to_string(), json);
    }
    Ok(Json::Object(fields))
}

/// Returns the seconds of a duration with units, such as `minutes = 5, seconds = 30`.
fn seconds(arguments: &[Argument]) -> syn::Result<Json> {
    let mut sum = 0.0;
    for argument in arguments {
        let Some(name) = &argument.name else {
            let message = "expected a unit of time, as in `minutes = 5`";
            return Err(syn::Error::new(argument.value.span(), message));
        };
        let unit = UNITS.iter().find(|(unit, _)| name == unit);
        let unit = unit.map(|(_, seconds)| seconds).ok_or_else(|| {
            let message = format!(
                "unknown unit of time `{name}`; expected weeks, days, hours, minutes or seconds"
            );
            syn::Error::new(name.span(), message)
        })?;
        let number = argument.value.json()?.as_f64().ok_or_else(|| {
            syn::Error::new(argument.value.span(), format!("{name}: is not a number"))
        })?;
        sum += number * unit;
    }
    Ok(Number::from_f64(sum).map_or(Json::Null, Json::Number))
}
