//! Names of jobs and runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::error::{Error, ErrorKind};
use crate::limits;

/// The id of a job: 1 to 191 characters of any script, no control characters.
///
/// 191 characters of four bytes each fit an indexed column in every database that stores jobs.
/// Cloning one never allocates.
///
/// ```
/// use punctual_core::JobId;
///
/// assert_eq!(JobId::new("报告-daily").unwrap().as_str(), "报告-daily");
/// assert!(JobId::new("").is_err());
/// assert!(JobId::new("a\nb").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(SmolStr);

impl JobId {
    /// Checks and wraps an id.
    ///
    /// # Errors
    ///
    /// If the text is empty, longer than 191 characters, or holds a control character.
    pub fn new(id: impl AsRef<str>) -> Result<Self, Error> {
        let id = id.as_ref();
        if id.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidValue,
                "id",
                "must not be empty",
            ));
        }
        if id.chars().count() > limits::MAX_ID_CHARS {
            return Err(Error::new(
                ErrorKind::LimitExceeded,
                "id",
                format!("is longer than {} characters", limits::MAX_ID_CHARS),
            )
            .with_value(id));
        }
        if let Some(at) = id.find(char::is_control) {
            return Err(
                Error::invalid("id", id.escape_debug(), "holds a control character").at(at),
            );
        }
        Ok(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
