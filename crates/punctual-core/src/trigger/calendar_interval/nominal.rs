//! Dates counted from a start, before any time zone is applied.

use crate::civil::{self, CivilDate, DAY};
use crate::daylight::Daylight;
use crate::limits::MAX_YEAR;
use crate::wall_times::WallTimes;

/// The distance from one date to the next. Months are added repeatedly until the month has such a
/// day, and then days are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) months: i32,
    pub(crate) days: i32,
}

/// The dates from `start` (a day number) by `step`, at one time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NominalDates {
    pub(crate) start: i32,
    /// The last date, included.
    pub(crate) end: i32,
    pub(crate) step: Step,
    /// Seconds since midnight.
    pub(crate) time: i64,
    pub(crate) daylight: Daylight,
}

const LAST_DAY: i32 = civil::to_days(MAX_YEAR, 12, 31);

impl Step {
    pub(crate) fn is_mixed(self) -> bool {
        self.months > 0 && self.days > 0
    }

    /// Returns the date after `days`, which need not be on any grid.
    pub(crate) fn from(self, days: i32) -> Option<i32> {
        let CivilDate { year, month, day } = civil::from_days(days);
        let date = match self.months {
            0 => days,
            months => existing(year * 12 + month as i32 - 1, months, day, 1)?.1,
        };
        date.checked_add(self.days).filter(|days| *days <= LAST_DAY)
    }
}

/// Returns the `k`th month from month number `base` on, in steps of `months`, or the next one that
/// has such a day. The answer holds its `k` and its day number.
fn existing(base: i32, months: i32, day: u32, k: i32) -> Option<(i32, i32)> {
    let mut k = k;
    loop {
        let month = base.checked_add(months.checked_mul(k)?)?;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) as u32 + 1);
        if year > MAX_YEAR {
            return None;
        }
        if day <= civil::days_in_month(year, month) {
            return Some((k, civil::to_days(year, month, day)));
        }
        k += 1;
    }
}

impl NominalDates {
    /// Returns the first date that is not before `days`.
    pub(crate) fn first_date_from(&self, days: i32) -> Option<i32> {
        let date = match self.step {
            _ if days <= self.start => self.start,
            Step {
                months: 0,
                days: step,
            } => {
                let steps = (days - self.start + step - 1) / step;
                self.start.checked_add(steps.checked_mul(step)?)?
            }
            Step { months, days: 0 } => self.first_month_date_from(days, months)?,
            step => {
                let mut date = self.start;
                while date < days {
                    date = step.from(date)?;
                }
                date
            }
        };
        (date <= self.end.min(LAST_DAY)).then_some(date)
    }

    fn first_month_date_from(&self, days: i32, months: i32) -> Option<i32> {
        let (base, day) = self.base();
        let wanted = civil::from_days(days.min(LAST_DAY));
        let ahead = wanted.year * 12 + wanted.month as i32 - 1 - base;
        let (k, date) = existing(base, months, day, ahead / months)?;
        if date >= days {
            return Some(date);
        }
        existing(base, months, day, k + 1).map(|(_, date)| date)
    }

    /// Returns the month number and the day of the start.
    fn base(&self) -> (i32, u32) {
        let CivilDate { year, month, day } = civil::from_days(self.start);
        (year * 12 + month as i32 - 1, day)
    }

