//! The compiled form of cron and crontab: one bit for every value of every field.

use super::years::Years;
use crate::civil::{self, DAY};
use crate::daylight::Daylight;
use crate::limits::{MAX_YEAR, MIN_YEAR};
use crate::wall::WallTimes;

/// All bits of a field, and the sets that the two notations compile into.
///
/// 40 bytes for nearly every pattern; what few patterns use hangs off [`Rare`].
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// Bits 0 to 59.
    pub(crate) seconds: u64,
    /// Bits 0 to 59.
    pub(crate) minutes: u64,
    /// Bits 0 to 23.
    pub(crate) hours: u32,
    /// Bits 1 to 31; bit 0 is the last day of the month.
    pub(crate) days: u32,
    /// Bits 1 to 12.
    pub(crate) months: u16,
    /// Bits 0 (Monday) to 6 (Sunday).
    pub(crate) weekdays: u8,
    /// How `days` and `weekdays` combine.
    pub(crate) join: Join,
    /// What becomes of the times when clocks are set.
    pub(crate) daylight: Daylight,
    pub(crate) rare: Option<Box<Rare>>,
}

/// How day of month and weekday combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// A date must match both.
    And,
    /// A date may match either: crontab(5), where both are restricted.
    Or,
    /// A date must match both since the user said so.
    AndAlways,
}

/// The parts of a pattern that few patterns have.
#[derive(Debug, Clone)]
pub(crate) struct Rare {
    /// ISO weeks, bits 1 to 53.
    pub(crate) weeks: u64,
    /// Weekdays (as in [`Pattern::weekdays`]) on their 1st to 5th occurrence in the month, and on
    /// their last.
    pub(crate) nth_weekdays: [u8; 6],
    /// Where `nth_weekdays` belong: to the day of month (cron), or to the weekday (crontab).
    pub(crate) nth_is_day: bool,
    /// The working day nearest to these days of the month (`15W`).
    pub(crate) nearest: u32,
    /// The last working day of the month (`LW`).
    pub(crate) last_working_day: bool,
    /// `None`: every year.
    pub(crate) years: Option<Box<Years>>,
}

pub(crate) const ALL_DAYS: u32 = !1;
pub(crate) const ALL_MONTHS: u16 = 0x1ffe;
pub(crate) const ALL_WEEKDAYS: u8 = 0x7f;
pub(crate) const ALL_WEEKS: u64 = ((1 << 54) - 1) & !1;

impl Default for Rare {
    fn default() -> Self {
        Self {
            weeks: ALL_WEEKS,
            nth_weekdays: [0; 6],
            nth_is_day: true,
            nearest: 0,
            last_working_day: false,
            years: None,
        }
    }
}

impl Pattern {
    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether every year is allowed, or else the first allowed one from `year` on.
    fn year_from(&self, year: i32) -> Option<i32> {
        match self.rare.as_ref().and_then(|rare| rare.years.as_ref()) {
            None => (year <= MAX_YEAR).then_some(year.max(MIN_YEAR)),
            Some(years) => years.first_from(year),
        }
    }

    fn year_until(&self, year: i32) -> Option<i32> {
        match self.rare.as_ref().and_then(|rare| rare.years.as_ref()) {
            None => (year >= MIN_YEAR).then_some(year),
            Some(years) => years.last_until(year),
        }
    }

    fn has_month(&self, month: u32) -> bool {
        self.months >> month & 1 == 1
    }

