//! The crontab trigger, which is one text with the meaning that crontab users expect.

#[cfg(test)]
mod against_croner;
mod beside;
mod compile;
mod draft;
mod explain;
#[cfg(test)]
mod hints;
mod in_words;
mod item;
mod line;
mod marks;
mod nickname;
mod weekday;

use super::builder::{builds_trigger, keeps_first_error, zoned_setters};
use super::cron::compiled::Compiled;
use super::cron::field::Field;
use super::cron::pattern::Join;
use super::interval::IntervalBuilder;
use super::zoned::ZonedDraft;
use super::{IntoWhen, Trigger};
use crate::daylight::{Daylight, Fold, Gap};
use crate::error::{Error, ErrorKind};
use crate::zone::Zone;

/// A trigger that fires at the times of a crontab line, in the standard meaning.
///
/// A line has five fields (minute, hour, day, month, weekday), six fields with seconds first, or
/// seven fields with the year last. It may also be a nickname from `@hourly` to `@yearly`. 0 and 7
/// are Sunday. `L`, `LW`, `15W`, `5#2` and `5L` are understood. The line `@every 90s` makes an
/// [`Interval`](crate::Interval) without a start.
///
/// If both day and weekday are restricted, a date may match either, as in crontab(5). A field that
/// begins with `*`, or is `?`, is not restricted.
///
/// The fields of [`Cron`](crate::Cron) differ. There Monday is 0 and all fields must match, as in
/// `APScheduler`.
///
/// ```
/// use punctual_core::Crontab;
///
/// let trigger = Crontab::new("*/5 9-17 * * mon-fri").timezone("America/New_York").build()?;
/// let next = trigger.next(None, "2026-11-20T23:00:00Z".parse().unwrap()).unwrap();
/// assert_eq!(next.to_rfc3339(), "2026-11-23T14:00:00+00:00");
/// assert_eq!(
///     Crontab::new("0 0 MON * *").build().unwrap_err().to_string(),
///     "day: `MON` is a weekday (at position 4); the weekday is the fifth of five fields",
/// );
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Crontab {
    compiled: Compiled,
    expr: Box<str>,
}

/// Two triggers are equal if they are written alike.
impl PartialEq for Crontab {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
            && self.day_and_weekday() == other.day_and_weekday()
            && self.compiled.zoned == other.compiled.zoned
            && self.compiled.pattern.daylight == other.compiled.pattern.daylight
    }
}

impl Crontab {
    /// Begins a trigger from the text of a crontab line, without its command.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a trigger exists only once all of it is valid"
    )]
    pub fn new(expr: impl Into<String>) -> CrontabBuilder {
        CrontabBuilder {
            expr: expr.into(),
            day_and_weekday: false,
            zoned: ZonedDraft::default(),
            error: None,
        }
    }

    pub(crate) fn expr(&self) -> &str {
        &self.expr
    }

    /// The fields that are written in the line, or those that the nickname stands for.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        let line = line::Line::read(&self.expr).ok();
        let fields = line.map(|line| {
            line.fields()
                .map(|(field, text, _)| (field, text))
                .collect::<Vec<_>>()
        });
        fields.unwrap_or_default().into_iter()
    }

    pub(crate) fn day_and_weekday(&self) -> bool {
        self.compiled.pattern.join == Join::AndAlways
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        Self {
            compiled: self.compiled.with_default_zone(zone),
            expr: self.expr.clone(),
        }
    }

    pub(crate) fn unbounded(&self) -> Self {
        Self {
            compiled: self.compiled.unbounded(),
            expr: self.expr.clone(),
        }
    }
}

/// Builds a [`Crontab`] trigger.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct CrontabBuilder {
    expr: String,
    day_and_weekday: bool,
    zoned: ZonedDraft,
    error: Option<Error>,
}

impl CrontabBuilder {
    /// Sets whether a date must match both day and weekday, even if both are restricted.
    pub fn day_and_weekday(mut self, both: bool) -> Self {
        self.day_and_weekday = both;
        self
    }

    /// Checks the whole rule and builds the trigger.
    ///
    /// # Errors
    ///
    /// Returns the first error of a field, with its position. Returns an error, too, if no date of
    /// any year matches, or if the end is before the start.
    pub fn build(self) -> Result<Trigger, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let blanks = self.expr.len() - self.expr.trim_start().len();
        self.built().map_err(|error| error.behind(blanks))
    }

    fn built(self) -> Result<Trigger, Error> {
        let expr = match self.expr.trim() {
            trimmed if trimmed.len() < self.expr.len() => trimmed.into(),
            _ => self.expr.into_boxed_str(),
        };
        if let Some(length) = nickname::every(&expr) {
            refuse_for_every(self.day_and_weekday, self.zoned.daylight)?;
            let interval = IntervalBuilder::micros(length?);
            return interval
                .with_bounds(self.zoned.zone, self.zoned.bounds)
                .build();
        }
        let pattern = compile::compile(&expr, self.day_and_weekday, self.zoned.daylight)?;
        Ok(Trigger::Crontab(Crontab {
            compiled: Compiled {
                pattern,
                zoned: self.zoned.build()?,
            },
            expr,
        }))
    }
}

/// Refuses settings that would have no effect beside `@every`.
fn refuse_for_every(day_and_weekday: bool, daylight: Daylight) -> Result<(), Error> {
    let given = [
        ("gap", daylight.gap.is_some()),
        ("fold", daylight.fold.is_some()),
        ("day_and_weekday", day_and_weekday),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((field, _)) => {
            let problem = "has no effect on `@every`, which counts elapsed time";
            let hint = "leave it out, or write the fields of a crontab line";
            Err(Error::new(ErrorKind::Invalid, field, problem).with_hint(hint))
        }
        None => Ok(()),
    }
}

zoned_setters!(CrontabBuilder);
keeps_first_error!(CrontabBuilder);
builds_trigger!(CrontabBuilder);
