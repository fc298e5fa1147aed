//! JSON in which no number is lost.
//!
//! `serde_json` writes NaN and infinities as `null`, and reads an integer beyond 64 bits as the
//! nearest float. It reports neither as an error, and both change the arguments of a job. This
//! module refuses both with an error that names the field and the value to write instead.
//!
//! The feature `arbitrary_precision` of `serde_json` would keep large integers. Cargo turns a
//! feature on for every crate of a program, and this one changes what those crates read and how
//! fast. It is therefore not used.

mod check;
mod numbers;
mod path;
mod write;

use std::cell::RefCell;

use serde::Serialize;
use serde_json::Value;

use self::path::Path;
use self::write::{BadNumber, Item, Unwritable};
use crate::limits::MAX_JSON_DEPTH;
use crate::{Error, ErrorKind};

/// Writes a value as JSON text.
///
/// Messages call the value `root`, for example `args` for arguments. Keys of maps may be any
/// integer, since they become text.
///
/// ```
/// use punctual_core::json;
///
/// assert_eq!(json::to_text("args", &(0.1, -0.0, "ada")).unwrap(), r#"[0.1,-0.0,"ada"]"#);
/// let error = json::to_text("args", &(7, f64::NAN)).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "args[1]: `NaN` cannot be written as JSON; make it an `Option` or a text",
/// );
/// ```
///
/// # Errors
///
/// Returns an error if the value holds NaN, an infinity or an integer beyond 64 bits, or is nested
/// deeper than [`MAX_JSON_DEPTH`]. Map keys that are neither text nor numbers are errors, and so is
/// a value whose `Serialize` implementation fails.
pub fn to_text(root: &str, value: &(impl Serialize + ?Sized)) -> Result<String, Error> {
    let unwritable = RefCell::new(None);
    let item = Item {
        value,
        path: &Path::Root(root),
        depth: 0,
        unwritable: &unwritable,
    };
    serde_json::to_string(&item).map_err(|error| {
        let Unwritable { path, number } = unwritable.into_inner().unwrap_or_default();
        let field = if path.is_empty() {
            root.into()
        } else {
            short(path)
        };
        match number {
            Some(BadNumber::NotFinite(float)) => {
                Error::invalid(field, float, "cannot be written as JSON")
                    .with_hint("make it an `Option` or a text")
            }
            Some(BadNumber::Wide(integer)) => numbers::wide(field, &integer),
            None => Error::new(
                ErrorKind::Invalid,
                field,
                format!("cannot be written as JSON: {error}"),
            ),
        }
    })
}

/// Returns a path that is short enough for a message. A value may be nested without end.
fn short(path: String) -> String {
    const LONGEST: usize = 80;
    if path.chars().count() <= LONGEST {
        return path;
    }
    let mut head: String = path.chars().take(LONGEST / 2).collect();
    head.push('…');
    head
}

/// Checks that a text is JSON, and that reading it changes no number.
///
/// ```
/// use punctual_core::json;
///
/// assert!(json::check("args", "[18446744073709551615, 1e30]").is_ok());
/// let error = json::check("args", r#"{"key": 18446744073709551616}"#).unwrap_err();
/// assert_eq!(error.field(), Some("args.key"));
/// ```
///
/// # Errors
///
/// Returns an error if the text is not JSON, is nested deeper than [`MAX_JSON_DEPTH`], or holds an
/// integer beyond 64 bits or a number beyond the largest float.
pub fn check(root: &str, text: &str) -> Result<(), Error> {
    check::check(root, text)
}

/// Checks the depth of a tree of values, which can hold neither of these numbers.
pub(crate) fn check_depth(root: &str, value: &Value) -> Result<(), Error> {
    if is_deeper(value, MAX_JSON_DEPTH) {
        return Err(too_deep(root));
    }
    Ok(())
}

fn is_deeper(value: &Value, than: usize) -> bool {
    let below = |value| than == 0 || is_deeper(value, than - 1);
    match value {
        Value::Array(items) => than == 0 || items.iter().any(below),
        Value::Object(entries) => than == 0 || entries.values().any(below),
        _ => false,
    }
}

fn too_deep(root: &str) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        root.to_owned(),
        format!("is nested deeper than {MAX_JSON_DEPTH} levels"),
    )
}

#[cfg(test)]
mod tests;
