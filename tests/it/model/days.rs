//! Which dates a cron or crontab rule means.

use jiff::civil::{Date, Weekday};

use super::field::{self, Field};

/// The date half of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Days {
    pub(crate) years: Field,
    pub(crate) months: Field,
    pub(crate) weeks: Field,
    pub(crate) inner: Inner,
}

/// How day of month and day of week go together.
#[derive(Debug, Clone)]
pub(crate) enum Inner {
    Both(Vec<Element>, Vec<Element>),
    Either(Vec<Element>, Vec<Element>),
}

/// One element of a day of month or day of week list.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    Days(Field),
    /// Monday is 0.
    Weekdays(Field),
    /// Sunday is 0 and 7.
    CrontabWeekdays(Field),
    LastDay,
    LastWorkday,
    /// `15W`: the working day next to it, in the same month.
    NearestWorkday(i8),
    /// The nth weekday of a month; Monday is 0.
    Nth(i8, i8),
    LastOf(i8),
}

impl Days {
    pub(crate) fn hold(&self, date: Date) -> bool {
        self.years.has(date.year()) && self.hold_in_any_year(date)
    }

    pub(crate) fn hold_in_any_year(&self, date: Date) -> bool {
        self.months.has(date.month())
            && self.weeks.has(date.iso_week_date().week())
            && match &self.inner {
                Inner::Both(days, weekdays) => any(days, date) && any(weekdays, date),
                Inner::Either(days, weekdays) => any(days, date) || any(weekdays, date),
            }
    }

    /// Whether no date of a whole cycle of the calendar matches.
    pub(crate) fn never(&self) -> bool {
        let mut date = Date::constant(2000, 1, 1);
        while date.year() < 2400 {
            if self.hold_in_any_year(date) {
                return false;
            }
            date = date.tomorrow().expect("far from the end of the calendar");
        }
        true
    }
}

fn any(elements: &[Element], date: Date) -> bool {
    elements.iter().any(|element| element.holds(date))
}

impl Element {
    fn holds(&self, date: Date) -> bool {
        let weekday = date.weekday().to_monday_zero_offset();
        let day = date.day();
        match self {
            Self::Days(days) => days.has(day),
            Self::Weekdays(days) => days.has(weekday),
            Self::CrontabWeekdays(days) => {
                let from_sunday = (weekday + 1) % 7;
                days.has(from_sunday) || (from_sunday == 0 && days.has(7_i16))
            }
            Self::LastDay => day == date.days_in_month(),
            Self::LastWorkday => {
                let rest_of_month =
                    (day + 1..=date.days_in_month()).any(|later| working(on(date, later)));
                working(date) && !rest_of_month
            }
            Self::NearestWorkday(wanted) => nearest_workday(date, *wanted) == Some(day),
            Self::Nth(nth, wanted) => weekday == *wanted && (day - 1) / 7 + 1 == *nth,
            Self::LastOf(wanted) => weekday == *wanted && day + 7 > date.days_in_month(),
        }
    }
}

fn nearest_workday(month: Date, wanted: i8) -> Option<i8> {
    (wanted <= month.days_in_month()).then_some(())?;
    // Saturday: Friday first; Sunday: Monday first; never into another month.
    let distances: [i8; 2] = match on(month, wanted).weekday() {
        Weekday::Saturday => [-1, 2],
        Weekday::Sunday => [1, -2],
        _ => [0, 0],
    };
    distances
        .into_iter()
        .map(|distance| wanted + distance)
        .find(|day| (1..=month.days_in_month()).contains(day))
}

fn working(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn on(month: Date, day: i8) -> Date {
    Date::constant(month.year(), month.month(), day)
}

/// The `day` field of the cron type.
pub(crate) fn cron_days(text: &str) -> Option<Vec<Element>> {
    text.split(',')
        .map(|element| {
            let element = element.trim().to_lowercase();
            let words: Vec<&str> = element.split_whitespace().collect();
            match words[..] {
                ["last"] => Some(Element::LastDay),
                ["last", weekday] => Some(Element::LastOf(weekday_number(weekday)?)),
                [nth, weekday] => {
                    let nth = ["1st", "2nd", "3rd", "4th", "5th"]
                        .iter()
                        .position(|n| *n == nth)?;
                    Some(Element::Nth(
                        i8::try_from(nth).ok()? + 1,
                        weekday_number(weekday)?,
                    ))
                }
                _ => Some(Element::Days(Field::read(&element, field::DAY)?)),
            }
        })
        .collect()
}

pub(crate) fn weekday_number(word: &str) -> Option<i8> {
    field::place(word, &field::WEEKDAYS).and_then(|place| i8::try_from(place).ok())
}