    /// The days of a month that match, as bits 1 to 31. Year and month themselves are not looked
    /// at.
    fn days_of(&self, year: i32, month: u32) -> u32 {
        let length = civil::days_in_month(year, month);
        let exist = ((2_u64 << length) - 1) as u32 & !1;
        let first_weekday = civil::weekday(civil::to_days(year, month, 1));
        let mut by_day = self.days & ALL_DAYS | (self.days & 1) << length;
        let mut by_weekday = repeat(self.weekdays, first_weekday);
        let mut by_week = ALL_DAYS;
        if let Some(rare) = &self.rare {
            by_week = rare.week_days(year, month, first_weekday);
            if by_week == 0 {
                return 0;
            }
            let nth = rare.nth_days(first_weekday, length);
            if rare.nth_is_day {
                by_day |= nth;
            } else {
                by_weekday |= nth;
            }
            by_day |= rare.working_days(first_weekday, length);
        }
        let joined = match self.join {
            Join::And | Join::AndAlways => by_day & by_weekday,
            Join::Or => by_day | by_weekday,
        };
        joined & by_week & exist
    }

    /// The days of a month that match, year and month included.
    fn days_of_matching(&self, year: i32, month: u32) -> u32 {
        if self.has_month(month) && self.year_from(year) == Some(year) {
            self.days_of(year, month)
        } else {
            0
        }
    }

    /// Whether any date of any year matches, whatever the years.
    pub(crate) fn has_dates(&self) -> bool {
        // The calendar repeats after 400 years.
        (2000..2400).any(|year| {
            (1..=12).any(|month| self.has_month(month) && self.days_of(year, month) != 0)
        })
    }

    fn first_day_after_month(&self, year: i32, month: u32, last_year: i32) -> Option<i32> {
        let (mut year, mut month) = match self.year_from(year)? {
            same if same == year => (year, month),
            later => (later, 0),
        };
        loop {
            let later = u32::from(self.months) >> (month + 1);
            if later == 0 {
                year = self.year_from(year + 1).filter(|year| *year <= last_year)?;
                month = 0;
                continue;
            }
            month += 1 + later.trailing_zeros();
            let days = self.days_of(year, month);
            if days != 0 {
                return Some(civil::to_days(year, month, days.trailing_zeros()));
            }
        }
    }

    fn last_day_before_month(&self, year: i32, month: u32) -> Option<i32> {
        let (mut year, mut month) = match self.year_until(year)? {
            same if same == year => (year, month),
            earlier => (earlier, 13),
        };
        loop {
            let earlier = u32::from(self.months) & ((1 << month) - 1);
            if earlier == 0 {
                year = self.year_until(year - 1)?;
                month = 13;
                continue;
            }
            month = earlier.ilog2();
            let days = self.days_of(year, month);
            if days != 0 {
                return Some(civil::to_days(year, month, days.ilog2()));
            }
        }
    }

    fn first_second(&self) -> i64 {
        i64::from(
            self.hours.trailing_zeros() * 3_600
                + self.minutes.trailing_zeros() * 60
                + self.seconds.trailing_zeros(),
        )
    }

    fn last_second(&self) -> i64 {
        i64::from(self.hours.ilog2() * 3_600 + self.minutes.ilog2() * 60 + self.seconds.ilog2())
    }

    /// The first matching second of a day that is not before `second`.
    fn second_from(&self, second: u32) -> Option<i64> {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        if self.hours >> hour & 1 == 1 {
            if self.minutes >> minute & 1 == 1 && self.seconds >> second != 0 {
                let second = second + (self.seconds >> second).trailing_zeros();
                return Some(i64::from(hour * 3_600 + minute * 60 + second));
            }
            let later = self.minutes >> (minute + 1);
            if later != 0 {
                let minute = minute + 1 + later.trailing_zeros();
                let second = self.seconds.trailing_zeros();
                return Some(i64::from(hour * 3_600 + minute * 60 + second));
            }
        }
        let later = self.hours >> (hour + 1);
        if later == 0 {
            return None;
        }
        let hour = hour + 1 + later.trailing_zeros();
        let rest = self.minutes.trailing_zeros() * 60 + self.seconds.trailing_zeros();
        Some(i64::from(hour * 3_600 + rest))
    }

