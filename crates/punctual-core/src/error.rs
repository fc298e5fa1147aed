//! The error type of Punctual, which names the field, the problem and the fix.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::legible::legible;

/// The error of every call of Punctual.
///
/// The text names the field, the value as it was written, the limit it exceeds and the fix.
/// `Display` writes one line, or one line for each of several problems. `{:#}` adds the errors below,
/// with colons between them. `Debug` adds a line `caused by: ..` for each of them instead, because
/// `main` prints that form. `{:#?}` shows the parts.
///
/// ```
/// use punctual_core::Cron;
///
/// let error = Cron::new().minute("75").build().unwrap_err();
/// assert_eq!(error.to_string(), "minute: `75` is above the maximum 59");
/// assert_eq!(format!("{error:?}"), "minute: `75` is above the maximum 59");
/// assert_eq!(error.field(), Some("minute"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    field: Cow<'static, str>,
    value: Option<String>,
    position: Option<usize>,
    problem: String,
    hint: Option<String>,
    /// The thing in particular that the error is about.
    about: Option<String>,
    /// `true` if the problem names the field itself.
    standalone: bool,
    /// `true` if the name of the field is unknown.
    is_of_name: bool,
    is_uncertain: bool,
    source: Option<Source>,
}

/// An error of other code.
#[derive(Debug, Clone)]
struct Source {
    error: Arc<dyn StdError + Send + Sync>,
    /// `true` if the message contains this error, so that a chain continues below it.
    is_told: bool,
}

/// The classes of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value is missing, unknown, malformed or outside its range.
    Invalid,
    /// A rule could never fire.
    NeverFires,
    /// A time zone is not in the database.
    UnknownZone,
    /// A value is longer, deeper or more numerous than is allowed.
    TooLarge,
    /// The trigger has no fire time left, or its first one has passed and the caller refuses that.
    Expired,
    /// No task of this name is registered.
    UnknownTask,
    /// No code is registered for a custom trigger.
    UnknownTrigger,
    /// A handler asks for state that was not given to the builder.
    MissingState,
    /// The id or alias is taken.
    Conflict,
    /// There was no room for a manual run.
    Busy,
    /// Another caller changed the job during the call.
    Changed,
    /// There is no such job, run, store or executor.
    NotFound,
    /// The scheduler runs already.
    AlreadyRunning,
    /// The scheduler does not run, or is shutting down.
    NotRunning,
    /// The call needs a tokio runtime, or one with timers and I/O.
    NoRuntime,
    /// The store failed, or cannot be reached now. A change may have been made all the same.
    Unavailable,
    /// The request was accepted, but the answer with its result was lost. Another request would do the
    /// same again.
    AnswerLost,
    /// The database may only be read, or its server does not admit the user.
    Denied,
    /// The database is damaged, its tables are not those of this version, or a store cannot use its
    /// server.
    Incompatible,
    /// The row of a job cannot be decoded.
    Unreadable,
    /// The store is at one of its limits.
    Full,
    /// The operating system refused a file, a signal or a thread.
    Io,
    /// A store broke its contract. This is a bug of the store.
    Internal,
}

impl ErrorKind {
    /// The status with which an HTTP handler answers such an error.
    ///
    /// ```
    /// use punctual_core::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::NotFound.http_status(), 404);
    /// ```
    ///
    /// The statuses are those of [RFC 9110, section 15](https://www.rfc-editor.org/rfc/rfc9110#section-15).
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Conflict | Self::Busy | Self::AlreadyRunning => 409,
            Self::Changed => 412,
            Self::Invalid
            | Self::NeverFires
            | Self::UnknownZone
            | Self::TooLarge
            | Self::Expired
            | Self::UnknownTask
            | Self::UnknownTrigger => 422,
            Self::MissingState
            | Self::NoRuntime
            | Self::AnswerLost
            | Self::Denied
            | Self::Incompatible
            | Self::Unreadable
            | Self::Io
            | Self::Internal => 500,
            Self::NotRunning | Self::Unavailable | Self::Full => 503,
        }
    }
}

