//! The days of a month that a pattern matches.

use super::pattern::{ALL_DAYS, ALL_WEEKDAYS, ALL_WEEKS, Join, Marks, Pattern, Rare};
use crate::civil::{self, Year};

impl Pattern {
    /// Returns the matching days of a month, as bits 1 to 31. Year and month themselves need not match.
    pub(super) fn days_of(&self, year: &Year, month: u32) -> u32 {
        let length = year.days_in(month);
        let exist = ((2_u64 << length) - 1) as u32 & !1;
        let by_day = self.days & ALL_DAYS | (self.days & 1) << length;
        let rare = self.rare.as_deref();
        if rare.is_none() && self.weekdays == ALL_WEEKDAYS && self.join != Join::Or {
            return by_day & exist;
        }
        let first = year.day(month, 1);
        let first_weekday = civil::weekday(first);
        let by_weekday = repeat(self.weekdays, first_weekday);
        let Some(rare) = rare else {
            return self.joined(by_day, by_weekday) & exist;
        };
        let exist = exist & rare.week_days(year, first);
        let Some(marks) = &rare.marks else {
            return self.joined(by_day, by_weekday) & exist;
        };
        let by_day = by_day | marks.working_days(first_weekday, length);
        let nth = marks.nth_days(first_weekday, length);
        let joined = if marks.nth_is_weekday {
            self.joined(by_day, by_weekday | nth)
        } else {
            self.joined(by_day | nth, by_weekday)
        };
        joined & exist
    }

    fn joined(&self, by_day: u32, by_weekday: u32) -> u32 {
        match self.join {
            Join::And | Join::AndAlways => by_day & by_weekday,
            Join::Or => by_day | by_weekday,
        }
    }
}

/// Returns a weekday set as days (bits 1 to 31) of a month that begins with `first_weekday`.
fn repeat(weekdays: u8, first_weekday: u32) -> u32 {
    const EVERY_SEVENTH: u64 = 0x0000_0408_1020_4081;
    (((u64::from(weekdays) * EVERY_SEVENTH) >> first_weekday) as u32) << 1
}

impl Marks {
    fn nth_days(&self, first_weekday: u32, length: u32) -> u32 {
        let [nth @ .., last] = self.nth_weekdays;
        let week = |days: u32, from: u32| days & (0x7f << from);
        let mut days = 0;
        for (n, weekdays) in (0..).zip(nth) {
            if weekdays != 0 {
                days |= week(repeat(weekdays, first_weekday), 1 + 7 * n);
            }
        }
        if last != 0 {
            days |= week(repeat(last, first_weekday), length - 6);
        }
        days
    }

    /// Returns the working days that the marks mean. `15W` is the working day (Monday to Friday)
    /// nearest to the 15th within the month, and `LW` the last working day of the month.
    fn working_days(&self, first_weekday: u32, length: u32) -> u32 {
        let weekday = |day: u32| (first_weekday + day - 1) % 7;
        let mut days = 0;
        let mut nearest = self.nearest & ((2_u64 << length) - 1) as u32;
        while nearest != 0 {
            let day = nearest.trailing_zeros();
            nearest &= nearest - 1;
            days |= 1
                << match weekday(day) {
                    5 if day == 1 => 3,
                    5 => day - 1,
                    6 if day == length => day - 2,
                    6 => day + 1,
                    _ => day,
                };
        }
        if self.last_working_day {
            days |= 1 << (length - weekday(length).saturating_sub(4));
        }
        days
    }
}

impl Rare {
    /// Returns the days of a month whose ISO week is allowed. `first` is the first day of the
    /// month.
    fn week_days(&self, year: &Year, first: i32) -> u32 {
        // Multiplying copies six bits, one for each week, to positions seven days apart. Bit n of
        // the n-th copy counts.
        const COPIES: u64 = 0x4104_1041;
        const EVERY_SEVENTH: u64 = 0x8_1020_4081;
        if self.weeks == ALL_WEEKS {
            return ALL_DAYS;
        }
        let weeks = self.six_weeks(year, year.iso_week(first));
        let mondays = (weeks * COPIES) & EVERY_SEVENTH;
        ((mondays * 0x7f) >> civil::weekday(first) << 1) as u32
    }

    /// Returns the allowed weeks from `week` on. Bit n is set if the week n after `week` is
    /// allowed.
    fn six_weeks(&self, year: &Year, week: u32) -> u64 {
        const SIX: u64 = 0x3f;
        if week == 0 {
            // The first days of January belong to the last week of the year before.
            let last = Year::new(year.number - 1).iso_weeks();
            return (self.weeks >> last & 1) | (self.weeks & SIX);
        }
        if week < 47 {
            return self.weeks >> week & SIX;
        }
        // The last days of December may belong to the first week of the year after.
        let last = year.iso_weeks();
        let of_year = self.weeks & ((2 << last) - 1);
        (of_year >> week | (self.weeks >> 1 & 1) << (last + 1 - week)) & SIX
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};

    use super::*;

    #[test]
    fn weeks_are_those_of_chrono() {
        for week in 1..=53 {
            let rare = Rare {
                weeks: 1 << week,
                ..Rare::default()
            };
            for year in 1995..2030 {
                for month in 1..=12 {
                    let calendar = Year::new(year);
                    let days = rare.week_days(&calendar, calendar.day(month, 1));
                    for day in 1..=civil::days_in_month(year, month) {
                        let date = NaiveDate::from_ymd_opt(year, month, day).unwrap();
                        let expected = date.iso_week().week() == week;
                        assert_eq!(days >> day & 1 == 1, expected, "week {week} on {date}");
                    }
                }
            }
        }
    }
}
