//! The text form of triggers, which is a crontab expression or a call as in
//! `#[scheduled_job(...)]`.
//!
//! ```text
//! trigger = crontab expression | JSON object | call
//! call    = type "(" [ argument *( "," argument ) ] ")"
//! argument = name "=" JSON value | call
//! ```

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::combine::too_deep;
use super::json::{FieldValue, Fields, build, field_values};
use super::{Crontab, Trigger};
use crate::error::{Error, ErrorKind, abbreviated};
use crate::json;
use crate::limits::MAX_DEPTH;

/// Writes the call form, such as `cron(hour="9", timezone="Europe/Berlin")`.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (name, value) in field_values(self).0 {
            match value {
                FieldValue::Value(Value::String(kind)) if name == "type" => write!(f, "{kind}(")?,
                FieldValue::Value(value) => {
                    write!(f, "{comma}{name}={value}")?;
                    comma = ", ";
                }
                FieldValue::Triggers(children) => {
                    for child in children {
                        write!(f, "{comma}{child}")?;
                        comma = ", ";
                    }
                }
            }
        }
        f.write_str(")")
    }
}

impl FromStr for Trigger {
    type Err = Error;

    /// Reads a crontab expression, the JSON form, or the call form.
    fn from_str(given: &str) -> Result<Self, Error> {
        let text = given.trim();
        if text.starts_with('{') {
            return serde_json::from_str(text)
                .map_err(|error| Error::new(ErrorKind::Invalid, "", error.to_string()))
                .and_then(|fields| {
                    // The configuration of a custom trigger may contain any number.
                    json::check("trigger", text)?;
                    build(fields)
                });
        }
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.contains('(') {
            let blanks = given.len() - given.trim_start().len();
            return build(read_call(text).map_err(|error| error.behind(blanks))?);
        }
        Crontab::new(given).build()
    }
}

fn read_call(text: &str) -> Result<Fields, Error> {
    let mut reader = Reader { text, at: 0 };
    let fields = reader
        .call(1)
        .map_err(|error| wrapped(text).unwrap_or(error))?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.error("is followed by more text"));
    }
    Ok(fields)
}

/// Returns the error for a wrapped crontab expression such as `cron(0 12 * * ? *)` of AWS.
fn wrapped(text: &str) -> Option<Error> {
    let inside = text.strip_prefix("cron(")?.strip_suffix(')')?.trim();
    let is_line = inside.split_whitespace().count() >= 5 && !inside.contains(['=', '(']);
    is_line.then(|| {
        Error::invalid(
            "trigger",
            text,
            "holds a crontab expression instead of fields",
        )
        .with_hint(format!("write `{}` alone", abbreviated(inside)))
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn error(&self, problem: &str) -> Error {
        Error::invalid("trigger", self.text, problem).at(self.at)
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let follows = self.rest().starts_with(wanted);
        self.at += if follows { wanted.len_utf8() } else { 0 };
        follows
    }

    fn word(&mut self) -> &'a str {
        self.skip_blanks();
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn call(&mut self, depth: usize) -> Result<Fields, Error> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let kind = self.word();
        if !self.eat('(') {
            return Err(self.error("lacks a `(` after the trigger type"));
        }
        let mut fields = Fields::default();
        fields.insert("type".to_owned(), kind.into())?;
        let mut children = Vec::new();
        while !self.eat(')') {
            self.argument(depth, &mut fields, &mut children)?;
            if !self.eat(',') && !self.rest().trim_start().starts_with(')') {
                return Err(self.error("lacks a `,` or `)`"));
            }
        }
        if !children.is_empty() || matches!(kind, "and" | "or") {
            fields.set_children(children)?;
        }
        Ok(fields)
    }

    fn argument(
        &mut self,
        depth: usize,
        fields: &mut Fields,
        children: &mut Vec<Fields>,
    ) -> Result<(), Error> {
        let start = self.at;
        let name = self.word();
        if self.eat('=') {
            return fields.insert(name.to_owned(), self.value()?);
        }
        if self.rest().starts_with('(') {
            self.at = start;
            children.push(self.call(depth + 1)?);
            return Ok(());
        }
        Err(self.error("lacks a `name=value`"))
    }

    /// Returns the error for a value that JSON does not have. `rest` begins with it.
    fn no_value(&self, rest: &str) -> Error {
        let single = rest.strip_prefix('\'');
        if let Some((inside, _)) = single.and_then(|rest| rest.split_once('\'')) {
            let error = self.error("has single quotes");
            return error.with_hint(format!("write `\"{}\"`", abbreviated(inside)));
        }
        let end = rest.find([',', ')']).unwrap_or(rest.len());
        let written = rest[..end].trim();
        if written.parse::<f64>().is_ok_and(f64::is_infinite) {
            let error = self.error("holds a number that is too large");
            return error.with_hint("write a smaller one");
        }
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '/');
        let error = self.error("lacks a value");
        if !written.is_empty() && written.chars().all(is_word) {
            return error.with_hint(format!("write `\"{}\"`", abbreviated(written)));
        }
        error.with_hint("write text in double quotes, or a number")
    }

    /// Reads one JSON value.
    fn value(&mut self) -> Result<Value, Error> {
        self.skip_blanks();
        let rest = self.rest();
        let (value, length) = if rest.starts_with(['"', '[', '{']) {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter();
            (values.next(), values.byte_offset())
        } else {
            let length = rest.find([',', ')']).unwrap_or(rest.len());
            (Some(serde_json::from_str(&rest[..length])), length)
        };
        let Some(Ok(value)) = value else {
            return Err(self.no_value(rest));
        };
        json::check("trigger", &rest[..length])?;
        self.at += length;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_within_a_call() {
        for (text, message) in [
            (
                "cron(30 2 * * *)",
                "trigger: `cron(30 2 * * *)` holds a crontab expression instead of fields; write `30 2 * * *` alone",
            ),
            (
                "cron(0 12 * * ? *)",
                "trigger: `cron(0 12 * * ? *)` holds a crontab expression instead of fields; write `0 12 * * ? *` alone",
            ),
            (
                "cron(9)",
                "trigger: `cron(9)` lacks a `name=value` (at position 6)",
            ),
            (
                "  cron(9)",
                "trigger: `cron(9)` lacks a `name=value` (at position 8)",
            ),
            (
                "cron(hour='9')",
                "trigger: `cron(hour='9')` has single quotes (at position 10); write `\"9\"`",
            ),
            (
                "cron(day_of_week=mon)",
                "trigger: `cron(day_of_week=mon)` lacks a value (at position 17); write `\"mon\"`",
            ),
            (
                "cron(hour=)",
                "trigger: `cron(hour=)` lacks a value (at position 10); write text in double quotes, or a number",
            ),
            (
                "interval(seconds=1e9999)",
                "trigger: `interval(seconds=1e9999)` holds a number that is too large (at position 17); write a smaller one",
            ),
        ] {
            assert_eq!(text.parse::<Trigger>().unwrap_err().to_string(), message);
        }
    }
}