impl Error {
    /// Creates an error about a field.
    #[doc(hidden)]
    pub fn new(
        kind: ErrorKind,
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<String>,
    ) -> Self {
        Self(Arc::new(Inner {
            kind,
            field: match field.into() {
                // The names of built-in fields hold no invisible characters.
                Cow::Borrowed(name) => Cow::Borrowed(name),
                Cow::Owned(given) => Cow::Owned(seen(given)),
            },
            value: None,
            position: None,
            problem: seen(problem.into()),
            hint: None,
            about: None,
            standalone: false,
            is_of_name: false,
            is_uncertain: kind == ErrorKind::AnswerLost,
            source: None,
        }))
    }

    /// Creates an error of another crate of Punctual. Invisible characters of names and values in the
    /// message are written out.
    ///
    /// A name and a colon at the beginning of the message are the [field](Self::field).
    #[doc(hidden)]
    #[must_use]
    pub fn of(kind: ErrorKind, message: impl AsRef<str>) -> Self {
        let message = message.as_ref();
        match message.split_once(": ") {
            Some((field, problem)) if is_name(field) => Self::new(kind, field.to_owned(), problem),
            _ => Self::new(kind, "", message),
        }
    }

    /// Returns the same error with its cause, which the message does not contain.
    #[doc(hidden)]
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.with_source(source.into(), false)
    }

    /// Returns the same error with its cause, which the message already contains.
    #[doc(hidden)]
    #[must_use]
    pub fn telling(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.with_source(source.into(), true)
    }

    fn with_source(mut self, source: Box<dyn StdError + Send + Sync>, is_told: bool) -> Self {
        let error = Arc::from(source);
        self.inner().source = Some(Source { error, is_told });
        self
    }

    /// Returns the same error with `what` in front of its message.
    #[doc(hidden)]
    #[must_use]
    pub fn about(mut self, what: impl fmt::Display) -> Self {
        self.inner().about = Some(seen(what.to_string()));
        self
    }

    /// Returns the same error with one more line.
    #[doc(hidden)]
    #[must_use]
    pub fn and_line(mut self, line: &str) -> Self {
        let line = legible(line).into_owned();
        let problem = &mut self.inner().problem;
        problem.push('\n');
        problem.push_str(&line);
        self
    }

    /// Returns the same error, of a change that may have been made.
    #[doc(hidden)]
    #[must_use]
    pub fn uncertain(mut self) -> Self {
        self.inner().is_uncertain = true;
        self
    }

    /// The parts of the error, which are changed while it is built.
    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// Creates an error about the value of a field.
    #[doc(hidden)]
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        value: impl fmt::Display,
        problem: impl Into<String>,
    ) -> Self {
        Self::new(ErrorKind::Invalid, field, problem).with_value(value)
    }

    /// Returns the same error with the value at fault.
    #[doc(hidden)]
    #[must_use]
    pub fn with_value(mut self, value: impl fmt::Display) -> Self {
        self.inner().value = Some(abbreviated(&legible(&value.to_string())));
        self
    }

    /// Returns the same error with what to write instead.
    #[doc(hidden)]
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.inner().hint = Some(seen(hint.into()));
        self
    }

    /// Returns the same error about a part of `value`, which begins at `position` there.
    pub(crate) fn within(mut self, field: &'static str, value: &str, position: usize) -> Self {
        let inner = self.inner();
        inner.field = field.into();
        inner.position = Some(inner.position.unwrap_or_default() + position);
        self.with_value(value)
    }

    /// Returns the same error about a longer text, which has `before` bytes in front of the value.
    pub(crate) fn behind(mut self, before: usize) -> Self {
        let inner = self.inner();
        inner.position = inner.position.map(|position| position + before);
        self
    }

    pub(crate) fn at(mut self, position: usize) -> Self {
        self.inner().position = Some(position);
        self
    }

    /// Returns the same error, whose message does not begin with the field.
    #[doc(hidden)]
    #[must_use]
    pub fn standalone(mut self) -> Self {
        self.inner().standalone = true;
        self
    }

    pub(crate) fn of_name(mut self) -> Self {
        self.inner().is_of_name = true;
        self
    }

    /// Returns `true` if the name of the field is unknown.
    #[doc(hidden)]
    #[must_use]
    pub fn is_of_name(&self) -> bool {
        self.0.is_of_name
    }

    /// Returns the same error for the parent level, where `minute` of the second child becomes
    /// `triggers[1].minute`.
    #[doc(hidden)]
    #[must_use]
    pub fn inside(mut self, parent: &str) -> Self {
        let inner = self.inner();
        inner.field = match (&*inner.field, inner.standalone) {
            ("", _) | (_, true) => parent.to_owned().into(),
            (field, false) => format!("{parent}.{field}").into(),
        };
        inner.standalone = false;
        self
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The field at fault. For a field inside a combination it is a path such as
    /// `triggers[1].minute`.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        (!self.0.field.is_empty()).then_some(&*self.0.field)
    }

    /// The value at fault as it was written, shortened if it is long. Invisible characters, such as
    /// a line break or a no-break space, are written as `\n` or `\u{a0}`.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// The position in the field's text at which the fault begins, in bytes from 0.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.0.position
    }

    /// A suggestion for what to write instead, if one is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns `true` if the request itself is wrong, so that repeating it cannot help.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Invalid
                | ErrorKind::NeverFires
                | ErrorKind::UnknownZone
                | ErrorKind::TooLarge
                | ErrorKind::Expired
                | ErrorKind::UnknownTask
                | ErrorKind::UnknownTrigger
                | ErrorKind::MissingState
        )
    }

    /// Returns `true` if an id or alias is taken.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Returns `true` if there is no such job, run, store or executor.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Returns `true` if the scheduler does not run.
    #[must_use]
    pub fn is_not_running(&self) -> bool {
        self.kind() == ErrorKind::NotRunning
    }

    /// Returns `true` if the same call may work later.
    ///
    /// A change that failed as [`Unavailable`](ErrorKind::Unavailable) may have been made all the same.
    /// Look before you repeat a call that does something again when it is repeated.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Unavailable | ErrorKind::Busy | ErrorKind::Changed | ErrorKind::Full
        )
    }

    /// Returns `true` if a change that the call asked for may have been made although the call failed.
    ///
    /// A store that cannot be reached in the middle of a call is an example. Read what is stored
    /// before you ask for the same change again.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.0.is_uncertain
    }

    /// The errors below this one, the nearest first.
    fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        std::iter::successors(self.source(), |&error| error.source())
    }
}

