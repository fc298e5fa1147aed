use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, BoundsDraft};
use super::builder::{bounds_setters, builds_trigger, keeps_first_error, timezone_setter};
use super::interval_units::{LONGEST, too_long};
use super::when::When;
use super::{IntoWhen, Trigger};
use crate::error::{Error, ErrorKind};
use crate::instant;
use crate::limits::MIN_INTERVAL_MICROS;
use crate::span::{IntoSpan, Shown};
use crate::zone::Zone;

/// The first fire time of an interval without a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "it begins now or one interval later"
)]
pub enum FirstRun {
    /// One interval after now, as in `APScheduler` 3.
    #[default]
    AfterInterval,
    /// Now.
    Immediately,
}

/// A trigger that fires at a fixed interval of elapsed time. A day is 24 hours, even if clocks are
/// set.
///
/// ```text
/// start given       |----|----|----|      ticks at start + k * length
/// no start, now     n----|----|----|      the first one fixes the phase: the anchor of the job
/// ```
///
/// To fire at the same local time every day, use [`CalendarInterval`](crate::CalendarInterval) or
/// [`Cron`](crate::Cron).
///
/// ```
/// use punctual_core::Interval;
///
/// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
/// let trigger = Interval::every("90s").start(at("2026-01-01T00:00:00Z")).build()?;
/// assert_eq!(trigger.after(at("2026-01-01T00:01:00Z")), Some(at("2026-01-01T00:01:30Z")));
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The length in microseconds. It is an integer, because tenths of a second have no exact
    /// floating-point form.
    micros: i64,
    zone: Option<Zone>,
    bounds: Option<Box<Bounds>>,
    first_run: FirstRun,
}

impl Interval {
    /// Begins a trigger with this length, in whole microseconds. The length is at least one
    /// millisecond.
    pub fn every(length: impl IntoSpan) -> IntervalBuilder {
        let length = length.into_span("every");
        match length.and_then(|length| micros_of("every", length)) {
            Ok(micros) => IntervalBuilder::micros(micros),
            Err(error) => IntervalBuilder::micros(LONGEST).failed(error),
        }
    }

    pub(crate) fn length_micros(&self) -> i64 {
        self.micros
    }

    pub(crate) fn zone(&self) -> Option<Zone> {
        self.zone
    }

    pub(crate) fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_deref()
    }

    pub(crate) fn first_run(&self) -> FirstRun {
        self.first_run
    }

    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        if self.zone.is_some() {
            return self.clone();
        }
        let bounds = self
            .bounds
            .as_ref()
            .map(|bounds| Box::new(bounds.in_zone(zone)));
        Self {
            zone: Some(zone),
            bounds,
            ..self.clone()
        }
    }

    pub(crate) fn is_anchored(&self) -> bool {
        self.bounds
            .as_ref()
            .is_some_and(|bounds| bounds.start.is_some())
    }

    pub(crate) fn anchored(&self, at: DateTime<Utc>) -> Self {
        if self.is_anchored() {
            return self.clone();
        }
        let end = self.bounds.as_ref().and_then(|bounds| bounds.end);
        let bounds = Bounds::new(Some(When::Instant(at)), end, self.zone);
        Self {
            bounds: bounds.map(Box::new),
            ..self.clone()
        }
    }

    pub(crate) fn unbounded(&self) -> Self {
        let start = self.bounds.as_ref().and_then(|bounds| bounds.start);
        let bounds = Bounds::new(start, None, self.zone);
        Self {
            bounds: bounds.map(Box::new),
            ..self.clone()
        }
    }

    /// Returns the first tick and the last instant, for an interval with a grid.
    fn grid(&self) -> (i64, i64) {
        Bounds::micros(self.bounds())
    }

    pub(crate) fn next(
        &self,
        previous: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let (_, end) = self.grid();
        let next = match previous {
            Some(previous) => instant::micros(previous).checked_add(self.micros)?,
            None if self.is_anchored() => return self.first_from(instant::micros_ceil(now)),
            None if self.first_run == FirstRun::Immediately => instant::micros_ceil(now),
            None => instant::micros_ceil(now).checked_add(self.micros)?,
        };
        if next > end {
            None
        } else {
            instant::from_micros(next)
        }
    }

    /// Returns the first tick of the grid that is not before `micros`.
    fn first_from(&self, micros: i64) -> Option<DateTime<Utc>> {
        let (start, end) = self.grid();
        let ticks = match micros.checked_sub(start)? {
            since if since <= 0 => 0,
            since => (since - 1) / self.micros + 1,
        };
        let tick = ticks.checked_mul(self.micros)?.checked_add(start)?;
        if tick > end {
            None
        } else {
            instant::from_micros(tick)
        }
    }

    pub(crate) fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.first_from(instant::micros(t) + 1)
    }

    pub(crate) fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (start, end) = self.grid();
        let since = instant::micros(t).min(end).checked_sub(start)?;
        if since < 0 {
            return None;
        }
        instant::from_micros(start + since / self.micros * self.micros)
    }

    pub(crate) fn count(&self, from: i64, through: i64) -> u64 {
        let (start, end) = self.grid();
        let (from, through) = (from.max(start), through.min(end));
        if from > through {
            return 0;
        }
        let ticks_through = (through - start) / self.micros + 1;
        let ticks_before = if from > start {
            (from - start - 1) / self.micros + 1
        } else {
            0
        };
        (ticks_through - ticks_before).unsigned_abs()
    }
}

