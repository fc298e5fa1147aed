//! The compiled form of cron and crontab, with one bit for every value of every field.

use super::years::Years;
use crate::daylight::Daylight;
use crate::limits::{MAX_YEAR, MIN_YEAR};

/// The bits of all fields, into which both notations compile.
///
/// Nearly every pattern takes 40 bytes. Parts that few patterns have are behind a pointer, in
/// [`Rare`].
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// Bits 0 to 59.
    pub(crate) seconds: u64,
    /// Bits 0 to 59.
    pub(crate) minutes: u64,
    /// Bits 0 to 23.
    pub(crate) hours: u32,
    /// Bits 1 to 31. Bit 0 is the last day of the month.
    pub(crate) days: u32,
    /// Bits 1 to 12.
    pub(crate) months: u16,
    /// Bits 0 (Monday) to 6 (Sunday).
    pub(crate) weekdays: u8,
    /// The way in which `days` and `weekdays` combine.
    pub(crate) join: Join,
    /// The gap and fold rules of the pattern.
    pub(crate) daylight: Daylight,
    pub(crate) rare: Option<Box<Rare>>,
}

/// The way in which day of month and weekday combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// A date must match both.
    And,
    /// A date may match either, as in crontab(5) if both are restricted.
    Or,
    /// A date must match both, because the user asked for it.
    AndAlways,
}

/// The parts of a pattern that few patterns have.
#[derive(Debug, Clone)]
pub(crate) struct Rare {
    /// ISO weeks, bits 1 to 53.
    pub(crate) weeks: u64,
    pub(crate) marks: Option<Marks>,
    /// The allowed years, or `None` for every year.
    pub(crate) years: Option<Box<Years>>,
}

/// Days that depend on the month.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    /// Weekdays (as in [`Pattern::weekdays`]) that match on their 1st to 5th occurrence in the
    /// month, and on their last.
    pub(crate) nth_weekdays: [u8; 6],
    /// `true` if `nth_weekdays` belong to the weekday (crontab), `false` if to the day of month (cron).
    pub(crate) nth_is_weekday: bool,
    /// Days of the month whose nearest working day matches (`15W`).
    pub(crate) nearest: u32,
    /// `true` if the last working day of the month matches (`LW`).
    pub(crate) last_working_day: bool,
}

pub(crate) const ALL_DAYS: u32 = !1;
pub(crate) const ALL_MONTHS: u16 = 0x1ffe;
pub(crate) const ALL_WEEKDAYS: u8 = 0x7f;
pub(crate) const ALL_WEEKS: u64 = ((1 << 54) - 1) & !1;

impl Default for Rare {
    fn default() -> Self {
        Self {
            weeks: ALL_WEEKS,
            marks: None,
            years: None,
        }
    }
}

impl Pattern {
    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(crate) fn marks(&self) -> Option<&Marks> {
        self.rare.as_ref()?.marks.as_ref()
    }

    pub(crate) fn marks_mut(&mut self) -> &mut Marks {
        self.rare_mut().marks.get_or_insert_default()
    }

    /// Returns `year` if every year is allowed, and otherwise the first allowed year from `year`
    /// on.
    pub(super) fn year_from(&self, year: i32) -> Option<i32> {
        match self.rare.as_ref().and_then(|rare| rare.years.as_ref()) {
            None => (year <= MAX_YEAR).then_some(year.max(MIN_YEAR)),
            Some(years) => years.first_from(year),
        }
    }

    pub(super) fn year_until(&self, year: i32) -> Option<i32> {
        match self.rare.as_ref().and_then(|rare| rare.years.as_ref()) {
            None => (year >= MIN_YEAR).then_some(year),
            Some(years) => years.last_until(year),
        }
    }

    pub(super) fn has_month(&self, month: u32) -> bool {
        self.months >> month & 1 == 1
    }
}
