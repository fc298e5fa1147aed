//! Compares descriptions with the engine. A reader that knows nothing of patterns makes sets of
//! times and dates from the words, and the trigger must fire at exactly those.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::Trigger;

const MONTHS: [&str; 12] = [
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
const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

type Set = BTreeSet<u32>;
type Dates = Box<dyn Fn(NaiveDate) -> bool>;

/// Reads words from left to right. Commas and parentheses are words of their own.
struct Reader {
    words: Vec<String>,
    at: usize,
}

impl Reader {
    fn new(text: &str) -> Self {
        let text = text
            .replace("ISO week", "ISO-week")
            .replace(',', " , ")
            .replace('(', "( ")
            .replace(')', " )");
        Self {
            words: text.split_whitespace().map(str::to_owned).collect(),
            at: 0,
        }
    }

    fn peek(&self, ahead: usize) -> &str {
        self.words.get(self.at + ahead).map_or("", String::as_str)
    }

    fn is(&self, words: &str) -> bool {
        words
            .split(' ')
            .enumerate()
            .all(|(ahead, word)| self.peek(ahead) == word)
    }

    fn eat(&mut self, words: &str) -> bool {
        let matches = self.is(words);
        self.at += if matches { words.split(' ').count() } else { 0 };
        matches
    }

    fn must(&mut self, words: &str) {
        assert!(
            self.eat(words),
            "no `{words}` at {:?}",
            &self.words[self.at..]
        );
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.words[self.at - 1].clone()
    }

    fn number(&mut self) -> u32 {
        let word = self.next();
        word.parse()
            .unwrap_or_else(|_| panic!("`{word}` is not a number"))
    }

    /// Reads an ordinal such as `7th`.
    fn ordinal(&self, ahead: usize) -> Option<u32> {
        let word = self.peek(ahead);
        let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
        (digits.len() + 2 == word.len()).then(|| digits.parse().unwrap())
    }

    /// Reads the items of a list, until neither a comma nor `and` leads to another item.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        let mut items = vec![item(self).expect("a list is not empty")];
        loop {
            let before = self.at;
            if !(self.eat(",") || self.eat("and") || self.eat("or")) {
                return items;
            }
            match item(self) {
                Some(next) => items.push(next),
                None => {
                    self.at = before;
                    return items;
                }
            }
        }
    }

    /// Reads values such as `minute 5`, `minutes 5 to 10` or `every 7th minute (0 to 56)`.
    fn numbered(&mut self, unit: &str) -> Option<Set> {
        if self.peek(0) == "every" && self.peek(2) == unit {
            let step = self.ordinal(1)?;
            self.at += 3;
            self.must("(");
            let (first, last) = (self.number(), {
                self.must("to");
                self.number()
            });
            self.must(")");
            return Some((first..=last).step_by(step as usize).collect());
        }
        if self.eat(unit) {
            return Some([self.number()].into());
        }
        if !self.eat(&format!("{unit}s")) {
            return None;
        }
        if self.peek(1) == "to" {
            let (first, last) = (self.number(), {
                self.must("to");
                self.number()
            });
            return Some((first..=last).collect());
        }
        let items = self.list(|reader| {
            let number = reader.peek(0).parse().ok()?;
            reader.at += 1;
            Some(number)
        });
        Some(items.into_iter().collect())
    }

    /// Reads values such as `every minute`, `every 5 minutes` or `at minutes 5 and 10`.
    fn part(&mut self, unit: &str) -> Option<Set> {
        if self.eat(&format!("every {unit}")) {
            return Some((0..60).collect());
        }
        if self.peek(0) == "every" && self.peek(2) == format!("{unit}s") {
            let step: u32 = self.peek(1).parse().ok()?;
            self.at += 3;
            assert_eq!(60 % step, 0, "every {step} {unit}s goes on over the end");
            return Some((0..60).step_by(step as usize).collect());
        }
        let before = self.at;
        let read = self.eat("at").then(|| self.numbered(unit)).flatten();
        if read.is_none() {
            self.at = before;
        }
        read
    }

    /// Reads the seconds of the day.
    fn times(&mut self) -> Set {
        let all = |n: u32| (0..n).collect::<Set>();
        if self.peek(0) == "at" && self.peek(1).contains(':') {
            self.at += 1;
            return self.list(Self::clock).into_iter().collect();
        }
        if self.peek(0) == "every" && self.peek(2) == "hours" {
            let step: u32 = self.peek(1).parse().unwrap();
            self.at += 3;
            assert_eq!(24 % step, 0, "every {step} hours goes on over midnight");
            return product(
                &(0..24).step_by(step as usize).collect(),
                &[0].into(),
                &[0].into(),
            );
        }
        if self.eat("every hour") {
            return product(&self.hours(), &[0].into(), &[0].into());
        }
        if let Some(minutes) = self.part("minute") {
            return product(&self.hours(), &minutes, &[0].into());
        }
        let seconds = self.part("second").expect("a time of day");
        let mut minutes = all(60);
        if !self.eat("of every minute") {
            let before = self.at;
            if self.eat("of") || self.eat("in") {
                match self.numbered("minute") {
                    Some(read) => minutes = read,
                    None => self.at = before,
                }
            }
        }
        product(&self.hours(), &minutes, &seconds)
    }

    fn clock(&mut self) -> Option<u32> {
        let parts: Option<Vec<u32>> = self
            .peek(0)
            .split(':')
            .map(|part| part.parse().ok())
            .collect();
        let parts = parts.filter(|parts| parts.len() > 1)?;
        self.at += 1;
        Some(parts[0] * 3_600 + parts[1] * 60 + parts.get(2).unwrap_or(&0))
    }

    fn hours(&mut self) -> Set {
        if self.eat("of every hour") {
            return (0..24).collect();
        }
        if self.peek(0) == "from" && self.peek(1).contains(':') {
            let first = self.peek(1)[..2].parse().unwrap();
            let last = self.peek(3).strip_suffix(":59").unwrap().parse().unwrap();
            self.at += 4;
            return (first..=last).collect();
        }
        let before = self.at;
        if (self.eat("in") || self.eat("of"))
            && let Some(hours) = self.numbered("hour")
        {
            return hours;
        }
        self.at = before;
        (0..24).collect()
    }

    fn weekday(&mut self) -> Option<u32> {
        let index = WEEKDAYS.iter().position(|name| *name == self.peek(0))?;
        self.at += 1;
        Some(index as u32)
    }

    /// Reads alternative days, such as `day 15 or the last Friday of the month or on Monday`.
    fn any_day(&mut self) -> Dates {
        let mut any: Vec<Dates> = vec![self.one_day()];
        loop {
            self.eat("of the month");
            let before = self.at;
            if !(self.eat("or") || self.eat(",")) {
                return Box::new(move |date| any.iter().any(|day| day(date)));
            }
            self.eat("on");
            if self.is("from") || self.is("the") || self.numbered_or_weekday() {
                any.push(self.one_day());
            } else {
                self.at = before;
                return Box::new(move |date| any.iter().any(|day| day(date)));
            }
        }
    }

    fn numbered_or_weekday(&self) -> bool {
        self.peek(0).starts_with("day") || WEEKDAYS.contains(&self.peek(0)) || self.is("every")
    }

    fn one_day(&mut self) -> Dates {
        if let Some(days) = self.numbered("day") {
            return Box::new(move |date| days.contains(&date.day()));
        }
        if self.eat("from") {
            let (first, last) = (self.weekday().unwrap(), {
                self.must("to");
                self.weekday().unwrap()
            });
            return Box::new(move |date| (first..=last).contains(&weekday(date)));
        }
        if self.eat("the last day") {
            return Box::new(|date| is_last(date, |_| true));
        }
        if self.eat("the last working day") {
            return Box::new(|date| is_last(date, |date| weekday(date) < 5));
        }
        if self.eat("the working day nearest to") {
            let days = self.numbered("day").unwrap();
            return Box::new(move |date| days.iter().any(|day| is_nearest(date, *day)));
        }
        if self.eat("the last") {
            let wanted = self.weekday().unwrap();
            return Box::new(move |date| is_last(date, |date| weekday(date) == wanted));
        }
        if self.eat("the") {
            let nth = self.ordinal(0).unwrap();
            self.at += 1;
            let wanted = self.weekday().unwrap();
            return Box::new(move |date| {
                weekday(date) == wanted && (date.day() - 1) / 7 + 1 == nth
            });
        }
        let weekdays: Set = self.list(Self::weekday).into_iter().collect();
        Box::new(move |date| weekdays.contains(&weekday(date)))
    }

    fn dates(&mut self) -> Dates {
        let mut all: Vec<Dates> = Vec::new();
        self.eat("every day");
        if self.eat("on") || self.is("from") {
            all.push(self.any_day());
        }
        if self.eat("that is a") || self.eat("if it is") {
            all.push(self.any_day());
        }
        while self.eat("in") {
            if let Some(weeks) = self.numbered("ISO-week") {
                all.push(Box::new(move |date| {
                    weeks.contains(&date.iso_week().week())
                }));
                continue;
            }
            let months: Set = self.list(Self::month).into_iter().collect();
            all.push(Box::new(move |date| months.contains(&date.month())));
        }
        assert_eq!(
            self.at,
            self.words.len(),
            "not understood: {:?}",
            &self.words[self.at..]
        );
        Box::new(move |date| all.iter().all(|one| one(date)))
    }

    fn month(&mut self) -> Option<u32> {
        let index = MONTHS.iter().position(|name| *name == self.peek(0))?;
        self.at += 1;
        Some(index as u32 + 1)
    }
}

