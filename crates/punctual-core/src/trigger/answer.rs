//! Answers of triggers that are not instants.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::legible::legible;

/// The number of fire times between two instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a count is exact or a lower bound")]
pub enum Count {
    /// The exact number.
    Exact(u64),
    /// The number that was counted before a limit was reached. There may be more.
    AtLeast(u64),
}

impl Count {
    /// The number, exact or not.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Exact(number) | Self::AtLeast(number) => number,
        }
    }

    /// Returns the count increased by `more`.
    #[must_use]
    pub fn plus(self, more: u64) -> Self {
        match self {
            Self::Exact(number) => Self::Exact(number + more),
            Self::AtLeast(number) => Self::AtLeast(number + more),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(number) => write!(f, "{number}"),
            Self::AtLeast(number) => write!(f, "at least {number}"),
        }
    }
}

/// The reason why a trigger cannot decide. Such a trigger is not finished, and its job is not
/// removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undecided {
    /// A search reached its limit. Only an edit of the trigger helps.
    SearchLimit,
    /// No code is bound here to the custom trigger of this name.
    Unbound(String),
    /// An interval without a start, or a calendar interval without a start date, has no members
    /// until a job anchors it.
    Unanchored,
    /// The code of a custom trigger failed.
    Faulty(String),
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SearchLimit => f.write_str("the search reached its limit"),
            Self::Unbound(name) => {
                write!(
                    f,
                    "custom trigger `{}` is not registered here",
                    legible(name)
                )
            }
            Self::Unanchored => f.write_str("the interval has no start yet"),
            Self::Faulty(problem) => f.write_str(&legible(problem)),
        }
    }
}

impl std::error::Error for Undecided {}

impl From<Undecided> for Error {
    fn from(undecided: Undecided) -> Self {
        let message = undecided.to_string();
        match &undecided {
            Undecided::Unbound(_) => {
                let hint = "register it with `.trigger(..)` on the builder";
                Self::of(ErrorKind::UnknownTrigger, message).with_hint(hint)
            }
            _ => Self::of(ErrorKind::Invalid, message),
        }
        .telling(undecided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_without_code_is_told_with_the_fix() {
        let error = Error::from(Undecided::Unbound("tides".into()));
        assert_eq!(error.kind(), ErrorKind::UnknownTrigger);
        let text = "custom trigger `tides` is not registered here; register it with `.trigger(..)` on the builder";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn names_and_problems_of_custom_triggers_are_never_printed_raw() {
        for undecided in [
            Undecided::Unbound("ti\ndes".into()),
            Undecided::Faulty("ti\ndes".into()),
        ] {
            let message = undecided.to_string();
            assert!(message.contains(r"ti\ndes"), "{message}");
        }
    }
}
