//! The seconds of a day that a pattern matches.

use super::pattern::Pattern;

impl Pattern {
    pub(super) fn first_second(&self) -> i64 {
        i64::from(
            self.hours.trailing_zeros() * 3_600
                + self.minutes.trailing_zeros() * 60
                + self.seconds.trailing_zeros(),
        )
    }

    pub(super) fn last_second(&self) -> i64 {
        i64::from(self.hours.ilog2() * 3_600 + self.minutes.ilog2() * 60 + self.seconds.ilog2())
    }

    /// Returns the first matching second of a day that is not before `second`.
    pub(super) fn second_from(&self, second: u32) -> Option<i64> {
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

    /// Returns the last matching second of a day that is not after `second`.
    pub(super) fn second_until(&self, second: u32) -> Option<i64> {
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

    /// Counts the matching seconds of a day that are before `second` (0 to 86,400).
    pub(super) fn seconds_before(&self, second: u32) -> u64 {
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
}

/// Returns a mask of the bits 0 through `n`.
fn through(n: u32) -> u64 {
    (2 << n) - 1
}