/// Returns the microseconds of a length that an interval can have. An error names `field`.
pub(crate) fn micros_of(field: &'static str, length: Duration) -> Result<i64, Error> {
    let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    if micros < MIN_INTERVAL_MICROS {
        let problem = "is below the minimum of one millisecond";
        let error = Error::invalid(field, Shown(length), problem);
        return Err(error.with_hint("write `1ms` or more, such as `5m`"));
    }
    if micros > LONGEST {
        return Err(too_long(field, Shown(length)));
    }
    Ok(micros)
}

/// Builds an [`Interval`] trigger.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct IntervalBuilder {
    micros: i64,
    zone: Option<Zone>,
    bounds: BoundsDraft,
    first_run: FirstRun,
    error: Option<Error>,
}

impl IntervalBuilder {
    pub(crate) fn micros(micros: i64) -> Self {
        Self {
            micros,
            zone: None,
            bounds: BoundsDraft::default(),
            first_run: FirstRun::default(),
            error: None,
        }
    }

    timezone_setter!(zone);
    bounds_setters!(bounds);

    pub(crate) fn with_bounds(mut self, zone: Option<Zone>, bounds: BoundsDraft) -> Self {
        (self.zone, self.bounds) = (zone, bounds);
        self
    }

    /// Sets the first fire time of an interval without a start.
    pub fn first_run(mut self, first_run: FirstRun) -> Self {
        self.first_run = first_run;
        self
    }

    /// Checks the whole rule and builds the trigger.
    ///
    /// # Errors
    ///
    /// Returns an error if the length is below one millisecond or above 8,000 years, if the end is
    /// before the start, or if any other value is invalid.
    pub fn build(self) -> Result<Trigger, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.micros < MIN_INTERVAL_MICROS {
            return Err(Error::new(
                ErrorKind::Invalid,
                "seconds",
                "is below the minimum of 0.001; an interval takes at least one millisecond",
            )
            .with_value(self.micros as f64 / 1e6));
        }
        if self.micros > LONGEST {
            return Err(too_long("seconds", self.micros / instant::SECOND));
        }
        let bounds = Bounds::given(self.bounds, self.zone)?;
        Ok(Trigger::Interval(Interval {
            micros: self.micros,
            zone: self.zone,
            bounds,
            first_run: self.first_run,
        }))
    }
}

keeps_first_error!(IntervalBuilder);
builds_trigger!(IntervalBuilder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_that_no_interval_has_names_the_field_that_holds_it() {
        let message = |builder: IntervalBuilder| builder.build().unwrap_err().to_string();
        let low = "is below the minimum of one millisecond; write `1ms` or more, such as `5m`";
        assert_eq!(message(Interval::every("0s")), format!("every: `0s` {low}"));
        assert_eq!(
            message(Interval::every(Duration::from_micros(999))),
            format!("every: `999us` {low}")
        );
        assert_eq!(
            message(Interval::every("99999999h")),
            "every: `4166666d 15h` is above the maximum of 8,000 years"
        );
        let json = r#"{"type": "interval", "seconds": 0.0005}"#.parse::<Trigger>();
        assert_eq!(
            json.unwrap_err().to_string(),
            "seconds: `0.0005` is below the minimum of 0.001; an interval takes at least one millisecond"
        );
    }
}
