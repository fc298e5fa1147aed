//! The JSON form of triggers: what stores and the REST API hold.
//!
//! Reading is written out by hand: a derived, internally tagged enum would copy every level of a
//! nested trigger once per level, has no say in depth, and its errors name neither field nor fix.

mod build;
mod fields;
mod write;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

pub(super) use self::build::build;
pub(super) use self::fields::Fields;
pub(super) use self::write::{Entry, entries};
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
        entries(self).serialize(serializer)
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
        deserializer.deserialize_map(self)
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
