//! The JSON form of triggers, which stores keep and the REST API uses.
//!
//! The reader is written by hand. A derived, internally tagged enum would copy every level of a
//! nested trigger once per level and could not limit the depth. Its errors would name neither field
//! nor fix.

mod build;
mod fields;
mod write;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

pub(super) use self::build::build;
pub(super) use self::fields::Fields;
pub(super) use self::write::{FieldValue, field_values};
use super::Trigger;
use super::combine::too_deep;
use crate::limits::{MAX_DEPTH, MAX_TRIGGERS};

impl<'de> Deserialize<'de> for Trigger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        build(fields).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        FieldsVisitor { depth: 1 }.deserialize(deserializer)
    }
}

impl Serialize for Trigger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        field_values(self).serialize(serializer)
    }
}

/// Reads the fields of one trigger at a depth of nesting.
struct FieldsVisitor {
    depth: usize,
}

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.depth > 1 { " in `triggers`" } else { "" };
        write!(f, "a trigger{place}, text or an object with a `type`")
    }

    /// Reads the text of a trigger, as code writes it.
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Fields, E> {
        Ok(Fields::of_text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "triggers" {
                let children = map.next_value_seed(Children {
                    depth: self.depth + 1,
                })?;
                fields.set_children(children).map_err(A::Error::custom)?;
            } else {
                let value = map.next_value::<Value>()?;
                fields.insert(key, value).map_err(A::Error::custom)?;
            }
        }
        Ok(fields)
    }
}

impl<'de> DeserializeSeed<'de> for FieldsVisitor {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Reads the list of a combination's triggers.
struct Children {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Children {
    type Value = Vec<Fields>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Fields>, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(D::Error::custom(too_deep()));
        }
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Children {
    type Value = Vec<Fields>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`triggers`, a list of triggers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Fields>, A::Error> {
        let mut triggers = Vec::new();
        while let Some(trigger) = list.next_element_seed(FieldsVisitor { depth: self.depth })? {
            triggers.push(trigger);
            if triggers.len() >= MAX_TRIGGERS {
                return Err(A::Error::custom(format_args!(
                    "triggers: holds more than the maximum of {} triggers",
                    MAX_TRIGGERS - 1
                )));
            }
        }
        Ok(triggers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Trigger, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_stands_for_an_object() {
        for (text, object) in [
            (r#""0 0 1 1 *""#, r#"{"type":"crontab","expr":"0 0 1 1 *"}"#),
            (
                r#""interval(seconds=5)""#,
                r#"{"type":"interval","seconds":5}"#,
            ),
            (
                r#"{"type":"or","triggers":["0 9 * * *","cron(hour=8)"]}"#,
                r#"{"type":"or","triggers":[{"type":"crontab","expr":"0 9 * * *"},{"type":"cron","hour":8}]}"#,
            ),
        ] {
            assert_eq!(read(text).unwrap(), read(object).unwrap(), "{text}");
        }
    }

    #[test]
    fn a_wrong_text_is_told_as_code_is_told() {
        for text in ["whenever", "0 27 * * *", "interval(seconds=0)", "5m"] {
            let said = read(&format!("\"{text}\"")).unwrap_err();
            let in_code = text.parse::<Trigger>().unwrap_err().to_string();
            assert!(said.starts_with(&in_code), "{said}\n{in_code}");
        }
        let error = read("5").unwrap_err();
        assert!(
            error.contains("expected a trigger, text or an object"),
            "{error}"
        );
    }

    /// A text that held the JSON form would hide levels from the limit of depth.
    #[test]
    fn json_in_a_text_is_refused() {
        let object = r#"{"type":"cron","hour":8}"#;
        let error = read(&serde_json::to_string(object).unwrap()).unwrap_err();
        assert!(
            error.starts_with("the trigger is JSON in a text"),
            "{error}"
        );
        let text = |json: &str| serde_json::to_string(&format!(" {json}")).unwrap();
        let mut deep = object.to_owned();
        for _ in 0..12 {
            deep = format!(r#"{{"type":"or","triggers":[{}]}}"#, text(&deep));
            assert!(read(&deep).is_err());
        }
    }

    #[test]
    fn a_wrong_text_in_a_combination_is_told_with_its_path() {
        let error = read(r#"{"type":"or","triggers":["0 8 * * *","cron(hour=27)"]}"#).unwrap_err();
        assert!(error.starts_with("triggers[1].hour: "), "{error}");
    }

    /// The depth counts through texts.
    #[test]
    fn combinations_in_texts_count_as_levels() {
        let levels = MAX_DEPTH - 1;
        let deep = "or(".repeat(levels) + "cron(hour=8)" + &")".repeat(levels);
        assert!(deep.parse::<Trigger>().is_ok());
        assert!(read(&serde_json::json!({"type": "or", "triggers": [deep]}).to_string()).is_err());
    }
}