/// Returns true for a name such as `node`, `jobs[0].trigger` or `stores.default`.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}

const LONGEST_QUOTE: usize = 80;

/// Returns a part of a message with invisible characters written out.
fn seen(text: String) -> String {
    match legible(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

/// Returns a quotation of what was written, shortened if it is long.
pub(crate) fn abbreviated(value: &str) -> String {
    if value.len() <= LONGEST_QUOTE {
        return value.to_owned();
    }
    let head: String = value.chars().take(LONGEST_QUOTE / 2).collect();
    format!("{head}… ({} bytes)", value.len())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(about) = &inner.about {
            write!(f, "{about}: ")?;
        }
        if !inner.field.is_empty() && !inner.standalone {
            write!(f, "{}: ", inner.field)?;
        }
        if let Some(value) = &inner.value {
            write!(f, "`{value}` ")?;
        }
        f.write_str(&inner.problem)?;
        if let Some(position) = inner.position {
            write!(f, " (at position {position})")?;
        }
        if let Some(hint) = &inner.hint {
            write!(f, "; {hint}")?;
        }
        if f.alternate() {
            for cause in self.causes() {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.0.fmt(f);
        }
        write!(f, "{self}")?;
        for cause in self.causes() {
            write!(f, "\n  caused by: {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.0.source.as_ref()?;
        if source.is_told {
            source.error.source()
        } else {
            Some(&*source.error)
        }
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_at_the_beginning_of_a_message_is_the_field() {
        for (message, field) in [
            ("node: the name is empty", Some("node")),
            ("stores.default: `x` was not opened", Some("stores.default")),
            ("`jobs.db` is locked: stop that process", None),
            ("the store failed: it is away", None),
            ("Node: x", None),
            ("node", None),
        ] {
            let error = Error::of(ErrorKind::Invalid, message);
            assert_eq!((error.field(), &*error.to_string()), (field, message));
        }
    }

    #[test]
    fn a_message_reads_field_value_problem_hint() {
        let error = Error::invalid("day", "tue", "is a weekday").with_hint("use day_of_week");
        assert_eq!(
            error.to_string(),
            "day: `tue` is a weekday; use day_of_week"
        );
        assert_eq!(error.inside("triggers[1]").field(), Some("triggers[1].day"));
    }

    #[test]
    fn no_part_of_a_message_is_printed_raw() {
        let raw = "a\n\u{1b}[2J\u{202e}";
        let error = Error::new(ErrorKind::Invalid, raw.to_owned(), format!("holds `{raw}`"))
            .with_value(raw)
            .with_hint(format!("not {raw}"))
            .inside("triggers[0]");
        let shown = r"a\n\u{1b}[2J\u{202e}";
        assert_eq!(
            error.to_string(),
            format!("triggers[0].{shown}: `{shown}` holds `{shown}`; not {shown}")
        );
        assert_eq!(error.value(), Some(shown));
    }

    #[test]
    fn a_long_value_is_shortened() {
        let error = Error::invalid("minute", "1,".repeat(5_000), "is too long");
        assert!(error.to_string().len() < 200, "{error}");
    }

    #[derive(Debug)]
    struct Below(&'static str, Option<Box<Self>>);

    impl fmt::Display for Below {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Below {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|below| below as _)
        }
    }

    fn disk() -> Below {
        Below("the file is locked", Some(Box::new(Below("code 5", None))))
    }

    #[test]
    fn main_prints_the_message_and_what_is_below_it() {
        let error = Error::of(ErrorKind::Unavailable, "`jobs.db` cannot be opened").because(disk());
        let printed =
            "`jobs.db` cannot be opened\n  caused by: the file is locked\n  caused by: code 5";
        assert_eq!(format!("{error:?}"), printed);
        assert_eq!(error.to_string(), "`jobs.db` cannot be opened");
        assert_eq!(
            format!("{error:#}"),
            "`jobs.db` cannot be opened: the file is locked: code 5"
        );
    }

    #[test]
    fn what_a_message_tells_is_not_told_again() {
        let reason = disk();
        let error = Error::of(ErrorKind::Unavailable, format!("store: {reason}")).telling(reason);
        let printed = "store: the file is locked\n  caused by: code 5";
        assert_eq!(format!("{error:?}"), printed);
    }

    #[test]
    fn an_error_about_something_says_so_first() {
        let error = Error::invalid("minute", 75, "is above the maximum 59").about("job `a`");
        assert_eq!(
            error.to_string(),
            "job `a`: minute: `75` is above the maximum 59"
        );
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::Invalid, Some("minute"))
        );
        assert_eq!(error.value(), Some("75"));
    }

    #[test]
    fn what_was_accepted_is_not_asked_for_again() {
        let of = |kind| Error::of(kind, "x");
        assert!(!of(ErrorKind::AnswerLost).is_temporary());
        assert!(of(ErrorKind::Changed).is_temporary());
        assert!(of(ErrorKind::MissingState).is_invalid());
        assert!(!of(ErrorKind::TooLarge).is_temporary());
        assert!(of(ErrorKind::AnswerLost).is_uncertain());
        assert!(!of(ErrorKind::Unavailable).is_uncertain());
    }

    #[test]
    fn each_kind_has_its_status() {
        use ErrorKind::*;
        let table: [(u16, &[ErrorKind]); 6] = [
            (404, &[NotFound]),
            (409, &[Conflict, Busy, AlreadyRunning]),
            (412, &[Changed]),
            (422, &[Invalid, NeverFires, UnknownZone, TooLarge, Expired]),
            (422, &[UnknownTask, UnknownTrigger]),
            (503, &[NotRunning, Unavailable, Full]),
        ];
        for (status, kinds) in table {
            for kind in kinds {
                assert_eq!(kind.http_status(), status, "{kind:?}");
            }
        }
        let inside = [MissingState, NoRuntime, AnswerLost, Denied];
        let inside = inside
            .into_iter()
            .chain([Incompatible, Unreadable, Io, Internal]);
        for kind in inside {
            assert_eq!(kind.http_status(), 500, "{kind:?}");
        }
    }
}
