//! The steps from text to a configuration.

use punctual_core::json as exact;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::SchedulerConfig;
use crate::error::{Error, ErrorKind, of_lines};
use crate::nearest::with_hint;

/// The tree of values from one source.
pub(super) struct Layer(pub(super) Value);

impl Layer {
    /// Returns the values of both. Where both have a value, that of `other` counts.
    pub(super) fn under(self, other: Self) -> Self {
        Self(merged(self.0, other.0))
    }

    pub(super) fn into_config(self) -> Result<SchedulerConfig, Error> {
        let config: Result<SchedulerConfig, _> = serde_path_to_error::deserialize(self.0);
        let config = config.map_err(|error| {
            let at = match error.path().to_string() {
                whole if whole == "." => String::new(),
                path => format!("{path}: "),
            };
            let message = with_hint(&error.inner().to_string());
            Error::of(ErrorKind::Invalid, format!("config: {at}{message}"))
        })?;
        config.checked()
    }
}

fn merged(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Object(mut below), Value::Object(above)) => {
            for (key, value) in above {
                let under = below.remove(&key).unwrap_or(Value::Null);
                below.insert(key, merged(under, value));
            }
            Value::Object(below)
        }
        (_, above) => above,
    }
}

pub(super) fn from_toml(text: &str) -> Result<Layer, Error> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        of_lines(ErrorKind::Invalid, &format!("config: {error}"))
    })?;
    // TOML knows NaN and infinities, which a tree of JSON would hold as null.
    exact::to_text("config", &table)?;
    Ok(Layer(json(toml::Value::Table(table))))
}

pub(super) fn from_json(text: &str) -> Result<Layer, Error> {
    let tree = serde_json::from_str(text)
        .map_err(|error| Error::of(ErrorKind::Invalid, format!("config: {error}")))?;
    exact::check("config", text)?;
    Ok(Layer(tree))
}

/// Converts a value of TOML to JSON. Times become text, since triggers read them from text.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => is.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| (key, json(value)));
            Value::Object(entries.collect())
        }
    }
}

pub(super) fn from_environment(
    prefix: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Layer, Error> {
    let mut tree = Value::Object(Map::new());
    for (name, value) in variables {
        if let Some(path) = name.strip_prefix(prefix) {
            let value = variable(&name, value)?;
            let path = path.to_lowercase();
            let branch = path.rsplit("__").fold(value, |value, key| {
                Value::Object(Map::from_iter([(key.to_owned(), value)]))
            });
            tree = merged(tree, branch);
        }
    }
    Ok(Layer(tree))
}

fn variable(name: &str, text: String) -> Result<Value, Error> {
    // `IgnoredAny` reads numbers of any size, unlike `Value`.
    if serde_json::from_str::<IgnoredAny>(&text).is_err() {
        return Ok(Value::String(text));
    }
    exact::check(name, &text)?;
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
