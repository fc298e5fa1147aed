//! The names that a wrong name may stand for.

use std::sync::Arc;

use punctual_core::suggest::nearest;

use crate::error::{Error, ErrorKind};

/// Returns the message of serde, with the nearest of the names that it lists.
///
/// Only the text of the message tells which names serde knows. An error type of our own would get
/// them as a list, but needs a deserializer of our own as well. If serde changes the text, the hint
/// is lost and the message stays. A test asks serde for the text and fails then.
pub(crate) fn with_hint(message: &str) -> String {
    match hint(message) {
        Some(name) => format!("{message}; did you mean `{name}`?"),
        None => message.to_owned(),
    }
}

/// Finds the nearest name in a message of serde. Such messages read "unknown field `tread`,
/// expected `threads`" or "unknown field `tread`, expected one of `a`, `b`".
fn hint(message: &str) -> Option<&str> {
    let (unknown, expected) = message.split_once(", expected ")?;
    let (_, unknown) = unknown.strip_prefix("unknown ")?.split_once('`')?;
    let unknown = unknown.strip_suffix('`')?;
    nearest(unknown, expected.split('`').skip(1).step_by(2))
}

/// Returns the error for an alias that does not exist. It names the aliases that do, and the one
/// that may have been meant. `field` is `store` or `executor`.
pub(crate) fn no_alias(field: &'static str, unknown: &str, known: &[Arc<str>]) -> Error {
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let near = nearest(unknown, known.iter().map(|name| &**name));
    let hint = match (&names[..], near) {
        ([], _) => format!("there is no {field} yet, so add one"),
        ([only], _) => format!("the only one is {only}"),
        (some, Some(near)) => format!("did you mean `{near}`? There are {}", some.join(", ")),
        (some, None) => format!("there are {}", some.join(", ")),
    };
    Error::new(ErrorKind::NotFound, field, "is not a known alias")
        .with_value(unknown)
        .with_hint(hint)
}

/// Returns the error for an alias that is taken. `field` is `store` or `executor`.
pub(crate) fn alias_taken(field: &'static str, alias: &str) -> Error {
    Error::new(ErrorKind::Conflict, field, "is the alias of another one")
        .with_value(alias)
        .with_hint("choose another alias, or remove that one first")
}

#[cfg(test)]
mod tests {
    use serde::de::Error as _;

    use super::*;

    #[test]
    fn the_nearest_of_the_names_that_serde_lists_is_offered() {
        let field = |unknown, known| serde_json::Error::unknown_field(unknown, known).to_string();
        let variant =
            |unknown, known| serde_json::Error::unknown_variant(unknown, known).to_string();
        for (message, meant) in [
            (field("tread", &["threads"]), "threads"),
            (
                field("max_instnces", &["at", "max_instances"]),
                "max_instances",
            ),
            (
                field("max_instnces", &["at", "in", "max_instances"]),
                "max_instances",
            ),
            (variant("blockin", &["async", "blocking"]), "blocking"),
        ] {
            let hint = format!("; did you mean `{meant}`?");
            assert_eq!(with_hint(&message), format!("{message}{hint}"));
        }
    }

    #[test]
    fn an_unknown_alias_is_answered_with_the_known_ones() {
        let said = |known: &[&str]| {
            let known: Vec<Arc<str>> = known.iter().map(|name| (*name).into()).collect();
            no_alias("store", "ledgr", &known).to_string()
        };
        let unknown = "store: `ledgr` is not a known alias";
        assert_eq!(
            said(&[]),
            format!("{unknown}; there is no store yet, so add one")
        );
        assert_eq!(
            said(&["default"]),
            format!("{unknown}; the only one is `default`")
        );
        assert_eq!(
            said(&["default", "ledger"]),
            format!("{unknown}; did you mean `ledger`? There are `default`, `ledger`")
        );
    }

    #[test]
    fn an_error_about_an_alias_names_the_field() {
        for error in [
            no_alias("executor", "slow", &[]),
            alias_taken("executor", "slow"),
        ] {
            assert_eq!(
                (error.field(), error.value()),
                (Some("executor"), Some("slow"))
            );
        }
    }

    #[test]
    fn nothing_is_offered_where_nothing_is_near() {
        let message = serde_json::Error::unknown_field("zzzzzzzz", &["at", "id"]).to_string();
        assert_eq!(with_hint(&message), message);
        assert_eq!(with_hint("invalid type"), "invalid type");
    }
}