fn product(hours: &Set, minutes: &Set, seconds: &Set) -> Set {
    let mut times = Set::new();
    for hour in hours {
        for minute in minutes {
            times.extend(
                seconds
                    .iter()
                    .map(|second| hour * 3_600 + minute * 60 + second),
            );
        }
    }
    times
}

fn weekday(date: NaiveDate) -> u32 {
    date.weekday().num_days_from_monday()
}

fn is_last(date: NaiveDate, matches: impl Fn(NaiveDate) -> bool) -> bool {
    let rest = date
        .iter_days()
        .skip(1)
        .take_while(|day| day.month() == date.month());
    matches(date) && !rest.into_iter().any(matches)
}

/// Returns whether a date is the working day nearest to a day of its month, within the month.
fn is_nearest(date: NaiveDate, day: u32) -> bool {
    let Some(target) = date.with_day(day) else {
        return false;
    };
    let nearest = (-2..=2)
        .map(|days| target + TimeDelta::days(days))
        .filter(|near| near.month() == date.month() && weekday(*near) < 5)
        .min_by_key(|near| (*near - target).num_days().abs());
    nearest == Some(date)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

/// Compares the words with the fire times of the trigger, for four years.
fn holds(text: &str) {
    let trigger: Trigger = text.parse().unwrap();
    let words = trigger.describe();
    let mut reader = Reader::new(&words);
    let (times, matches) = (reader.times(), reader.dates());
    let mut looked_at_times = false;
    let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
    for date in first.iter_days().take(4 * 365 + 1) {
        let before = midnight(date) - TimeDelta::microseconds(1);
        let fires = trigger
            .after(before)
            .is_some_and(|next| next.date_naive() == date);
        assert_eq!(fires, matches(date), "{text}: `{words}` on {date}");
        if fires && !looked_at_times {
            looked_at_times = true;
            same_times(&trigger, date, &times, &format!("{text}: `{words}`"));
        }
    }
}

/// Compares the fire times of one date with the words. If the words name many, only some are
/// compared.
fn same_times(trigger: &Trigger, date: NaiveDate, described: &Set, context: &str) {
    let last = midnight(date) + TimeDelta::microseconds(86_399_999_999);
    let count = trigger.count(midnight(date), last).number();
    assert_eq!(
        count,
        described.len() as u64,
        "{context}: the number of times"
    );
    for second in described.iter().step_by(described.len() / 1_000 + 1) {
        let at = midnight(date) + TimeDelta::seconds((*second).into());
        let fires = trigger.after(at - TimeDelta::microseconds(1));
        assert_eq!(fires, Some(at), "{context}");
    }
}

/// Returns one field in forms that people write.
fn field(min: u32, max: u32) -> BoxedStrategy<String> {
    let value = min..=max;
    let step = 2..=(max - min);
    prop_oneof![
        3 => Just("*".to_owned()),
        4 => step.clone().prop_map(|step| format!("*/{step}")),
        4 => value.clone().prop_map(|value| value.to_string()),
        2 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        2 => (value.clone(), value.clone(), 2..=7_u32)
            .prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
        1 => (value.clone(), step).prop_map(|(a, step)| format!("{a}/{step}")),
        2 => proptest::collection::vec(value, 2..5).prop_map(|values| {
            values.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
        }),
    ]
    .boxed()
}

fn crontab_day() -> BoxedStrategy<String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        4 => field(1, 31),
        1 => Just("L".to_owned()),
        1 => Just("LW".to_owned()),
        1 => (1..=31_u32).prop_map(|day| format!("{day}W")),
        1 => (1..=28_u32).prop_map(|day| format!("{day},L")),
    ]
    .boxed()
}

