//! The calendar interval, which counts years, months, weeks and days at a local time.

mod builder;
mod nominal;

pub use builder::CalendarIntervalBuilder;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use self::nominal::{NominalDates, Step};
use super::zoned::Zoned;
use crate::civil::{self, DAY};
use crate::daylight::{Daylight, Fold, Gap};
use crate::instant;
use crate::zone::Zone;

/// A trigger that fires every given number of years, months, weeks and days, at the same local
/// time.
///
/// Dates are counted from `start_date`, or from the local date of the first use. A date that does
/// not exist is left out, as in `APScheduler`. For example, every month from 31 January means 31
/// March, 31 May, and so on. A local time that does not exist is handled by [`Gap`](crate::Gap)
/// without moving the dates that follow.
///
/// ```
/// use punctual_core::CalendarInterval;
///
/// let start = chrono::NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
/// let trigger = CalendarInterval::months(1).at(9, 0, 0).start_date(start).timezone("Europe/Berlin").build()?;
/// let now = "2026-02-01T00:00:00Z".parse().unwrap();
/// let next = trigger.next(None, now).unwrap();
/// assert_eq!(next.to_rfc3339(), "2026-03-31T07:00:00+00:00");
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CalendarInterval {
    length: Length,
    time: TimeOfDay,
    start_date: Option<i32>,
    end_date: Option<i32>,
    daylight: Daylight,
    zoned: Zoned,
}

