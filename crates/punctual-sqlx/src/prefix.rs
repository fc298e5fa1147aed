//! The names of the tables.

use crate::limits::MAX_PREFIX_BYTES;
use crate::{Error, ErrorKind};

/// The beginning of the names of all tables of one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// Checks a prefix, which becomes a part of statements.
    pub(crate) fn new(prefix: &str) -> Result<Self, Error> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins_well = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_good = prefix.starts_with(begins_well)
            && prefix.chars().all(is_word)
            && prefix.len() <= MAX_PREFIX_BYTES
            && !prefix.to_ascii_lowercase().starts_with("sqlite_");
        if is_good {
            return Ok(Self(prefix.to_owned()));
        }
        let fix = format!(
            "write up to {MAX_PREFIX_BYTES} letters, digits and `_`, not beginning with a digit or `sqlite_`"
        );
        let error = Error::new(ErrorKind::Invalid, "prefix", "is not valid");
        Err(error.with_value(prefix).with_hint(fix))
    }

    /// Returns a statement with the names of this store. `{p}jobs` becomes `punctual_jobs`.
    pub(crate) fn sql(&self, template: &str) -> sqlx::AssertSqlSafe<String> {
        // Safe, since the prefix was checked and no template holds text of a user.
        sqlx::AssertSqlSafe(self.table(template))
    }

    /// Returns a name, or a text with names.
    pub(crate) fn table(&self, template: &str) -> String {
        template.replace("{p}", &self.0)
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("punctual_".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_word() {
        for good in ["punctual_", "a", "_x9", "Jobs_of_billing_"] {
            assert!(Prefix::new(good).is_ok(), "{good}");
        }
        let long = "a".repeat(MAX_PREFIX_BYTES + 1);
        for bad in ["", "9a", "a-b", "a b", "x;--", "SQLite_x", "ä", &long] {
            assert!(Prefix::new(bad).is_err(), "{bad}");
        }
    }
}
