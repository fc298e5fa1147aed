//! The proleptic Gregorian calendar in whole days since 1970-01-01.
//!
//! The two conversions are those of Neri and Schneider, "Euclidean affine functions and their
//! application to calendar algorithms" (Software: Practice and Experience, 2022). They are on the
//! hottest path of the crate, because a search makes a month mask for every month that it visits. A
//! test compares them with `chrono` for every day of the supported range.

use crate::limits::MAX_YEAR;

pub(crate) const DAY: i64 = 86_400;

/// First year of any answer.
pub(crate) const MIN_YEAR: i32 = 1;

/// The first second of the year 1, as local time.
pub(crate) const MIN_WALL: i64 = to_days(MIN_YEAR, 1, 1) as i64 * DAY;

/// The last second of the year 9999, as local time.
pub(crate) const MAX_WALL: i64 = (to_days(MAX_YEAR, 12, 31) as i64 + 1) * DAY - 1;

/// The number of 400-year cycles before 1970 by which years are shifted, so that all arithmetic is
/// unsigned.
const CYCLES: u32 = 82;
const SHIFT_DAYS: u32 = 719_468 + 146_097 * CYCLES;
const SHIFT_YEARS: i32 = 400 * CYCLES as i32;

/// A date as year, month (1 to 12) and day (1 to 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CivilDate {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// Returns the date with a day number.
pub(crate) const fn from_days(days: i32) -> CivilDate {
    let n = (days as u32).wrapping_add(SHIFT_DAYS);
    let n1 = 4 * n + 3;
    let century = n1 / 146_097;
    let day_of_century = n1 % 146_097 / 4;
    let n2 = 4 * day_of_century + 3;
    let p2 = 2_939_745_u64 * n2 as u64;
    let year_of_century = (p2 >> 32) as u32;
    let day_of_year = (p2 as u32) / 2_939_745 / 4;
    let n3 = 2_141 * day_of_year + 197_913;
    let month = n3 >> 16;
    let day = (n3 & 0xffff) / 2_141 + 1;
    let next_year = (day_of_year >= 306) as u32;
    CivilDate {
        year: (100 * century + year_of_century + next_year) as i32 - SHIFT_YEARS,
        month: if next_year == 1 { month - 12 } else { month },
        day,
    }
}

/// Returns the day number of a date that exists.
pub(crate) const fn to_days(year: i32, month: u32, day: u32) -> i32 {
    let early = (month <= 2) as u32;
    let year = (year + SHIFT_YEARS) as u32 - early;
    let month = month + 12 * early;
    let century = year / 100;
    let of_year = 1_461 * year / 4 - century + century / 4;
    let of_month = (979 * month - 2_919) >> 5;
    (of_year + of_month + day - 1).wrapping_sub(SHIFT_DAYS) as i32
}

pub(crate) const fn is_leap(year: i32) -> bool {
    // Of the years divisible by 25, those divisible by 16 are those divisible by 400.
    year & (if year % 25 == 0 { 15 } else { 3 }) == 0
}

pub(crate) const fn days_in_month(year: i32, month: u32) -> u32 {
    if month == 2 {
        28 + is_leap(year) as u32
    } else {
        30 | (month ^ (month >> 3))
    }
}

/// Returns the weekday of a day number, counted from Monday = 0.
pub(crate) const fn weekday(days: i32) -> u32 {
    since_a_monday(days) % 7
}

/// Counts the days since a Monday before the year 1, so that divisions by 7 are unsigned.
const fn since_a_monday(days: i32) -> u32 {
    const WEEKS: i32 = 7 * 1_000_000;
    (days + WEEKS + 3) as u32
}

/// The properties of a year that a search needs repeatedly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Year {
    pub(crate) number: i32,
    is_leap: bool,
    /// The day number of 1 January.
    first: i32,
}

impl Year {
    pub(crate) fn new(number: i32) -> Self {
        Self {
            number,
            is_leap: is_leap(number),
            first: to_days(number, 1, 1),
        }
    }

    /// Counts the days of the year before a month.
    fn days_before(&self, month: u32) -> u32 {
        const BEFORE: [u32; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        BEFORE[month as usize] + u32::from(self.is_leap && month > 2)
    }

    /// Returns the day number of a date.
    pub(crate) fn day(&self, month: u32, day: u32) -> i32 {
        self.first + (self.days_before(month) + day) as i32 - 1
    }

    pub(crate) fn days_in(&self, month: u32) -> u32 {
        if month == 2 {
            28 + u32::from(self.is_leap)
        } else {
            30 | (month ^ (month >> 3))
        }
    }

    /// Returns the ISO 8601 week of a day, counted from the year's own first week, which always
    /// contains 4 January. 0 is the last week of the year before. The first week of the year after
    /// has the number that follows this year's last week.
    pub(crate) fn iso_week(&self, day: i32) -> u32 {
        1 + since_a_monday(day) / 7 - since_a_monday(self.first + 3) / 7
    }

    /// Counts the ISO 8601 weeks of the year. The year has 53 weeks if it begins or ends on a
    /// Thursday, since a week belongs to the year that holds its Thursday.
    pub(crate) fn iso_weeks(&self) -> u32 {
        const THURSDAY: u32 = 3;
        let first = weekday(self.first);
        52 + u32::from(first == THURSDAY || (self.is_leap && first + 1 == THURSDAY))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};

    use super::*;

    #[test]
    fn agrees_with_chrono_on_every_day() {
        let mut days = to_days(1, 1, 1);
        while days <= to_days(9999, 12, 31) {
            let date = from_days(days);
            let theirs = NaiveDate::from_epoch_days(days).unwrap();
            assert_eq!(
                (date.year, date.month, date.day),
                (theirs.year(), theirs.month(), theirs.day())
            );
            assert_eq!(to_days(date.year, date.month, date.day), days);
            assert_eq!(weekday(days), theirs.weekday().num_days_from_monday());
            let year = Year::new(date.year);
            assert_eq!(year.day(date.month, date.day), days);
            assert_eq!(
                year.days_in(date.month),
                days_in_month(date.year, date.month)
            );
            if (date.month, date.day) == (12, 28) {
                assert_eq!(year.iso_weeks(), theirs.iso_week().week());
            }
            days += 1;
        }
    }

    #[test]
    fn months_are_as_long_as_they_are() {
        let lengths: Vec<_> = (1..=12).map(|month| days_in_month(2023, month)).collect();
        assert_eq!(lengths, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
        assert_eq!(
            [1900, 2000, 2024].map(|year| days_in_month(year, 2)),
            [28, 29, 29]
        );
    }
}
