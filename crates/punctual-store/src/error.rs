//! Errors between a scheduler and its store.

use std::fmt;

use punctual_core::JobId;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An error of a store. Its [kind](Self::kind) says what a caller can do about it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    /// Part of the message, so only its own source is reported as a source.
    reason: Option<Source>,
}

/// The kinds of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The id is taken.
    Conflict,
    /// The job or run does not exist.
    NotFound,
    /// The row was changed since it was read. The caller reads it again.
    Stale,
    /// The node was declared dead, or its epoch has ended.
    Fenced,
    /// The store has reached one of its limits.
    Full,
    /// The store never takes this request as it is, since a part is too long or cannot be stored.
    /// Nothing was changed.
    Refused,
    /// The request is larger than the store takes. Nothing was changed.
    TooLarge,
    /// The row of the job cannot be decoded. The store leaves it unchanged.
    Unreadable,
    /// The store was closed, or the place where it keeps its rows is gone, and writes would be lost.
    /// Repeating the call helps only if that place comes back.
    Gone,
    /// The store failed or cannot be reached. Whether the change was made is unknown, and repeating
    /// the call is safe.
    Unavailable,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            reason: None,
        }
    }

    /// Returns the error for an id that is taken.
    #[must_use]
    pub fn conflict(id: &JobId) -> Self {
        Self::new(
            ErrorKind::Conflict,
            format!("id: `{id}` is taken by another job; use `replace_existing` to replace it"),
        )
    }

    /// Returns the error for a job that does not exist.
    #[must_use]
    pub fn no_job(id: &JobId) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no job `{id}`"))
    }

    /// Returns the error for a row that was changed since it was read.
    #[must_use]
    pub fn stale(id: &JobId) -> Self {
        Self::new(
            ErrorKind::Stale,
            format!("job `{id}` was changed by another caller; read it again"),
        )
    }

    /// Returns the error for a node whose epoch has ended.
    #[must_use]
    pub fn fenced(node: &str) -> Self {
        Self::new(
            ErrorKind::Fenced,
            format!("node `{node}` was declared dead; it has to register again"),
        )
    }

    /// Returns the error for a limit of the store. `what` is the whole message.
    #[must_use]
    pub fn full(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Full, what)
    }

    /// Creates an error for a request that is larger than the store takes.
    #[must_use]
    pub fn too_large(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge, what)
    }

    /// Returns the error for a request that the store never takes as it is.
    #[must_use]
    pub fn refused(reason: impl Into<Source>) -> Self {
        let reason = reason.into();
        Self {
            kind: ErrorKind::Refused,
            message: format!("the store refused the request: {reason}"),
            reason: Some(reason),
        }
    }

    /// Returns the error for a job whose row cannot be decoded.
    #[must_use]
    pub fn unreadable(id: &JobId, reason: &str) -> Self {
        Self::new(
            ErrorKind::Unreadable,
            format!("job `{id}` cannot be decoded: {reason}; repair or delete its row"),
        )
    }

    /// Returns the error for a store that failed or cannot be reached.
    ///
    /// The reason is part of the message. The source of the reason is the source of the error.
    #[must_use]
    pub fn unavailable(reason: impl Into<Source>) -> Self {
        let reason = reason.into();
        Self {
            kind: ErrorKind::Unavailable,
            message: format!("the store failed: {reason}"),
            reason: Some(reason),
        }
    }

    /// Returns the error for a store whose rows are gone. `what` is the whole message, with the
    /// fix.
    #[must_use]
    pub fn gone(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Gone, what)
    }

    /// Returns the error of other code that the message tells.
    #[doc(hidden)]
    #[must_use]
    pub fn reason(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.reason.as_deref().map(|reason| reason as _)
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns true if the id is taken.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind == ErrorKind::Conflict
    }

    /// Returns true if the job or run does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }

    /// Returns true if the change may have been made anyway, in part or in full.
    ///
    /// Repeating the call is harmless and may help.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Gone)
    }

    /// Returns true if repeating the same request cannot help.
    ///
    /// A caller can split a request of several parts to find the part that is refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Refused | ErrorKind::TooLarge | ErrorKind::Full | ErrorKind::Unreadable
        )
    }

    /// Returns true if the row was changed since it was read.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.kind == ErrorKind::Stale
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.reason.as_deref()?.source()
    }
}

/// The message tells the reason of a failure, so that the chain of the error goes on below it.
impl From<Error> for punctual_core::Error {
    fn from(error: Error) -> Self {
        use punctual_core::ErrorKind as Kind;
        let kind = match error.kind {
            ErrorKind::Conflict => Kind::Conflict,
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::Stale => Kind::Changed,
            ErrorKind::Full => Kind::Full,
            ErrorKind::Refused => Kind::Invalid,
            ErrorKind::TooLarge => Kind::TooLarge,
            ErrorKind::Unreadable => Kind::Unreadable,
            ErrorKind::Gone => Kind::Io,
            ErrorKind::Fenced | ErrorKind::Unavailable => Kind::Unavailable,
        };
        let common = Self::of(kind, error.to_string());
        let is_unknown = error.is_unknown();
        let common = common.telling(error);
        if is_unknown {
            common.uncertain()
        } else {
            common
        }
    }
}
