//! What can go wrong between a scheduler and its store.

use std::fmt;

use punctual_core::JobId;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what it was asked for.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    /// Told by the message.
    reason: Option<Source>,
}

/// The classes of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The id is taken.
    Conflict,
    /// There is no such job or run.
    NotFound,
    /// The row was changed since it was read; read it again.
    Stale,
    /// The node was declared dead, or its epoch is over.
    Fenced,
    /// The store is at one of its limits.
    Full,
    /// The store will never take this request as it is: a part of it is too long, or holds what
    /// the store cannot keep. Nothing was changed.
    Refused,
    /// The row of the job cannot be understood. It is left as it is.
    Unreadable,
    /// What the store keeps its rows in is not there any more, and nothing that is written now would
    /// stay. Trying again helps only if it comes back.
    Gone,
    /// The store failed, or cannot be reached now. Whether the change was made is unknown; trying
    /// again is safe.
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

    /// The id is taken.
    #[must_use]
    pub fn conflict(id: &JobId) -> Self {
        Self::new(
            ErrorKind::Conflict,
            format!(
                "a job with the id `{id}` exists already; use `replace_existing` to replace it"
            ),
        )
    }

    /// There is no such job.
    #[must_use]
    pub fn no_job(id: &JobId) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no job `{id}`"))
    }

    /// The row was changed since it was read.
    #[must_use]
    pub fn stale(id: &JobId) -> Self {
        Self::new(
            ErrorKind::Stale,
            format!("job `{id}` was changed by another caller meanwhile; read it again"),
        )
    }

    /// The node's epoch is over.
    #[must_use]
    pub fn fenced(node: &str) -> Self {
        Self::new(
            ErrorKind::Fenced,
            format!("node `{node}` was declared dead; it has to register again"),
        )
    }

    /// A limit of the store.
    #[must_use]
    pub fn full(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Full, what)
    }

    /// The store will never take the request as it is.
    #[must_use]
    pub fn refused(reason: impl Into<Source>) -> Self {
        let reason = reason.into();
        Self {
            kind: ErrorKind::Refused,
            message: format!("the store refused the request: {reason}"),
            reason: Some(reason),
        }
    }

    /// The store did not answer in time.
    #[must_use]
    pub fn silent(after: std::time::Duration) -> Self {
        Self::new(
            ErrorKind::Unavailable,
            format!("the store did not answer within {after:?}"),
        )
    }

    /// The row of a job cannot be understood.
    #[must_use]
    pub fn unreadable(id: &JobId, reason: &str) -> Self {
        Self::new(
            ErrorKind::Unreadable,
            format!("job `{id}` cannot be read: {reason}; mend its row, or delete it by hand"),
        )
    }

    /// The store failed, or cannot be reached, and why: the reason is part of the message, and its
    /// own source that of the error.
    #[must_use]
    pub fn unavailable(reason: impl Into<Source>) -> Self {
        let reason = reason.into();
        Self {
            kind: ErrorKind::Unavailable,
            message: format!("the store failed: {reason}"),
            reason: Some(reason),
        }
    }

    /// What the store keeps its rows in is gone, and what to do.
    #[must_use]
    pub fn gone(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Gone, what)
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the id is taken.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind == ErrorKind::Conflict
    }

    /// Whether there is no such job or run.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }

    /// Whether the change may have been made all the same, in part or as a whole. Repeating the call
    /// is harmless and may help.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Gone)
    }

    /// Whether repeating the same request cannot help. A request of several parts can be split, to
    /// find the one that is refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Refused | ErrorKind::Full | ErrorKind::Unreadable
        )
    }

    /// Whether the row was changed since it was read.
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
            ErrorKind::Unreadable => Kind::Unreadable,
            ErrorKind::Fenced | ErrorKind::Gone | ErrorKind::Unavailable => Kind::Unavailable,
        };
        Self::of(kind, error.to_string()).telling(error)
    }
}
