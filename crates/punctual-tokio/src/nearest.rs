//! What a wrong name may have meant.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// The message of serde, with the nearest of the names that it lists.
pub(crate) fn with_hint(message: &str) -> String {
    match hint(message) {
        Some(name) => format!("{message}; did you mean `{name}`?"),
        None => message.to_owned(),
    }
}

/// serde says: unknown field `tread`, expected `threads` (or: expected one of `a`, `b`).
fn hint(message: &str) -> Option<&str> {
    let (unknown, expected) = message.split_once(", expected ")?;
    let (_, unknown) = unknown.strip_prefix("unknown ")?.split_once('`')?;
    let unknown = unknown.strip_suffix('`')?;
    nearest(unknown, expected.split('`').skip(1).step_by(2))
}

/// The known name that is nearest to an unknown one, if any is near.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|name| (strsim::damerau_levenshtein(unknown, name), name));
    let (distance, name) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.len().div_ceil(2)).then_some(name)
}

/// What is said of an alias that does not exist: which do, and which may have been meant.
pub(crate) fn no_alias(what: &str, unknown: &str, known: &[Arc<str>]) -> Error {
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let hint = match nearest(unknown, known.iter().map(|name| &**name)) {
        Some(near) if known.len() > 1 => format!("; did you mean `{near}`?"),
        _ => String::new(),
    };
    let message = match &names[..] {
        [] => format!("there is no {what} with the alias `{unknown}`, and no other"),
        [only] => format!("there is no {what} with the alias `{unknown}`; the only one is {only}"),
        some => format!(
            "there is no {what} with the alias `{unknown}`; there are {}{hint}",
            some.join(", ")
        ),
    };
    Error::new(ErrorKind::NotFound, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_name_is_offered() {
        let message = "unknown field `max_instnces`, expected one of `coalesce`, `max_instances`";
        assert!(with_hint(message).ends_with("did you mean `max_instances`?"));
        let message = "unknown field `tread`, expected `threads`";
        assert!(with_hint(message).ends_with("did you mean `threads`?"));
    }

    #[test]
    fn an_unknown_alias_is_answered_with_the_known_ones() {
        let said = |known: &[&str]| {
            let known: Vec<Arc<str>> = known.iter().map(|name| (*name).into()).collect();
            no_alias("store", "ledgr", &known).to_string()
        };
        let unknown = "there is no store with the alias `ledgr`";
        assert_eq!(said(&[]), format!("{unknown}, and no other"));
        assert_eq!(
            said(&["default"]),
            format!("{unknown}; the only one is `default`")
        );
        assert_eq!(
            said(&["default", "ledger"]),
            format!("{unknown}; there are `default`, `ledger`; did you mean `ledger`?")
        );
    }

    #[test]
    fn nothing_is_offered_where_nothing_is_near() {
        let message = "unknown field `zzzzzzzz`, expected one of `at`, `id`";
        assert_eq!(with_hint(message), message);
        assert_eq!(with_hint("invalid type"), "invalid type");
    }
}
