//! The eight fields of cron, with their names, limits and words.

use crate::limits::{MAX_YEAR, MIN_YEAR};

/// A field of the cron trigger, most significant first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Year,
    Month,
    Day,
    Week,
    DayOfWeek,
    Hour,
    Minute,
    Second,
    /// The weekday of a crontab, where 0 and 7 are Sunday. The cron trigger does not have this
    /// field.
    CrontabWeekday,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

impl Field {
    pub(crate) const ALL: [Self; 8] = [
        Self::Year,
        Self::Month,
        Self::Day,
        Self::Week,
        Self::DayOfWeek,
        Self::Hour,
        Self::Minute,
        Self::Second,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Week => "week",
            Self::DayOfWeek | Self::CrontabWeekday => "day_of_week",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }

    pub(crate) const fn min(self) -> u32 {
        match self {
            Self::Year => MIN_YEAR as u32,
            Self::Month | Self::Day | Self::Week => 1,
            Self::DayOfWeek | Self::Hour | Self::Minute | Self::Second | Self::CrontabWeekday => 0,
        }
    }

    pub(crate) const fn max(self) -> u32 {
        match self {
            Self::Year => MAX_YEAR as u32,
            Self::Month => 12,
            Self::Day => 31,
            Self::Week => 53,
            Self::DayOfWeek => 6,
            Self::CrontabWeekday => 7,
            Self::Hour => 23,
            Self::Minute | Self::Second => 59,
        }
    }

    /// The text of an omitted field that is less significant than every given one.
    pub(crate) const fn default_text(self) -> &'static str {
        match self {
            Self::Year | Self::Week | Self::DayOfWeek | Self::CrontabWeekday => "*",
            Self::Month | Self::Day => "1",
            Self::Hour | Self::Minute | Self::Second => "0",
        }
    }

    /// Returns the value of a month or weekday name. Names are three letters or the whole English
    /// word, in any case.
    pub(crate) fn value_of_name(self, word: &str) -> Option<u32> {
        match self {
            Self::Month => position(&MONTHS, word).map(|index| index + 1),
            Self::DayOfWeek => position(&WEEKDAYS, word),
            Self::CrontabWeekday => position(&WEEKDAYS, word).map(|monday_0| (monday_0 + 1) % 7),
            _ => None,
        }
    }

    pub(crate) const fn has_names(self) -> bool {
        matches!(self, Self::Month | Self::DayOfWeek | Self::CrontabWeekday)
    }
}

pub(crate) fn weekday_of_name(word: &str) -> Option<u32> {
    position(&WEEKDAYS, word)
}

pub(crate) fn is_month_name(word: &str) -> bool {
    position(&MONTHS, word).is_some()
}

pub(crate) fn weekday_name(weekday: u32) -> &'static str {
    [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ][weekday as usize % 7]
}

pub(crate) fn month_name(month: u32) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    NAMES[(month as usize + 11) % 12]
}

fn position(names: &[&str], word: &str) -> Option<u32> {
    let index = names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(word) || name[..3].eq_ignore_ascii_case(word))?;
    u32::try_from(index).ok()
}
