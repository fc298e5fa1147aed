//! The fields of a pattern that a local time does not match.

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::field::Field;
use super::pattern::{ALL_DAYS, ALL_WEEKDAYS, ALL_WEEKS, Join, Marks, Pattern};
use crate::civil::Year;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A field, and its value at a local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) field: Field,
    pub(crate) value: String,
}

impl Pattern {
    /// Returns the fields that do not match, most significant first.
    pub(crate) fn mismatches(&self, local: NaiveDateTime) -> Vec<Mismatch> {
        let year = local.year();
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        let mut all = Vec::new();
        let mut note = |matches: bool, field, value: String| {
            if !matches {
                all.push(Mismatch { field, value });
            }
        };
        let has_year = self.year_from(year) == Some(year);
        note(has_year, Field::Year, year.to_string());
        let month = local.month();
        note(self.has_month(month), Field::Month, month.to_string());
        for (field, value) in self.wrong_days(local) {
            note(false, field, value);
        }
        note(self.hours >> hour & 1 == 1, Field::Hour, hour.to_string());
        let has_minute = self.minutes >> minute & 1 == 1;
        note(has_minute, Field::Minute, minute.to_string());
        let has_second = self.seconds >> second & 1 == 1;
        note(has_second, Field::Second, second.to_string());
        all
    }

    /// Returns the fields of the day that do not match. Where a date may match either the day or the
    /// weekday, it is both of them or neither.
    fn wrong_days(&self, local: NaiveDateTime) -> Vec<(Field, String)> {
        if self.has_day(local) {
            return Vec::new();
        }
        let day = (Field::Day, local.day().to_string());
        let weekday = local.weekday().num_days_from_monday();
        let weekday = (Field::DayOfWeek, WEEKDAYS[weekday as usize].to_owned());
        let week = (Field::Week, local.iso_week().week().to_string());
        let parts = [
            (self.only_days(), day),
            (self.only_weeks(), week),
            (self.only_weekdays(), weekday),
        ];
        let wrong = parts.into_iter().filter(|(part, _)| !part.has_day(local));
        wrong.map(|(_, field)| field).collect()
    }

    fn has_day(&self, local: NaiveDateTime) -> bool {
        let days = self.days_of(&Year::new(local.year()), local.month());
        days >> local.day() & 1 == 1
    }

    /// Returns the pattern with its days of the month and no other restriction of the day.
    fn only_days(&self) -> Self {
        let mut part = self.clone();
        part.weekdays = ALL_WEEKDAYS;
        part.without_weeks();
        part.mark(|marks| {
            if marks.nth_is_weekday {
                marks.nth_weekdays = [0; 6];
            }
        })
    }

    fn only_weekdays(&self) -> Self {
        let mut part = self.clone();
        part.days = ALL_DAYS;
        part.without_weeks();
        part.mark(|marks| {
            (marks.nearest, marks.last_working_day) = (0, false);
            if !marks.nth_is_weekday {
                marks.nth_weekdays = [0; 6];
            }
        })
    }

    fn only_weeks(&self) -> Self {
        let mut part = self.clone();
        (part.days, part.weekdays) = (ALL_DAYS, ALL_WEEKDAYS);
        part.mark(|marks| *marks = Marks::default())
    }

    fn without_weeks(&mut self) {
        if let Some(rare) = &mut self.rare {
            rare.weeks = ALL_WEEKS;
        }
    }

    fn mark(mut self, change: impl FnOnce(&mut Marks)) -> Self {
        self.join = Join::And;
        if let Some(marks) = self.rare.as_mut().and_then(|rare| rare.marks.as_mut()) {
            change(marks);
        }
        self
    }
}
