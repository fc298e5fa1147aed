//! Triggers on their way to a scheduler, before the time is known that some of them count from.

use chrono::{DateTime, Utc};

use super::combine::too_deep;
use super::{CombinationBuilder, DateBuilder, Trigger};
use crate::error::Error;
use crate::limits::MAX_DEPTH;

/// A trigger as it was given to a scheduler. A date may count from the time of the scheduler.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Draft(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Ready(Trigger),
    Date(Box<DateBuilder>),
    Combination(Box<CombinationBuilder>),
}

impl Draft {
    /// Returns the trigger. Dates such as [`Date::after`](super::Date::after) count from `now`.
    ///
    /// # Errors
    ///
    /// Returns an error if a date is invalid, or if the triggers of a combination never fire.
    pub fn at(self, now: DateTime<Utc>) -> Result<Trigger, Error> {
        self.resolve(Some(now))
    }

    /// Returns the trigger. Without a time, a date that counts from it is an error.
    pub(crate) fn resolve(self, now: Option<DateTime<Utc>>) -> Result<Trigger, Error> {
        match self.0 {
            Kind::Ready(trigger) => Ok(trigger),
            Kind::Date(builder) => builder.build_at(now),
            Kind::Combination(builder) => builder.build_at(now),
        }
    }

    pub(crate) fn of_date(builder: DateBuilder) -> Result<Self, Error> {
        if builder.is_relative() {
            return Ok(Self(Kind::Date(Box::new(builder))));
        }
        builder.build().map(Self::from)
    }

    pub(crate) fn of_combination(builder: CombinationBuilder) -> Result<Self, Error> {
        if builder.depth() > MAX_DEPTH {
            return Err(too_deep());
        }
        if builder.is_relative() {
            return Ok(Self(Kind::Combination(Box::new(builder))));
        }
        builder.build().map(Self::from)
    }

    /// Returns the depth of what is not built yet.
    pub(crate) fn depth(&self) -> usize {
        match &self.0 {
            Kind::Ready(_) | Kind::Date(_) => 1,
            Kind::Combination(builder) => builder.depth(),
        }
    }

    /// Returns `true` if the trigger is known only together with a time.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        !matches!(self.0, Kind::Ready(_))
    }
}

impl From<Trigger> for Draft {
    fn from(trigger: Trigger) -> Self {
        Self(Kind::Ready(trigger))
    }
}