    /// Returns the last date that is not after `days`.
    fn last_date_until(&self, days: i32) -> Option<i32> {
        let days = days.min(self.end).min(LAST_DAY);
        if days < self.start {
            return None;
        }
        match self.step {
            Step {
                months: 0,
                days: step,
            } => Some(days - (days - self.start) % step),
            Step { months, days: 0 } => {
                let (base, day) = self.base();
                let wanted = civil::from_days(days);
                let mut k = (wanted.year * 12 + wanted.month as i32 - 1 - base) / months;
                loop {
                    let month = base + k * months;
                    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) as u32 + 1);
                    if day <= civil::days_in_month(year, month) {
                        let date = civil::to_days(year, month, day);
                        if date <= days {
                            return Some(date);
                        }
                    }
                    k -= 1;
                }
            }
            step => {
                let mut date = self.start;
                while let Some(next) = step.from(date).filter(|next| *next <= days) {
                    date = next;
                }
                Some(date)
            }
        }
    }

    /// Counts the dates d with `from` <= d < `until`.
    fn dates_between(&self, from: i32, until: i32) -> u64 {
        let (Some(first), Some(last)) =
            (self.first_date_from(from), self.last_date_until(until - 1))
        else {
            return 0;
        };
        if first > last {
            return 0;
        }
        if let Step { months: 0, days } = self.step {
            return u64::from(((last - first) / days + 1).unsigned_abs());
        }
        let mut count = 1;
        let mut date = first;
        while date < last {
            let Some(next) = self.first_date_from(date + 1) else {
                break;
            };
            date = next;
            count += 1;
        }
        count
    }
}

impl WallTimes for NominalDates {
    fn daylight(&self) -> Daylight {
        self.daylight
    }

    fn first_between(&self, wall: i64, until: i64) -> Option<i64> {
        let wall = wall.clamp(civil::MIN_WALL, civil::MAX_WALL);
        let days = (wall - self.time + DAY - 1).div_euclid(DAY);
        let date = self.first_date_from(days as i32)?;
        let hit = i64::from(date) * DAY + self.time;
        (wall..until).contains(&hit).then_some(hit)
    }

    fn last_before(&self, wall: i64) -> Option<i64> {
        let wall = wall.clamp(civil::MIN_WALL, civil::MAX_WALL + 1);
        let days = (wall - 1 - self.time).div_euclid(DAY);
        let date = self.last_date_until(days as i32)?;
        Some(i64::from(date) * DAY + self.time)
    }

    fn count(&self, from: i64, until: i64) -> u64 {
        let clamp = |wall: i64| wall.clamp(civil::MIN_WALL, civil::MAX_WALL + 1);
        let day_from = |wall: i64| ((clamp(wall) - self.time + DAY - 1).div_euclid(DAY)) as i32;
        self.dates_between(day_from(from), day_from(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(start: (i32, u32, u32), step: Step) -> Vec<(i32, u32, u32)> {
        let start = civil::to_days(start.0, start.1, start.2);
        let nominal = NominalDates {
            start,
            end: LAST_DAY,
            step,
            time: 0,
            daylight: Daylight::default(),
        };
        let mut wall = i64::from(start) * DAY;
        (0..5)
            .map(|_| {
                let hit = nominal.first_between(wall, i64::MAX).unwrap();
                assert_eq!(nominal.last_before(hit + 1), Some(hit));
                wall = hit + 1;
                let date = civil::from_days((hit / DAY) as i32);
                (date.year, date.month, date.day)
            })
            .collect()
    }

    #[test]
    fn months_without_such_a_day_are_left_out() {
        let step = Step { months: 1, days: 0 };
        let got: Vec<_> = dates((2026, 1, 31), step)
            .into_iter()
            .map(|d| d.1)
            .collect();
        assert_eq!(got, [1, 3, 5, 7, 8]);
    }

    #[test]
    fn a_leap_day_waits_for_its_year() {
        let got: Vec<_> = dates(
            (2024, 2, 29),
            Step {
                months: 12,
                days: 0,
            },
        )
        .into_iter()
        .map(|d| d.0)
        .collect();
        assert_eq!(got, [2024, 2028, 2032, 2036, 2040]);
    }

    #[test]
    fn months_and_days_drift_as_in_apscheduler() {
        let got = dates((2026, 1, 30), Step { months: 1, days: 1 });
        assert_eq!(
            got,
            [
                (2026, 1, 30),
                (2026, 3, 31),
                (2026, 6, 1),
                (2026, 7, 2),
                (2026, 8, 3)
            ]
        );
    }
}