/// The length as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Length {
    pub(crate) years: u32,
    pub(crate) months: u32,
    pub(crate) weeks: u32,
    pub(crate) days: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimeOfDay {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl TimeOfDay {
    fn seconds(self) -> i64 {
        i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }
}

impl Length {
    /// Returns the length as a step. The builder has limited it, so no sum overflows.
    fn step(self) -> Step {
        Step {
            months: (self.years * 12 + self.months) as i32,
            days: (self.weeks * 7 + self.days) as i32,
        }
    }
}

fn date_of(days: Option<i32>) -> Option<NaiveDate> {
    days.and_then(NaiveDate::from_epoch_days)
}

impl CalendarInterval {
    /// Begins a trigger that fires every `years` years.
    pub fn years(years: u32) -> CalendarIntervalBuilder {
        CalendarIntervalBuilder::new(
            "years",
            Length {
                years,
                ..Length::default()
            },
        )
    }

    /// Begins a trigger that fires every `months` months.
    pub fn months(months: u32) -> CalendarIntervalBuilder {
        CalendarIntervalBuilder::new(
            "months",
            Length {
                months,
                ..Length::default()
            },
        )
    }

    /// Begins a trigger that fires every `weeks` weeks.
    pub fn weeks(weeks: u32) -> CalendarIntervalBuilder {
        CalendarIntervalBuilder::new(
            "weeks",
            Length {
                weeks,
                ..Length::default()
            },
        )
    }

    /// Begins a trigger that fires every `days` days.
    pub fn days(days: u32) -> CalendarIntervalBuilder {
        CalendarIntervalBuilder::new(
            "days",
            Length {
                days,
                ..Length::default()
            },
        )
    }

    pub(crate) fn length(&self) -> Length {
        self.length
    }

    pub(crate) fn time(&self) -> TimeOfDay {
        self.time
    }

    pub(crate) fn start_date(&self) -> Option<NaiveDate> {
        date_of(self.start_date)
    }

    pub(crate) fn end_date(&self) -> Option<NaiveDate> {
        date_of(self.end_date)
    }

    pub(crate) fn daylight(&self) -> Daylight {
        self.daylight
    }

    pub(crate) fn zoned(&self) -> &Zoned {
        &self.zoned
    }

    pub(crate) fn with_default_zone(&self, zone: Zone) -> Self {
        Self {
            zoned: self.zoned.with_default_zone(zone),
            ..self.clone()
        }
    }

    pub(crate) fn unbounded(&self) -> Self {
        let mut unbounded = Self {
            end_date: None,
            ..self.clone()
        };
        unbounded.zoned.bounds = None;
        unbounded
    }

    pub(crate) fn is_anchored(&self) -> bool {
        self.start_date.is_some()
    }

    pub(crate) fn anchored(&self, at: DateTime<Utc>) -> Self {
        let start_date = self.start_date.or_else(|| Some(self.nominal_date(at)));
        Self {
            start_date,
            ..self.clone()
        }
    }

    fn dates_from(&self, start: i32) -> NominalDates {
        NominalDates {
            start,
            end: self.end_date.unwrap_or(i32::MAX),
            step: self.length.step(),
            time: self.time.seconds(),
            daylight: self.daylight,
        }
    }

    /// Returns the dates of the grid, or `None` without a start date.
    fn dates(&self) -> Option<NominalDates> {
        self.start_date.map(|start| self.dates_from(start))
    }

    /// Returns the date of a fire time, which is its local date unless a gap moved it.
    fn nominal_date(&self, fire_time: DateTime<Utc>) -> i32 {
        let wall = self.zoned.zone().wall_at(fire_time.timestamp());
        let local = clamped(wall.div_euclid(DAY));
        match self.date_in_gap(fire_time.timestamp()) {
            // After a gap of a whole day, two dates are possible. The dates of the grid decide.
            Some(moved) if self.is_at(fire_time, local) => {
                if self.is_on_grid(moved) && !self.is_on_grid(local) {
                    moved
                } else {
                    local
                }
            }
            Some(moved) => moved,
            None => local,
        }
    }

    /// Returns the date whose time is in the gap before an instant, if the gap rule moves it there.
    fn date_in_gap(&self, t: i64) -> Option<i32> {
        let zone = self.zoned.zone();
        let segment = zone
            .segment(zone.index_at(t))
            .filter(|s| t - s.start < s.gap())?;
        let time = self.time.seconds();
        let date = (segment.unseen - time + DAY - 1).div_euclid(DAY);
        let missing = date * DAY + time;
        let moved = match self.daylight.gap {
            Some(Gap::Skip) => false,
            Some(Gap::Shift) => missing - segment.unseen == t - segment.start,
            Some(Gap::After) | None => t == segment.start,
        };
        (moved && missing < segment.wall_start()).then(|| clamped(date))
    }

    fn is_on_grid(&self, date: i32) -> bool {
        self.dates()
            .is_some_and(|dates| dates.first_date_from(date) == Some(date))
    }

    /// Returns whether an instant shows the local time of a date.
    fn is_at(&self, t: DateTime<Utc>, date: i32) -> bool {
        let wall = self.zoned.zone().wall_at(t.timestamp());
        wall == i64::from(date) * DAY + self.time.seconds()
    }

    pub(crate) fn next(
        &self,
        previous: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        if let Some(previous) = previous {
            let nominal = self.nominal_date(previous);
            // After the first of two passes, the date still has its second pass.
            let start = if self.daylight.fold == Some(Fold::Both) && self.is_at(previous, nominal) {
                nominal
            } else {
                self.length.step().from(nominal)?
            };
            let from = instant::floor_seconds(previous) + 1;
            return self.zoned.first_from_any(&self.dates_from(start), from);
        }
        let today = || clamped(self.zoned.zone().wall_at(now.timestamp()).div_euclid(DAY));
        let dates = self.dates_from(self.start_date.unwrap_or_else(today));
        self.zoned.first_from(&dates, instant::ceil_seconds(now))
    }

    pub(crate) fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.zoned
            .first_from(&self.dates()?, instant::floor_seconds(t) + 1)
    }

    pub(crate) fn last_at_or_before(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.zoned.last_at_or_before(&self.dates()?, t)
    }

    pub(crate) fn count(&self, from: DateTime<Utc>, through: DateTime<Utc>) -> u64 {
        match self.dates() {
            None => 0,
            Some(dates) if dates.step.is_mixed() => self.count_by_date(dates, from, through),
            Some(dates) => self.zoned.count(&dates, from, through),
        }
    }

    /// Counts date by date. If months and days are mixed, a date is only known from the one before.
    fn count_by_date(
        &self,
        dates: NominalDates,
        from: DateTime<Utc>,
        through: DateTime<Utc>,
    ) -> u64 {
        // The distance between a local time and the same time UTC is less than two days.
        const NEAR: TimeDelta = TimeDelta::days(2);
        let day_of = |t: DateTime<Utc>| clamped(t.timestamp().div_euclid(DAY));
        let first = day_of(from.checked_sub_signed(NEAR).unwrap_or(from));
        let last = day_of(through.checked_add_signed(NEAR).unwrap_or(through));
        let mut count = 0;
        let mut date = dates.first_date_from(first);
        while let Some(start) = date.filter(|date| *date <= last.min(dates.end)) {
            let one = NominalDates {
                start,
                end: start,
                ..dates
            };
            let midnight = DateTime::from_timestamp(i64::from(start) * DAY, 0).unwrap_or(from);
            let near = from.max(midnight - NEAR)..=through.min(midnight + NEAR);
            count += self.zoned.count(&one, *near.start(), *near.end());
            date = dates.step.from(start);
        }
        count
    }
}

/// Returns a day number limited to the years that triggers cover.
fn clamped(days: i64) -> i32 {
    let (first, last) = (civil::MIN_WALL / DAY, civil::MAX_WALL / DAY);
    days.clamp(first, last) as i32
}
