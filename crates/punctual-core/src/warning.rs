//! What is accepted, and is probably not what was meant.

use std::fmt;

use crate::error::Error;

/// Something that is accepted, but probably does not do what its writer meant.
///
/// Warnings are values, since the core logs nothing. [`Trigger::warnings`](crate::Trigger::warnings)
/// and [`Job::warnings`](crate::Job::warnings) answer them; a scheduler logs them when a job is
/// added.
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
///      and this is from Tuesday to Saturday, write names such as `mon-fri`",
/// );
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Warning {
    kind: WarningKind,
    /// Read like an error, with field, value, problem and hint.
    said: Error,
}

/// The classes of [`Warning`] that callers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// A crontab counts its weekdays beside a `?`, which is Quartz's notation and counts otherwise.
    CountedWeekdays,
    /// Day and weekday of a crontab are both written down, and together they are every day.
    EveryDay,
    /// Some of the months never have one of the days.
    MonthsWithoutDay,
    /// A cron without any field fires every second.
    NoFields,
    /// An interval has a start, and says when it fires first without one.
    FirstRunIgnored,
    /// The jitter is not shorter than the interval, which cuts it.
    JitterCut,
    /// The first wait of a retry is longer than the longest, which cuts it.
    BackoffCut,
}

impl Warning {
    pub(crate) fn new(kind: WarningKind, said: Error) -> Self {
        Self { kind, said }
    }

    /// The same warning one level up: `day` of the second child becomes `triggers[1].day`.
    pub(crate) fn inside(self, parent: &str) -> Self {
        Self {
            said: self.said.inside(parent),
            ..self
        }
    }

    /// The class of the warning.
    #[must_use]
    pub fn kind(&self) -> WarningKind {
        self.kind
    }

    /// The field that it is about, `triggers[1].day_of_week` for one inside a combination.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.said.field()
    }

    /// What to write instead, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.said.hint()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said.fmt(f)
    }
}