    /// The last matching second of a day that is not after `second`.
    fn second_until(&self, second: u32) -> Option<i64> {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        if self.hours >> hour & 1 == 1 {
            let seconds = self.seconds & through(second);
            if self.minutes >> minute & 1 == 1 && seconds != 0 {
                return Some(i64::from(hour * 3_600 + minute * 60 + seconds.ilog2()));
            }
            let minutes = self.minutes & (through(minute) >> 1);
            if minutes != 0 {
                let rest = minutes.ilog2() * 60 + self.seconds.ilog2();
                return Some(i64::from(hour * 3_600 + rest));
            }
        }
        let hours = u64::from(self.hours) & (through(hour) >> 1);
        if hours == 0 {
            return None;
        }
        let rest = self.minutes.ilog2() * 60 + self.seconds.ilog2();
        Some(i64::from(hours.ilog2() * 3_600 + rest))
    }

    /// How many matching seconds of a day are before `second` (0 to 86,400).
    fn seconds_before(&self, second: u32) -> u64 {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let per_minute = u64::from(self.seconds.count_ones());
        let per_hour = u64::from(self.minutes.count_ones()) * per_minute;
        let hours = u64::from((self.hours & ((1_u64 << hour) - 1) as u32).count_ones());
        let mut count = hours * per_hour;
        if hour < 24 && self.hours >> hour & 1 == 1 {
            count += u64::from((self.minutes & ((1 << minute) - 1)).count_ones()) * per_minute;
            if self.minutes >> minute & 1 == 1 {
                count += u64::from((self.seconds & ((1 << second) - 1)).count_ones());
            }
        }
        count
    }

    /// How many matching days d have `from` <= d < `until`.
    fn days_between(&self, from: i32, until: i32) -> u64 {
        let (start, end) = (civil::from_days(from), civil::from_days(until));
        let mut count = 0;
        let mut year = start.year;
        while let Some(next) = self.year_from(year).filter(|year| *year <= end.year) {
            year = next;
            for month in (1..=12).filter(|month| self.has_month(*month)) {
                let at = (year, month);
                if at < (start.year, start.month) || at > (end.year, end.month) {
                    continue;
                }
                let mut days = self.days_of(year, month);
                if at == (start.year, start.month) {
                    days &= !((1 << start.day) - 1);
                }
                if at == (end.year, end.month) {
                    days &= (1 << end.day) - 1;
                }
                count += u64::from(days.count_ones());
            }
            year += 1;
        }
        count
    }

    fn matches_day(&self, days: i32) -> bool {
        let date = civil::from_days(days);
        self.days_of_matching(date.year, date.month) >> date.day & 1 == 1
    }
}

/// Bits 0 through `n`.
fn through(n: u32) -> u64 {
    (2 << n) - 1
}

/// A weekday set as days of a month (bits 1 to 31) that begins with `first_weekday`.
fn repeat(weekdays: u8, first_weekday: u32) -> u32 {
    const EVERY_SEVENTH: u64 = 0x0000_0408_1020_4081;
    (((u64::from(weekdays) * EVERY_SEVENTH) >> first_weekday) as u32) << 1
}

impl Rare {
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

    /// `15W` is the working day (Monday to Friday) nearest to the 15th within the month, `LW` the
    /// last one of the month.
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

    /// The days of a month whose ISO week is allowed.
    fn week_days(&self, year: i32, month: u32, first_weekday: u32) -> u32 {
        if self.weeks == ALL_WEEKS {
            return ALL_DAYS;
        }
        let mut rows = self.week_rows(year, month, first_weekday);
        let mut days = 0_u64;
        while rows != 0 {
            let row = rows.trailing_zeros();
            rows &= rows - 1;
            // The first row begins on a Monday on or before the first day of the month.
            days |= (0x7f << 7 << (7 * row)) >> (6 + first_weekday);
        }
        days as u32 & ALL_DAYS
    }

