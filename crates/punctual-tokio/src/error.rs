//! The one error of this crate.

use std::fmt;

use punctual_core::{JobId, legible};

/// Any error of a job, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why the scheduler did not do what it was asked for.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<BoxError>,
}

/// The classes of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The id or alias is taken.
    Conflict,
    /// There is no such job, run, store or executor.
    NotFound,
    /// The scheduler runs already.
    AlreadyRunning,
    /// The scheduler does not run, or is shutting down.
    NotRunning,
    /// A value that cannot be used: a trigger, an id, a policy.
    Invalid,
    /// The trigger has no fire time left, or its first one has passed and the caller
    /// [refuses that](crate::NewJob::refuse_past).
    Expired,
    /// No task of this name is registered.
    UnknownTask,
    /// A handler asks for state that was not given to the builder.
    MissingState,
    /// There was no room for a run by hand.
    Busy,
    /// The store failed.
    Store,
    /// A blocking verb was called on a thread that must not block.
    WouldBlock,
}

impl Error {
    /// What cannot be seen of names and values in the message is written out.
    pub(crate) fn new(kind: ErrorKind, message: impl AsRef<str>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: legible(message.as_ref()).into_owned(),
            source: None,
        }))
    }

    /// A message of several lines, as another library has written it.
    pub(crate) fn of_lines(kind: ErrorKind, text: &str) -> Self {
        let mut lines = text.lines();
        let mut own = Self::new(kind, lines.next().unwrap_or_default());
        for line in lines {
            own.0.message.push('\n');
            own.0.message.push_str(&legible(line));
        }
        own
    }

    /// A message with a line for each of several problems.
    pub(crate) fn listing(kind: ErrorKind, head: &str, problems: &[String]) -> Self {
        let mut own = Self::new(kind, head);
        for problem in problems {
            own.0.message.push_str("\n  ");
            own.0.message.push_str(&legible(problem));
        }
        own
    }

    /// A value that other code refused.
    pub(crate) fn refused(message: impl AsRef<str>, source: BoxError) -> Self {
        let mut own = Self::new(ErrorKind::Invalid, message);
        own.0.source = Some(source);
        own
    }

    /// The same error, about something in particular.
    pub(crate) fn about(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    pub(crate) fn no_job(id: &JobId) -> Self {
        Self::new(ErrorKind::NotFound, format!("there is no job `{id}`"))
    }

    pub(crate) fn not_running() -> Self {
        Self::new(
            ErrorKind::NotRunning,
            "the scheduler is not running; call `start` first",
        )
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether an id or alias is taken.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Whether there is no such job, run, store or executor.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the scheduler does not run.
    #[must_use]
    pub fn is_not_running(&self) -> bool {
        self.kind() == ErrorKind::NotRunning
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<punctual_core::Error> for Error {
    fn from(error: punctual_core::Error) -> Self {
        let mut own = Self::new(ErrorKind::Invalid, error.to_string());
        own.0.source = Some(Box::new(error));
        own
    }
}

impl From<punctual_core::Undecided> for Error {
    fn from(undecided: punctual_core::Undecided) -> Self {
        let mut own = Self::new(ErrorKind::Invalid, undecided.to_string());
        own.0.source = Some(Box::new(undecided));
        own
    }
}

impl Error {
    /// Whether the row of a job cannot be understood.
    pub(crate) fn is_unreadable(&self) -> bool {
        let source = self.0.source.as_deref();
        let store = source.and_then(|source| source.downcast_ref::<punctual_store::Error>());
        store.is_some_and(|error| error.kind() == punctual_store::ErrorKind::Unreadable)
    }
}

impl From<punctual_store::Error> for Error {
    fn from(error: punctual_store::Error) -> Self {
        use punctual_store::ErrorKind as Store;
        let kind = match error.kind() {
            Store::Conflict => ErrorKind::Conflict,
            Store::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Store,
        };
        let mut own = Self::new(kind, error.to_string());
        own.0.source = Some(Box::new(error));
        own
    }
}
