use chrono::{Datelike, NaiveDate};

use super::{CalendarInterval, Length, TimeOfDay, date_of};
use crate::civil;
use crate::daylight::{Fold, Gap};
use crate::error::{Error, ErrorKind};
use crate::limits::MAX_YEAR;
use crate::trigger::bounds::ends_before;
use crate::trigger::builder::{builds_trigger, keeps_first_error, zoned_setters};
use crate::trigger::zoned::ZonedDraft;
use crate::trigger::{IntoWhen, Trigger};

/// Builds a [`CalendarInterval`] trigger.
///
/// ```
/// use chrono::NaiveDate;
/// use punctual_core::CalendarInterval;
///
/// let first = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a date");
/// let last = NaiveDate::from_ymd_opt(2026, 12, 31).expect("a date");
/// let closing = CalendarInterval::months(1).at(9, 0, 0).timezone("Europe/Paris");
/// let closing = closing.start_date(first).end_date(last).build()?;
/// println!("{}", closing.describe());
///
/// // Without a start date the scheduler counts from the day on which the job is added.
/// let odd = CalendarInterval::years(1).and_months(1).and_weeks(1).and_days(1).build()?;
/// println!("{}", odd.describe());
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct CalendarIntervalBuilder {
    length: Length,
    /// The unit that the length was begun with.
    unit: &'static str,
    time: TimeOfDay,
    start_date: Option<i32>,
    end_date: Option<i32>,
    zoned: ZonedDraft,
    error: Option<Error>,
}

impl CalendarIntervalBuilder {
    pub(crate) fn new(unit: &'static str, length: Length) -> Self {
        Self {
            length,
            unit,
            time: TimeOfDay::default(),
            start_date: None,
            end_date: None,
            zoned: ZonedDraft::default(),
            error: None,
        }
    }

    /// Adds years to the length.
    pub fn and_years(mut self, years: u32) -> Self {
        self.length.years = years;
        self
    }

    /// Adds months to the length.
    pub fn and_months(mut self, months: u32) -> Self {
        self.length.months = months;
        self
    }

    /// Adds weeks to the length.
    pub fn and_weeks(mut self, weeks: u32) -> Self {
        self.length.weeks = weeks;
        self
    }

    /// Adds days to the length. If the length also has months, the day of the month drifts.
    pub fn and_days(mut self, days: u32) -> Self {
        self.length.days = days;
        self
    }

    /// Sets the local time of day. The default is midnight.
    pub fn at(mut self, hour: u32, minute: u32, second: u32) -> Self {
        let parts = [
            ("hour", hour, 23),
            ("minute", minute, 59),
            ("second", second, 59),
        ];
        for (field, value, max) in parts {
            if value > max {
                let problem = format!("is above the maximum {max}");
                return self.failed(Error::invalid(field, value, problem));
            }
        }
        self.time = TimeOfDay {
            hour: hour as u8,
            minute: minute as u8,
            second: second as u8,
        };
        self
    }

    /// Sets the date from which dates are counted.
    pub fn start_date(self, date: NaiveDate) -> Self {
        match day_number("start_date", date) {
            Ok(days) => Self {
                start_date: Some(days),
                ..self
            },
            Err(error) => self.failed(error),
        }
    }

    /// Sets the last date, which is included.
    pub fn end_date(self, date: NaiveDate) -> Self {
        match day_number("end_date", date) {
            Ok(days) => Self {
                end_date: Some(days),
                ..self
            },
            Err(error) => self.failed(error),
        }
    }

    /// Checks the whole rule and builds the trigger.
    ///
    /// # Errors
    ///
    /// Returns an error if the length is zero or more than 9,999 years, if the end is before the
    /// start, or if any other value is invalid.
    pub fn build(self) -> Result<Trigger, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        check_length(self.length, self.unit)?;
        check_dates(self.start_date, self.end_date)?;
        Ok(Trigger::CalendarInterval(CalendarInterval {
            length: self.length,
            time: self.time,
            start_date: self.start_date,
            end_date: self.end_date,
            daylight: self.zoned.daylight,
            zoned: self.zoned.build()?,
        }))
    }
}

fn day_number(field: &'static str, date: NaiveDate) -> Result<i32, Error> {
    if !(civil::MIN_YEAR..=MAX_YEAR).contains(&date.year()) {
        return Err(
            Error::new(ErrorKind::TooLarge, field, "is outside the years 1 to 9999")
                .with_value(date),
        );
    }
    Ok(date.to_epoch_days())
}

fn check_dates(start: Option<i32>, end: Option<i32>) -> Result<(), Error> {
    if let (Some(start), Some(end)) = (date_of(start), date_of(end))
        && end < start
    {
        return Err(ends_before("end_date", end, "start_date", start));
    }
    Ok(())
}

fn check_length(length: Length, unit: &'static str) -> Result<(), Error> {
    let parts = [
        ("years", length.years, 9_999),
        ("months", length.months, 119_988),
        ("weeks", length.weeks, 521_722),
        ("days", length.days, 3_652_059),
    ];
    for (field, value, max) in parts {
        if value > max {
            return Err(Error::invalid(
                field,
                value,
                format!("is above the maximum {max}"),
            ));
        }
    }
    if length == Length::default() {
        return Err(Error::new(
            ErrorKind::Invalid,
            unit,
            "the interval is empty; at least one of years, months, weeks and days must be above 0",
        ));
    }
    Ok(())
}

zoned_setters!(CalendarIntervalBuilder);
keeps_first_error!(CalendarIntervalBuilder);
builds_trigger!(CalendarIntervalBuilder);
