//! Why a store cannot be opened.

use std::fmt;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a store was not opened. The message says what to do; no data was changed.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Source>,
}

/// The classes of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The address or an option is wrong.
    Invalid,
    /// The database cannot be reached, since the file or its folder does not exist or may not be read.
    Unreachable,
    /// The database may only be read, or the address asks for that.
    ReadOnly,
    /// Another process keeps the database locked.
    Locked,
    /// A newer Punctual made the tables.
    Newer,
    /// A Punctual made the tables whose form is not read any more.
    Older,
    /// The tables are not those that Punctual makes.
    Foreign,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn because(self, source: impl Into<Source>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self.kind, ErrorKind::Locked | ErrorKind::Unreachable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
