//! The search of a pattern, day by day with the masks of whole months.

use super::pattern::Pattern;
use crate::civil::{self, DAY, Year};
use crate::daylight::Daylight;
use crate::wall_times::WallTimes;

impl Pattern {
    /// Returns whether any date of any year matches, without regard to the year field.
    pub(crate) fn has_dates(&self) -> bool {
        // The calendar repeats after 400 years.
        (2000..2400).map(Year::new).any(|year| {
            (1..=12).any(|month| self.has_month(month) && self.days_of(&year, month) != 0)
        })
    }

    /// Returns the matching days of a month, and none if the year or the month does not match.
    fn days_of_matching(&self, year: &Year, month: u32) -> u32 {
        if self.has_month(month) && self.year_from(year.number) == Some(year.number) {
            self.days_of(year, month)
        } else {
            0
        }
    }

    /// Returns the first matching day after a month. Years that begin at `until` or later are not
    /// searched.
    fn first_day_after_month(&self, year: Year, month: u32, until: i64) -> Option<i32> {
        let (mut year, mut month) = match self.year_from(year.number)? {
            same if same == year.number => (year, month),
            later => (Year::new(later), 0),
        };
        loop {
            let later = u32::from(self.months) >> (month + 1);
            if later == 0 {
                (year, month) = (Year::new(self.year_from(year.number + 1)?), 0);
                if i64::from(year.day(1, 1)) * DAY >= until {
                    return None;
                }
                continue;
            }
            month += 1 + later.trailing_zeros();
            let days = self.days_of(&year, month);
            if days != 0 {
                return Some(year.day(month, days.trailing_zeros()));
            }
        }
    }

    fn last_day_before_month(&self, year: Year, month: u32) -> Option<i32> {
        let (mut year, mut month) = match self.year_until(year.number)? {
            same if same == year.number => (year, month),
            earlier => (Year::new(earlier), 13),
        };
        loop {
            let earlier = u32::from(self.months) & ((1 << month) - 1);
            if earlier == 0 {
                (year, month) = (Year::new(self.year_until(year.number - 1)?), 13);
                continue;
            }
            month = earlier.ilog2();
            let days = self.days_of(&year, month);
            if days != 0 {
                return Some(year.day(month, days.ilog2()));
            }
        }
    }

    /// Counts the matching days d with `from` <= d < `until`.
    fn days_between(&self, from: i32, until: i32) -> u64 {
        let (start, end) = (civil::from_days(from), civil::from_days(until));
        let mut count = 0;
        let mut next = self.year_from(start.year);
        while let Some(number) = next.filter(|year| *year <= end.year) {
            let year = Year::new(number);
            for month in (1..=12).filter(|month| self.has_month(*month)) {
                let at = (number, month);
                if at < (start.year, start.month) || at > (end.year, end.month) {
                    continue;
                }
                let mut days = self.days_of(&year, month);
                if at == (start.year, start.month) {
                    days &= !((1 << start.day) - 1);
                }
                if at == (end.year, end.month) {
                    days &= (1 << end.day) - 1;
                }
                count += u64::from(days.count_ones());
            }
            next = self.year_from(number + 1);
        }
        count
    }

    fn matches_day(&self, days: i32) -> bool {
        let date = civil::from_days(days);
        self.days_of_matching(&Year::new(date.year), date.month) >> date.day & 1 == 1
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
        let year = Year::new(date.year);
        let days = self.days_of_matching(&year, date.month) >> date.day;
        if days & 1 == 1
            && let Some(second) = self.second_from(second)
        {
            return Some(i64::from(day) * DAY + second).filter(|hit| *hit < until);
        }
        let later = days & !1;
        let day = if later != 0 {
            day + later.trailing_zeros() as i32
        } else {
            self.first_day_after_month(year, date.month, until)?
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
        let year = Year::new(date.year);
        let days = self.days_of_matching(&year, date.month);
        if days >> date.day & 1 == 1
            && let Some(second) = self.second_until(second)
        {
            return Some(i64::from(day) * DAY + second);
        }
        let earlier = days & ((1 << date.day) - 1);
        let day = if earlier != 0 {
            day - (date.day - earlier.ilog2()) as i32
        } else {
            self.last_day_before_month(year, date.month)?
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
