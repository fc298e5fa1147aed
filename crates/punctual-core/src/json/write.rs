//! A serializer around another one. It refuses what JSON cannot hold, and records where that is.

use std::cell::RefCell;
use std::fmt::{self, Display};

use serde::ser::{self, Serialize, Serializer};

use super::path::Path;
use crate::limits::MAX_JSON_DEPTH;

/// The first problem that was found.
#[derive(Default)]
pub(super) struct Unwritable {
    /// The path of the problem, empty if it is not known.
    pub(super) path: String,
    /// The number at fault, if a number is the problem.
    pub(super) number: Option<BadNumber>,
}

/// A number that JSON or a JSON reader cannot hold.
pub(super) enum BadNumber {
    NotFinite(&'static str),
    Wide(String),
}

/// A value at its place.
pub(super) struct Item<'a, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) path: &'a Path<'a>,
    /// The number of values around this one.
    pub(super) depth: usize,
    pub(super) unwritable: &'a RefCell<Option<Unwritable>>,
}

impl<T: Serialize + ?Sized> Serialize for Item<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let context = Context {
            path: self.path,
            depth: self.depth,
            unwritable: self.unwritable,
        };
        // The innermost value fails first, so its path is kept.
        let note = |_: &S::Error| context.note(None);
        self.value
            .serialize(Exact { inner, context })
            .inspect_err(note)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    path: &'a Path<'a>,
    depth: usize,
    unwritable: &'a RefCell<Option<Unwritable>>,
}

impl<'a> Context<'a> {
    fn note(&self, number: Option<BadNumber>) {
        let path = || self.path.to_string();
        self.unwritable
            .borrow_mut()
            .get_or_insert_with(|| Unwritable {
                path: path(),
                number,
            });
    }

    fn child<T: ?Sized>(&self, value: &'a T, path: &'a Path<'a>) -> Item<'a, T> {
        Item {
            value,
            path,
            depth: self.depth + 1,
            unwritable: self.unwritable,
        }
    }

    fn check_depth<E: ser::Error>(&self) -> Result<(), E> {
        if self.depth < MAX_JSON_DEPTH {
            return Ok(());
        }
        let problem = format_args!("it is nested deeper than {MAX_JSON_DEPTH} levels");
        Err(E::custom(problem))
    }

    fn check_float<E: ser::Error>(&self, float: f64) -> Result<(), E> {
        if float.is_finite() {
            return Ok(());
        }
        let number = match float {
            f64::INFINITY => "infinity",
            f64::NEG_INFINITY => "-infinity",
            _ => "NaN",
        };
        self.note(Some(BadNumber::NotFinite(number)));
        Err(E::custom(number))
    }

    fn check_integer<E: ser::Error>(
        &self,
        integer: impl TryInto<i64> + TryInto<u64> + Display + Copy,
    ) -> Result<(), E> {
        let fits = TryInto::<i64>::try_into(integer).is_ok();
        if fits || TryInto::<u64>::try_into(integer).is_ok() {
            return Ok(());
        }
        self.note(Some(BadNumber::Wide(integer.to_string())));
        Err(E::custom("an integer beyond 64 bits"))
    }
}

/// A serializer, or a serializer of a sequence, a map or a struct.
pub(super) struct Exact<'a, I> {
    inner: I,
    context: Context<'a>,
}

impl<'a, I> Exact<'a, I> {
    /// Wraps the serializer of an array, object or variant.
    fn compound<C, E: ser::Error>(
        self,
        variant: Option<&'static str>,
        begin: impl FnOnce(I) -> Result<C, E>,
    ) -> Result<Compound<'a, C>, E> {
        self.context.check_depth()?;
        Ok(Compound {
            inner: begin(self.inner)?,
            context: self.context,
            variant,
            index: 0,
            key: String::new(),
        })
    }
}

macro_rules! as_it_is {
    ($($name:ident($kind:ty)),+ $(,)?) => {
        $(fn $name(self, value: $kind) -> Result<Self::Ok, Self::Error> {
            self.inner.$name(value)
        })+
    };
}

