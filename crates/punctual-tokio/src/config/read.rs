//! The steps from text to a configuration.

use std::borrow::Cow;
use std::env;

use punctual_core::json as exact;
use punctual_store::address::redacted_in;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::{CONFIG, Settings};
use crate::error::{Error, ErrorKind};
use crate::json_path::joined;
use crate::nearest::with_hint;

/// The tree of values from one source.
pub(super) struct Layer(pub(super) Value);

/// The reason why a tree has no settings.
pub(super) struct Refused {
    pub(super) error: Error,
    /// True if another source may have what this one lacks.
    pub(super) is_missing: bool,
}

impl Layer {
    /// Returns the values of both. Where both have a value, that of `other` counts.
    pub(super) fn under(self, other: Self) -> Self {
        Self(merged(self.0, other.0))
    }

    pub(super) fn settings(&self, source: &str) -> Result<Settings, Refused> {
        let settings: Result<Settings, _> = serde_path_to_error::deserialize(self.0.clone());
        let settings = settings.map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { "" } else { &*path };
            let problem = error.inner().to_string();
            Refused {
                // Variables lie over a list of jobs as a whole.
                is_missing: problem.starts_with("missing field") && !path.starts_with("jobs"),
                error: refused(source, path, &with_hint(&problem)),
            }
        })?;
        for (index, job) in settings.jobs.iter().enumerate() {
            if let Some(problem) = job.problem() {
                return Err(Refused {
                    error: refused(source, &format!("jobs[{index}]"), &problem),
                    is_missing: false,
                });
            }
        }
        Ok(settings)
    }
}

/// Returns the error for a value at `path`. The message does not name an unknown field twice.
fn refused(source: &str, path: &str, problem: &str) -> Error {
    let (path, problem) = with_policy(path, problem);
    let path = &*path;
    let field = if path.is_empty() { CONFIG } else { path };
    let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
    let names_itself = problem.starts_with(&format!("unknown field `{last}`"));
    let place = if names_itself { above } else { path };
    let about = match place {
        "" => source.to_owned(),
        place => format!("{source}: {place}"),
    };
    of_lines(field, problem).about(redacted_in(&about))
}

/// Returns the path with the policy that the problem begins with.
fn with_policy<'a>(path: &'a str, problem: &'a str) -> (Cow<'a, str>, &'a str) {
    let holds_policies = path == "job_defaults" || path.ends_with(".policies");
    if holds_policies {
        joined(path, problem)
    } else {
        (path.into(), problem)
    }
}

/// Returns an error whose message has several lines, as another library has written it. Passwords
/// are left out.
fn of_lines(field: &str, text: &str) -> Error {
    let text = redacted_in(text);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let first = Error::new(ErrorKind::Invalid, redacted_in(field), first).standalone();
    lines.fold(first, Error::and_line)
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

pub(super) fn from_toml(source: &str, text: &str) -> Result<Layer, Error> {
    let table = text
        .parse()
        .map_err(|error: toml::de::Error| of_lines(CONFIG, &error.to_string()).about(source));
    let table: toml::Table = table?;
    // TOML knows NaN and infinities, which a tree of JSON would hold as null.
    exact::to_text("config", &table)?;
    Ok(Layer(json(toml::Value::Table(table))))
}

pub(super) fn from_json(source: &str, text: &str) -> Result<Layer, Error> {
    let tree = serde_json::from_str(text)
        .map_err(|error| of_lines(CONFIG, &error.to_string()).about(source))?;
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

/// Reads the variables of the process.
pub(super) fn environment(prefix: &str) -> Result<Layer, Error> {
    let mut variables = Vec::new();
    for (name, value) in env::vars_os() {
        // A prefix is Unicode, so another name does not begin with it.
        let Some(name) = name
            .into_string()
            .ok()
            .filter(|name| name.starts_with(prefix))
        else {
            continue;
        };
        let Ok(value) = value.into_string() else {
            let error = Error::new(ErrorKind::Invalid, CONFIG, "is not Unicode");
            return Err(error.with_value(name).with_hint("set the variable anew"));
        };
        variables.push((name, value));
    }
    from_environment(prefix, variables)
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
