//! The one error of this crate: which field is wrong, why, and what to write instead.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;

use crate::legible::legible;

/// What is wrong with a trigger, a policy or an id.
///
/// The text names the field, the value as it was written, the limit it broke and the way out:
///
/// ```
/// use punctual_core::Cron;
///
/// let error = Cron::new().minute("75").build().unwrap_err();
/// assert_eq!(error.to_string(), "minute: `75` is above the maximum 59");
/// assert_eq!(error.field(), Some("minute"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    field: Cow<'static, str>,
    value: Option<String>,
    position: Option<usize>,
    problem: String,
    hint: Option<String>,
    /// The problem names the field itself.
    standalone: bool,
}

/// The classes of [`Error`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value is malformed or outside its limits.
    InvalidValue,
    /// A field that must be given is missing.
    MissingField,
    /// A field that does not exist here, or exists under another name.
    UnknownField,
    /// A time zone that the database does not hold.
    UnknownZone,
    /// A rule that could never fire.
    NeverFires,
    /// Something is longer, deeper or more numerous than is allowed.
    LimitExceeded,
    /// A custom trigger whose name is bound to no code, or whose code refused its configuration.
    Custom,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<String>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            field: match field.into() {
                // The names of our own fields need no look.
                Cow::Borrowed(own) => Cow::Borrowed(own),
                Cow::Owned(given) => Cow::Owned(seen(given)),
            },
            value: None,
            position: None,
            problem: seen(problem.into()),
            hint: None,
            standalone: false,
        }))
    }

    pub(crate) fn invalid(
        field: impl Into<Cow<'static, str>>,
        value: impl fmt::Display,
        problem: impl Into<String>,
    ) -> Self {
        Self::new(ErrorKind::InvalidValue, field, problem).with_value(value)
    }

    pub(crate) fn with_value(mut self, value: impl fmt::Display) -> Self {
        self.0.value = Some(abbreviated(&legible(&value.to_string())));
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(seen(hint.into()));
        self
    }

    pub(crate) fn at(mut self, position: usize) -> Self {
        self.0.position = Some(position);
        self
    }

    pub(crate) fn standalone(mut self) -> Self {
        self.0.standalone = true;
        self
    }

    /// The same error one level up: `minute` of the second child becomes `triggers[1].minute`.
    pub(crate) fn inside(mut self, parent: &str) -> Self {
        self.0.field = match (&*self.0.field, self.0.standalone) {
            ("", _) | (_, true) => parent.to_owned().into(),
            (field, false) => format!("{parent}.{field}").into(),
        };
        self.0.standalone = false;
        self
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The field at fault, `triggers[1].minute` for one inside a combination.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        (!self.0.field.is_empty()).then_some(&*self.0.field)
    }

    /// The value at fault as it was written, shortened if it is long. What cannot be seen, such as
    /// a line break or a no-break space, is written out as `\n` or `\u{a0}`.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// Where in the field's text the fault begins, in bytes from 0.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.0.position
    }

    /// What to write instead, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether the rule is well-formed but could never fire.
    #[must_use]
    pub fn is_never_fires(&self) -> bool {
        self.0.kind == ErrorKind::NeverFires
    }

    /// Whether a time zone name is unknown.
    #[must_use]
    pub fn is_unknown_zone(&self) -> bool {
        self.0.kind == ErrorKind::UnknownZone
    }
}

const LONGEST_QUOTE: usize = 80;

/// A part of a message, with what cannot be seen written out.
fn seen(text: String) -> String {
    match legible(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

fn abbreviated(value: &str) -> String {
    if value.len() <= LONGEST_QUOTE {
        return value.to_owned();
    }
    let head: String = value.chars().take(LONGEST_QUOTE / 2).collect();
    format!("{head}… ({} bytes)", value.len())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
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
            write!(f, ", {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_field_value_problem_hint() {
        let error = Error::invalid("day", "tue", "is a weekday").with_hint("use day_of_week");
        assert_eq!(
            error.to_string(),
            "day: `tue` is a weekday, use day_of_week"
        );
        assert_eq!(error.inside("triggers[1]").field(), Some("triggers[1].day"));
    }

    #[test]
    fn no_part_of_a_message_is_printed_raw() {
        let raw = "a\n\u{1b}[2J\u{202e}";
        let error = Error::new(
            ErrorKind::UnknownField,
            raw.to_owned(),
            format!("holds `{raw}`"),
        )
        .with_value(raw)
        .with_hint(format!("not {raw}"))
        .inside("triggers[0]");
        let shown = r"a\n\u{1b}[2J\u{202e}";
        assert_eq!(
            error.to_string(),
            format!("triggers[0].{shown}: `{shown}` holds `{shown}`, not {shown}")
        );
        assert_eq!(error.value(), Some(shown));
    }

    #[test]
    fn a_long_value_is_shortened() {
        let error = Error::invalid("minute", "1,".repeat(5_000), "is too long");
        assert!(error.to_string().len() < 200, "{error}");
    }
}
