//! The fields of one trigger as they were given, handed out one by one and checked for leftovers.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Number, Value};

use crate::daylight::{Fold, Gap};
use crate::error::{Error, ErrorKind, abbreviated};
use crate::suggest::nearest;
use crate::trigger::FirstRun;
use crate::trigger::when::{self, When};
use crate::zone::Zone;

#[derive(Debug, Default)]
pub(crate) struct Fields {
    values: BTreeMap<String, Value>,
    children: Option<Vec<Self>>,
    /// The text of the trigger, if it was written as one.
    pub(super) written: Option<String>,
}

impl Fields {
    pub(super) fn of_text(text: &str) -> Self {
        Self {
            written: Some(text.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn insert(&mut self, key: String, value: Value) -> Result<(), Error> {
        if self.values.contains_key(&key) {
            return Err(twice(&key));
        }
        self.values.insert(key, value);
        Ok(())
    }

    pub(crate) fn set_children(&mut self, children: Vec<Self>) -> Result<(), Error> {
        match self.children.replace(children) {
            Some(_) => Err(twice("triggers")),
            None => Ok(()),
        }
    }

    pub(super) fn take_children(&mut self) -> Result<Vec<Self>, Error> {
        self.children
            .take()
            .ok_or_else(|| missing("triggers", "a list of triggers"))
    }

    /// Takes a value that is present and not null.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key).filter(|value| !value.is_null())
    }

    fn take_text(&mut self, key: &'static str) -> Result<Option<String>, Error> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(key, &other, "text")),
        }
    }

    pub(super) fn require_text(&mut self, key: &'static str, what: &str) -> Result<String, Error> {
        self.take_text(key)?.ok_or_else(|| missing(key, what))
    }

    /// Takes a cron field, which is a text or an integer.
    pub(super) fn take_expression(&mut self, key: &'static str) -> Result<Option<String>, Error> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) if !number.is_f64() => Ok(Some(number.to_string())),
            Some(other) => Err(wrong_type(key, &other, "text or a whole number")),
        }
    }

    pub(super) fn take_number(&mut self, key: &'static str) -> Result<Option<Number>, Error> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(other) => Err(wrong_type(key, &other, "a number")),
        }
    }

    /// Takes a whole number that is not negative.
    pub(super) fn take_u32(&mut self, key: &'static str) -> Result<Option<u32>, Error> {
        let Some(number) = self.take_number(key)? else {
            return Ok(None);
        };
        if number.as_f64().is_some_and(|value| value < 0.0) {
            return Err(Error::invalid(key, number, "is below the minimum 0"));
        }
        if number.is_f64() {
            return Err(Error::invalid(key, number, "is not a whole number"));
        }
        Ok(Some(
            number
                .as_u64()
                .and_then(|value| value.try_into().ok())
                .unwrap_or(u32::MAX),
        ))
    }

    pub(super) fn take_flag(&mut self, key: &'static str) -> Result<bool, Error> {
        match self.take(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(wrong_type(key, &other, "true or false")),
        }
    }

    pub(super) fn take_zone(&mut self) -> Result<Option<Zone>, Error> {
        self.take_text("timezone")?
            .map(|name| Zone::new(&name))
            .transpose()
    }

    pub(super) fn take_when(&mut self, key: &'static str) -> Result<Option<When>, Error> {
        let parse = |text: String| {
            text.parse()
                .map_err(|problem: String| Error::invalid(key, &text, problem))
        };
        self.take_text(key)?.map(parse).transpose()
    }

    pub(super) fn take_date(&mut self, key: &'static str) -> Result<Option<NaiveDate>, Error> {
        let parse = |text: String| {
            when::parse_date(&text).map_err(|problem| Error::invalid(key, &text, problem))
        };
        self.take_text(key)?.map(parse).transpose()
    }

    fn take_word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.take_text(key)? else {
            return Ok(None);
        };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
                Err(Error::invalid(
                    key,
                    text,
                    format!("is not one of {}", known.join(", ")),
                ))
            }
        }
    }

    pub(super) fn take_gap(&mut self) -> Result<Option<Gap>, Error> {
        let words = [
            ("after", Gap::After),
            ("skip", Gap::Skip),
            ("shift", Gap::Shift),
        ];
        self.take_word("gap", &words)
    }

    pub(super) fn take_fold(&mut self) -> Result<Option<Fold>, Error> {
        let words = [
            ("first", Fold::First),
            ("second", Fold::Second),
            ("both", Fold::Both),
        ];
        self.take_word("fold", &words)
    }

    pub(super) fn take_first_run(&mut self) -> Result<Option<FirstRun>, Error> {
        let words = [
            ("after_interval", FirstRun::AfterInterval),
            ("immediately", FirstRun::Immediately),
        ];
        self.take_word("first_run", &words)
    }

    /// Refuses fields that are left over. `known` are the fields of this type.
    pub(super) fn finish(mut self, kind: &str, known: &[&str]) -> Result<(), Error> {
        if self.children.take().is_some() {
            self.values.insert("triggers".to_owned(), Value::Null);
        }
        // A field may be null wherever it may be omitted.
        match self
            .values
            .into_keys()
            .find(|key| !known.contains(&key.as_str()))
        {
            Some(key) => Err(unknown(&key, kind, known)),
            None => Ok(()),
        }
    }
}

fn twice(key: &str) -> Error {
    Error::new(ErrorKind::Invalid, abbreviated(key), "is given twice")
}

pub(super) fn missing(key: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Invalid, key, "is missing").with_hint(format!("give {what}"))
}

fn wrong_type(key: &'static str, value: &Value, wanted: &str) -> Error {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Error::invalid(key, value, format!("is {kind}, not {wanted}"))
}

/// Returns the hint for a name of another notation, which says where its meaning belongs here.
fn renamed(key: &str, known: &[&str]) -> Option<String> {
    let new_name = match key {
        "run_date" => "run_at",
        "start_date" if known.contains(&"start") => "start",
        "end_date" if known.contains(&"end") => "end",
        "tz" | "time_zone" => "timezone",
        "weekday" | "dow" => "day_of_week",
        "expression" | "cron" | "pattern" => "expr",
        "jitter" => return Some("jitter is a policy of the job, not of its trigger".to_owned()),
        _ => return None,
    };
    known
        .contains(&new_name)
        .then(|| format!("{key} is called {new_name}"))
}

fn unknown(key: &str, kind: &str, known: &[&str]) -> Error {
    if let Some(problem) = renamed(key, known) {
        // The problem already begins with the name, so a field in front would repeat it.
        return Error::new(ErrorKind::Invalid, key.to_owned(), problem)
            .standalone()
            .of_name();
    }
    let short: String = match key {
        "" => "\"\"".to_owned(),
        key => key.chars().take(64).collect(),
    };
    let error = Error::new(
        ErrorKind::Invalid,
        short,
        format!("is not a field of {kind}"),
    )
    .of_name();
    match nearest(key, known.iter().copied()) {
        Some(name) => error.with_hint(format!("did you mean {name}?")),
        None => error.with_hint(format!("its fields are {}", known.join(", "))),
    }
}