fn crontab_weekday() -> BoxedStrategy<String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        4 => field(0, 7),
        1 => (0..=6_u32, 1..=5_u32).prop_map(|(day, nth)| format!("{day}#{nth}")),
        1 => (0..=6_u32).prop_map(|day| format!("{day}L")),
        1 => (0..=6_u32, 0..=6_u32).prop_map(|(day, last)| format!("{day},{last}L")),
    ]
    .boxed()
}

fn seconds() -> BoxedStrategy<String> {
    prop_oneof![3 => Just("0".to_owned()), 2 => field(0, 59)].boxed()
}

fn cron_day() -> BoxedStrategy<String> {
    let nth = proptest::sample::select(vec!["1st mon", "3rd fri", "last fri", "last", "15,last"]);
    prop_oneof![4 => field(1, 31), 1 => nth.prop_map(str::to_owned)].boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crontabs_fire_when_their_words_say(
        second in seconds(),
        minute in field(0, 59),
        hour in field(0, 23),
        day in crontab_day(),
        month in prop_oneof![2 => Just("*".to_owned()), 1 => field(1, 12)],
        weekday in crontab_weekday(),
    ) {
        let expr = format!("{second} {minute} {hour} {day} {month} {weekday}");
        prop_assume!(expr.parse::<Trigger>().is_ok());
        holds(&expr);
    }

    #[test]
    fn crons_fire_when_their_words_say(
        second in seconds(),
        minute in field(0, 59),
        hour in field(0, 23),
        day in prop_oneof![1 => Just("*".to_owned()), 1 => cron_day()],
        month in prop_oneof![2 => Just("*".to_owned()), 1 => field(1, 12)],
        weekday in prop_oneof![2 => Just("*".to_owned()), 1 => field(0, 6)],
        week in prop_oneof![4 => Just("*".to_owned()), 1 => field(1, 53)],
    ) {
        let call = format!(
            r#"cron(second="{second}", minute="{minute}", hour="{hour}", day="{day}", month="{month}", week="{week}", day_of_week="{weekday}")"#
        );
        prop_assume!(call.parse::<Trigger>().is_ok());
        holds(&call);
    }
}
