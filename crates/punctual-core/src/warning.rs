//! Warnings of values that are accepted but probably not meant.

use std::fmt;

use crate::error::Error;

/// A value that is accepted, but probably does not do what its writer meant.
///
/// Warnings are values, since the core logs nothing.
/// [`Trigger::warnings`](crate::Trigger::warnings) and [`Job::warnings`](crate::Job::warnings)
/// return them. A scheduler logs them when a job is added.
///
/// ```
/// use punctual_core::{Crontab, WarningKind};
///
/// let trigger = Crontab::new("0 30 2 ? * 2-6").build()?;
/// let warnings = trigger.warnings();
/// assert_eq!(warnings[0].kind(), WarningKind::CountedWeekdays);
/// assert_eq!(
///     warnings[0].to_string(),
///     "day_of_week: `2-6` beside a `?` reads as Quartz, where 1 is Sunday, but 1 is Monday here \
///      and this is from Tuesday to Saturday; write names such as `mon-fri`",
/// );
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Warning {
    kind: WarningKind,
    /// The text of the warning, with field, value, problem and hint like an error.
    error: Error,
}

/// The classes of [`Warning`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// A crontab counts its weekdays beside a `?`. The `?` is Quartz's notation, and Quartz counts
    /// weekdays differently.
    CountedWeekdays,
    /// A crontab restricts both day and weekday, and together they match every day.
    EveryDay,
    /// Some of the months never have one of the days.
    MonthsWithoutDay,
    /// A cron without any field fires every second.
    NoFields,
    /// An interval has both a start and a first run. The first run only counts without a start.
    FirstRunIgnored,
    /// The jitter is not shorter than the interval, which cuts it.
    JitterCut,
    /// The first wait of a retry is longer than its cap, which cuts it.
    BackoffCut,
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, error: Error) -> Self {
        Self { kind, error }
    }

    /// Returns the same warning for the parent level, where `day` of the second child becomes
    /// `triggers[1].day`.
    pub(crate) fn inside(self, parent: &str) -> Self {
        Self {
            error: self.error.inside(parent),
            ..self
        }
    }

    /// The class of the warning.
    #[must_use]
    pub fn kind(&self) -> WarningKind {
        self.kind
    }

    /// The field that the warning is about. For a field inside a combination it is a path such as
    /// `triggers[1].day_of_week`.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.error.field()
    }

    /// A suggestion for what to write instead, if one is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.error.hint()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
