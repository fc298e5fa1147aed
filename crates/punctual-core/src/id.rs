//! Names of jobs and runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::error::{Error, ErrorKind};
use crate::limits;

/// The id of a job.
///
/// An id has 1 to 191 characters of any script. It contains no control characters, and no blank at
/// either end.
///
/// 191 characters of four bytes each fit an indexed column in every database that stores jobs.
/// Cloning an id never allocates.
///
/// ```
/// use punctual_core::JobId;
///
/// assert_eq!(JobId::new("报告-daily").unwrap().as_str(), "报告-daily");
/// assert!(JobId::new("").is_err());
/// assert!(JobId::new("a\nb").is_err());
/// assert!(JobId::new("report ").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(SmolStr);

impl JobId {
    /// Checks and wraps an id.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is empty, is longer than 191 characters, contains a control
    /// character, or begins or ends with a blank.
    pub fn new(id: impl AsRef<str>) -> Result<Self, Error> {
        let id = id.as_ref();
        if id.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "id", "must not be empty"));
        }
        if id.chars().count() > limits::MAX_ID_CHARS {
            return Err(Error::new(
                ErrorKind::TooLarge,
                "id",
                format!("is longer than {} characters", limits::MAX_ID_CHARS),
            )
            .with_value(id));
        }
        if let Some(at) = id.find(char::is_control) {
            return Err(Error::invalid("id", id, "holds a control character").at(at));
        }
        check_ends(id)?;
        Ok(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Refuses a blank at an end, which would be invisible in lists and logs.
fn check_ends(id: &str) -> Result<(), Error> {
    let trimmed = id.trim();
    if trimmed.len() == id.len() {
        return Ok(());
    }
    if trimmed.is_empty() {
        return Err(Error::invalid("id", id, "holds nothing but blanks"));
    }
    let (problem, at) = if id.starts_with(char::is_whitespace) {
        ("begins with a blank", 0)
    } else {
        ("ends with a blank", trimmed.len())
    };
    Err(Error::invalid("id", id, problem)
        .at(at)
        .with_hint(format!("write `{trimmed}`")))
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for JobId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for JobId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self, Error> {
        Self::new(id)
    }
}

impl TryFrom<String> for JobId {
    type Error = Error;

    fn try_from(id: String) -> Result<Self, Error> {
        Self::new(id)
    }
}

impl TryFrom<&str> for JobId {
    type Error = Error;

    fn try_from(id: &str) -> Result<Self, Error> {
        Self::new(id)
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_at_either_end_are_refused() {
        for (id, message) in [
            (
                " report",
                "id: ` report` begins with a blank (at position 0); write `report`",
            ),
            (
                "report ",
                "id: `report ` ends with a blank (at position 6); write `report`",
            ),
            (
                "report\u{a0}",
                r"id: `report\u{a0}` ends with a blank (at position 6); write `report`",
            ),
            (
                "\u{3000}报告\u{2009}",
                r"id: `\u{3000}报告\u{2009}` begins with a blank (at position 0); write `报告`",
            ),
            (" ", "id: ` ` holds nothing but blanks"),
            ("\u{2003}", r"id: `\u{2003}` holds nothing but blanks"),
        ] {
            assert_eq!(JobId::new(id).unwrap_err().to_string(), message);
            assert!(serde_json::from_value::<JobId>(id.into()).is_err());
        }
        for id in ["a b", "a\u{a0}b", "a"] {
            assert_eq!(JobId::new(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn control_characters_are_never_printed_raw() {
        for (id, message) in [
            (
                "a\nb",
                r"id: `a\nb` holds a control character (at position 1)",
            ),
            (
                "\u{1b}[31m",
                r"id: `\u{1b}[31m` holds a control character (at position 0)",
            ),
            (
                "report\n",
                r"id: `report\n` holds a control character (at position 6)",
            ),
        ] {
            assert_eq!(JobId::new(id).unwrap_err().to_string(), message);
        }
        let long = "\n".repeat(192);
        let error = JobId::new(long).unwrap_err().to_string();
        assert!(!error.contains('\n'), "{error}");
    }
}