    /// A month as rows of weeks, Monday to Sunday: bit n is set if the week of row n is allowed.
    fn week_rows(&self, year: i32, month: u32, first_weekday: u32) -> u64 {
        const SIX_ROWS: u64 = 0x3f;
        let first = civil::day_of_year(year, month);
        let week = (first + 10 - first_weekday) / 7;
        if (2..12).contains(&month) {
            return self.weeks >> week & SIX_ROWS;
        }
        let january_1 = (first_weekday + 371 - first) % 7;
        if week == 0 {
            // The first days of January may belong to the last week of the year before.
            let before = (january_1 + 6 - u32::from(civil::is_leap(year - 1))) % 7;
            let last = civil::iso_weeks(before, civil::is_leap(year - 1));
            return (self.weeks >> last & 1) | (self.weeks & SIX_ROWS & !1);
        }
        let last = civil::iso_weeks(january_1, civil::is_leap(year));
        // The last days of December may belong to the first week of the year after.
        let of_year = self.weeks & ((2 << last) - 1);
        let rows = of_year >> week & SIX_ROWS;
        rows | (self.weeks >> 1 & 1) << (last + 1 - week) & SIX_ROWS
    }
}

impl WallTimes for Pattern {
    fn daylight(&self) -> Daylight {
        self.daylight
    }

    fn first_between(&self, from: i64, until: i64) -> Option<i64> {
        let wall = from.max(civil::MIN_WALL);
        let until = until.min(civil::MAX_WALL + 1);
        if wall >= until {
            return None;
        }
        let (day, second) = (wall.div_euclid(DAY) as i32, wall.rem_euclid(DAY) as u32);
        let date = civil::from_days(day);
        let days = self.days_of_matching(date.year, date.month) >> date.day;
        if days & 1 == 1
            && let Some(second) = self.second_from(second)
        {
            return Some(i64::from(day) * DAY + second).filter(|hit| *hit < until);
        }
        let later = days & !1;
        let day = if later != 0 {
            day + later.trailing_zeros() as i32
        } else {
            let last_year = civil::from_days(((until - 1).div_euclid(DAY)) as i32).year;
            self.first_day_after_month(date.year, date.month, last_year)?
        };
        Some(i64::from(day) * DAY + self.first_second()).filter(|hit| *hit < until)
    }

    fn last_before(&self, wall: i64) -> Option<i64> {
        let wall = wall.min(civil::MAX_WALL + 1) - 1;
        if wall < civil::MIN_WALL {
            return None;
        }
        let (day, second) = (wall.div_euclid(DAY) as i32, wall.rem_euclid(DAY) as u32);
        let date = civil::from_days(day);
        let days = self.days_of_matching(date.year, date.month);
        if days >> date.day & 1 == 1
            && let Some(second) = self.second_until(second)
        {
            return Some(i64::from(day) * DAY + second);
        }
        let earlier = days & ((1 << date.day) - 1);
        let day = if earlier != 0 {
            day - (date.day - earlier.ilog2()) as i32
        } else {
            self.last_day_before_month(date.year, date.month)?
        };
        Some(i64::from(day) * DAY + self.last_second())
    }

    fn count(&self, from: i64, until: i64) -> u64 {
        let from = from.max(civil::MIN_WALL);
        let until = until.min(civil::MAX_WALL + 1);
        if from >= until {
            return 0;
        }
        let (first, start) = (from.div_euclid(DAY) as i32, from.rem_euclid(DAY) as u32);
        let (last, end) = (until.div_euclid(DAY) as i32, until.rem_euclid(DAY) as u32);
        let per_day = self.seconds_before(DAY as u32);
        let mut count = self.days_between(first, last) * per_day;
        if end > 0 && self.matches_day(last) {
            count += self.seconds_before(end);
        }
        if start > 0 && self.matches_day(first) {
            count -= self.seconds_before(start);
        }
        count
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
                    let first_weekday = civil::weekday(civil::to_days(year, month, 1));
                    let days = rare.week_days(year, month, first_weekday);
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