impl<'a, S: Serializer> Serializer for Exact<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'a, S::SerializeSeq>;
    type SerializeTuple = Compound<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'a, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'a, S::SerializeMap>;
    type SerializeStruct = Compound<'a, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'a, S::SerializeStructVariant>;

    as_it_is! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32),
        serialize_i64(i64), serialize_u8(u8), serialize_u16(u16),
        serialize_u32(u32), serialize_u64(u64), serialize_char(char),
        serialize_str(&str), serialize_bytes(&[u8]), serialize_unit_struct(&'static str),
    }

    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        self.context.check_integer(value)?;
        self.inner.serialize_i128(value)
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        self.context.check_integer(value)?;
        self.inner.serialize_u128(value)
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.context.check_float(value.into())?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.context.check_float(value)?;
        self.inner.serialize_f64(value)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let item = self.context.child(value, self.context.path);
        self.context.check_depth()?;
        self.inner.serialize_some(&item)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let item = self.context.child(value, self.context.path);
        self.context.check_depth()?;
        self.inner.serialize_newtype_struct(name, &item)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.context.check_depth()?;
        let path = Path::Key(self.context.path, &variant);
        let item = self.context.child(value, &path);
        self.inner
            .serialize_newtype_variant(name, index, variant, &item)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.compound(None, |inner| inner.serialize_seq(length))
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.compound(None, |inner| inner.serialize_tuple(length))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.compound(None, |inner| inner.serialize_tuple_struct(name, length))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.compound(Some(variant), |inner| {
            inner.serialize_tuple_variant(name, index, variant, length)
        })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.compound(None, |inner| inner.serialize_map(length))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        self.compound(None, |inner| inner.serialize_struct(name, length))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.compound(Some(variant), |inner| {
            inner.serialize_struct_variant(name, index, variant, length)
        })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Writes the parts of a compound value one by one.
pub(super) struct Compound<'a, C> {
    inner: C,
    context: Context<'a>,
    /// The variant name, if the value is a variant of an enum.
    variant: Option<&'static str>,
    /// The index of the next item.
    index: usize,
    /// The key of the next value, if key and value are written one after the other.
    key: String,
}

impl<C> Compound<'_, C> {
    fn item<T: ?Sized, O>(
        &mut self,
        value: &T,
        write: impl FnOnce(&mut C, &Item<'_, T>) -> O,
    ) -> O {
        let variant = self.variant.unwrap_or_default();
        let path = Path::Item(&around(&self.context, &variant), self.index);
        self.index += 1;
        write(&mut self.inner, &self.context.child(value, &path))
    }

    fn value<T: ?Sized, O>(
        &mut self,
        key: &dyn Display,
        value: &T,
        write: impl FnOnce(&mut C, &Item<'_, T>) -> O,
    ) -> O {
        let variant = self.variant.unwrap_or_default();
        let path = Path::Key(&around(&self.context, &variant), key);
        write(&mut self.inner, &self.context.child(value, &path))
    }
}

/// Returns the path of a value, or of the content of its variant.
fn around<'a>(context: &Context<'a>, variant: &'a &'static str) -> Path<'a> {
    if variant.is_empty() {
        return *context.path;
    }
    Path::Key(context.path, variant)
}

macro_rules! items {
    ($($kind:ident::$write:ident),+ $(,)?) => {
        $(impl<C: ser::$kind> ser::$kind for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.item(value, |inner, item| inner.$write(item))
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })+
    };
}

items! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! fields {
    ($($kind:ident),+) => {
        $(impl<C: ser::$kind> ser::$kind for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                self.value(&key, value, |inner, item| inner.serialize_field(key, item))
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(key)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })+
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl<C: ser::SerializeMap> ser::SerializeMap for Compound<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.key = AsText(key).to_string();
        self.inner.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let key = std::mem::take(&mut self.key);
        self.value(&key, value, |inner, item| inner.serialize_value(item))
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), C::Error> {
        self.value(&AsText(key), value, |inner, item| {
            inner.serialize_entry(key, item)
        })
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

/// Serializes the key of a map as the text that it becomes.
struct AsText<'a, K: ?Sized>(&'a K);

impl<K: Serialize + ?Sized> Display for AsText<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_value(self.0) {
            Ok(serde_json::Value::String(text)) => f.write_str(&text),
            Ok(value) => value.fmt(f),
            Err(_) => f.write_str("?"),
        }
    }
}
