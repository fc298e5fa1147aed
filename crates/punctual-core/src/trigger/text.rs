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
use crate::error::{Error, ErrorKind};
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
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
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
            let mut reader = Reader { text, at: 0 };
            let fields = reader
                .call(1)
                .map_err(|error| wrapped(text).unwrap_or(error))?;
            reader.skip_blanks();
            return if reader.at == text.len() {
                build(fields)
            } else {
                Err(reader.error("is followed by more text"))
            };
        }
        Crontab::new(text).build()
    }
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
        .with_hint(format!("write `{inside}` alone"))
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
            return Err(self.error("lacks a value; write text in quotes, or a number"));
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
        ] {
            assert_eq!(text.parse::<Trigger>().unwrap_err().to_string(), message);
        }
    }
}
