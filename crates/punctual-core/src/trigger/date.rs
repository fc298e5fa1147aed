use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::bounds::{Bounds, BoundsDraft};
use super::builder::{bounds_setters, builds_trigger, keeps_first_error, timezone_setter};
use super::when::When;
use super::{IntoWhen, Trigger};
use crate::error::{Error, ErrorKind};
use crate::instant::{self, MAX_MICROS, MIN_MICROS, SECOND};
use crate::span::{IntoSpan, Shown};
use crate::zone::Zone;

/// A trigger that fires once.
///
/// A time in the past still fires. The job's grace time decides whether it is too late.
///
/// ```
/// use punctual_core::{Date, Trigger};
///
/// let trigger = Date::at("2026-03-01T10:00:00").timezone("Europe/Paris").build()?;
/// let fire = trigger.next(None, "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
/// assert_eq!(fire.to_rfc3339(), "2026-03-01T09:00:00+00:00");
/// assert_eq!(trigger.next(Some(fire), fire), None);
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Date {
    run_at: When,
    zone: Option<Zone>,
    bounds: Option<Box<Bounds>>,
    /// The instant in microseconds.
    micros: i64,
}

impl Date {
    /// Begins a trigger for an instant, or for a local time of the trigger's zone.
    pub fn at(run_at: impl IntoWhen) -> DateBuilder {
        match run_at.into_when("run_at") {
            Ok(when) => DateBuilder::new(RunAt::When(when)),
            Err(error) => {
                DateBuilder::new(RunAt::When(When::Instant(DateTime::UNIX_EPOCH))).failed(error)
            }
        }
    }

    /// Begins a trigger for the time that comes `span` after the job is added, by the clock of its
    /// scheduler.
    ///
    /// Such a builder is given to a scheduler, or to [`Trigger::or`]. It cannot be built without a
    /// scheduler, since only a scheduler knows the time.
    pub fn after(span: impl IntoSpan) -> DateBuilder {
        match span.into_span("after") {
            Ok(span) => DateBuilder::new(RunAt::After(span)),
            Err(error) => DateBuilder::new(RunAt::After(Duration::ZERO)).failed(error),
        }
    }

    /// Begins a trigger for the time at which the job is added, by the clock of its scheduler. See
    /// [`after`](Self::after).
    pub fn now() -> DateBuilder {
        DateBuilder::new(RunAt::After(Duration::ZERO))
    }

    pub(crate) fn run_at(&self) -> When {
        self.run_at
    }

    pub(crate) fn zone(&self) -> Option<Zone> {
        self.zone
    }

    pub(crate) fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_deref()
    }

    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        if self.zone.is_some() {
            return self.clone();
        }
        Self {
            run_at: self.run_at,
            zone: Some(zone),
            bounds: self
                .bounds
                .as_ref()
                .map(|bounds| Box::new(bounds.in_zone(zone))),
            micros: member_of(self.run_at, zone),
        }
    }

    pub(crate) fn unbounded(&self) -> Self {
        Self {
            bounds: None,
            ..self.clone()
        }
    }

    /// The only member, unless the bounds exclude it.
    pub(crate) fn member(&self) -> Option<i64> {
        let (from, through) = Bounds::micros(self.bounds());
        (from..=through)
            .contains(&self.micros)
            .then_some(self.micros)
    }

    pub(crate) fn next(&self, previous: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        if previous.is_some() {
            return None;
        }
        self.member().and_then(instant::from_micros)
    }

    pub(crate) fn member_after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.member()
            .filter(|micros| *micros > instant::micros(t))
            .and_then(instant::from_micros)
    }

    pub(crate) fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.member()
            .filter(|micros| *micros <= instant::micros(t))
            .and_then(instant::from_micros)
    }

    pub(crate) fn count(&self, from: i64, through: i64) -> u64 {
        u64::from(
            self.member()
                .is_some_and(|micros| (from..=through).contains(&micros)),
        )
    }
}

/// The last local hours of 9999 may be in the year 10000 UTC, and fire at the end of time.
fn member_of(run_at: When, zone: Zone) -> i64 {
    run_at.micros_in(zone).clamp(MIN_MICROS, MAX_MICROS)
}

/// Builds a [`Date`] trigger.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct DateBuilder {
    run_at: RunAt,
    zone: Option<Zone>,
    bounds: BoundsDraft,
    error: Option<Error>,
}

/// The time of a date as it was given.
#[derive(Debug, Clone, Copy)]
enum RunAt {
    When(When),
    /// The time after the job is added.
    After(Duration),
}

impl RunAt {
    fn when(self, now: Option<DateTime<Utc>>) -> Result<When, Error> {
        let span = match self {
            Self::When(when) => return Ok(when),
            Self::After(span) => span,
        };
        let now = now.ok_or_else(|| {
            Error::new(
                ErrorKind::Invalid,
                "run_at",
                "counts from the time of a scheduler",
            )
            .with_hint("give the builder itself to `add_job`, or write `Date::at(..)`")
        })?;
        let run_at = TimeDelta::from_std(span)
            .ok()
            .and_then(|span| now.checked_add_signed(span));
        run_at.map(When::Instant).ok_or_else(|| {
            let problem = "leads beyond the year 9999";
            Error::new(ErrorKind::TooLarge, "after", problem).with_value(Shown(span))
        })
    }
}

impl DateBuilder {
    fn new(run_at: RunAt) -> Self {
        Self {
            run_at,
            zone: None,
            bounds: BoundsDraft::default(),
            error: None,
        }
    }

    timezone_setter!(zone);
    bounds_setters!(bounds);

    /// Checks the whole rule and builds the trigger.
    ///
    /// # Errors
    ///
    /// Returns an error if a value is invalid, if the instant is outside the years 1 to 9999, or if
    /// the end is before the start.
    ///
    /// Returns an error, too, for a date that counts from the time of a scheduler.
    pub fn build(self) -> Result<Trigger, Error> {
        self.build_at(None)
    }

    /// Returns `true` if the date counts from the time of a scheduler.
    pub(crate) fn is_relative(&self) -> bool {
        self.error.is_none() && matches!(self.run_at, RunAt::After(_))
    }

    pub(crate) fn build_at(self, now: Option<DateTime<Utc>>) -> Result<Trigger, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let given = self.run_at.when(now)?;
        let run_at = given.cut();
        if run_at.micros_in(Zone::UTC) / SECOND != given.micros_in(Zone::UTC) / SECOND {
            return Err(Error::new(
                ErrorKind::TooLarge,
                "run_at",
                "is outside the years 1 to 9999",
            )
            .with_value(given));
        }
        let micros = member_of(run_at, self.zone.unwrap_or(Zone::UTC));
        let bounds = Bounds::given(self.bounds, self.zone)?;
        Ok(Trigger::Date(Date {
            run_at,
            zone: self.zone,
            bounds,
            micros,
        }))
    }
}

keeps_first_error!(DateBuilder);
builds_trigger!(DateBuilder);
