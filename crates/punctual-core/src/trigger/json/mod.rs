//! The JSON form of triggers, which stores keep and the REST API uses.
//!
//! The reader is written by hand. A derived, internally tagged enum would copy every level of a
//! nested trigger once per level and could not limit the depth. Its errors would name neither field
//! nor fix.

mod build;
mod fields;
mod write;

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
};
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
        write!(f, "a trigger{place}, an object with a `type`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Fields, E> {
        let wrong = E::invalid_type(Unexpected::Str(text), &self);
        let meant = text.parse::<Trigger>().map(|meant| in_json(&meant));
        let hint = match meant.ok().flatten() {
            Some(json) => format!("write {json}"),
            None => format!("write {EXAMPLE} for a crontab expression"),
        };
        Err(E::custom(format_args!("{wrong}; {hint}")))
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

const EXAMPLE: &str = r#"{"type":"crontab","expr":"*/5 * * * *"}"#;

fn in_json(trigger: &Trigger) -> Option<String> {
    serde_json::to_string(trigger).ok()
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

    fn refused(json: &str) -> String {
        let error = serde_json::from_str::<Trigger>(json).unwrap_err();
        error.to_string()
    }

    #[test]
    fn a_text_in_the_place_of_an_object_says_how_to_write_it() {
        let error = refused(r#""*/5 * * * *""#);
        let hint = r#"write {"type":"crontab","expr":"*/5 * * * *"}"#;
        assert!(
            error.contains("invalid type: string") && error.contains(hint),
            "{error}"
        );
        let error = refused(r#""interval(seconds=5)""#);
        assert!(
            error.contains(r#"write {"type":"interval","seconds":5}"#),
            "{error}"
        );
        let nested = r#"{"type":"or","triggers":["0 9 * * *"]}"#;
        let error = refused(nested);
        assert!(
            error.contains(r#"write {"type":"crontab","expr":"0 9 * * *"}"#),
            "{error}"
        );
        let error = refused(r#""whenever""#);
        assert!(error.contains(hint), "{error}");
    }
}
