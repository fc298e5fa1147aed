//! Checks that a text is JSON that can be read without loss.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::{numbers, too_deep};
use crate::Error;
use crate::limits::MAX_JSON_DEPTH;

/// The limit above which `serde_json` reads every integer as a float.
const WIDE: f64 = 9.2e18;

pub(super) fn check(root: &str, text: &str) -> Result<(), Error> {
    let seen = Seen::default();
    let reader = Reader {
        depth: 0,
        seen: &seen,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = reader
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match read {
        Ok(()) if !seen.wide.get() => Ok(()),
        // Only the text shows which of the floats were written as integers.
        Ok(()) => numbers::check(root, text),
        Err(_) if seen.deep.get() => Err(too_deep(root)),
        Err(error) => {
            numbers::check(root, text)?;
            Err(Error::invalid(
                root.to_owned(),
                text,
                format!("is not valid JSON: {error}"),
            ))
        }
    }
}

#[derive(Default)]
struct Seen {
    wide: Cell<bool>,
    deep: Cell<bool>,
}

/// Reads everything that a tree of values would, and keeps nothing.
#[derive(Clone, Copy)]
struct Reader<'a> {
    /// The number of arrays and objects around the value.
    depth: usize,
    seen: &'a Seen,
}

impl Reader<'_> {
    /// Returns the reader of the values in an array or object.
    fn within<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_JSON_DEPTH {
            self.seen.deep.set(true);
            return Err(E::custom("nested too deep"));
        }
        let depth = self.depth + 1;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        if number.abs() >= WIDE {
            self.seen.wide.set(true);
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let within = self.within()?;
        while items.next_element_seed(within)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let within = self.within()?;
        while entries.next_key_seed(within)?.is_some() {
            entries.next_value_seed(within)?;
        }
        Ok(())
    }
}
