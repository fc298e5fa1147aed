//! Compares the crontab parser with croner, on thousands of random texts, field by field and bit by
//! bit.
//!
//! Some texts are spoilt. croner accepts many of those, so it is not asked about texts that are
//! refused here. croner has to accept all other texts, with the same meaning.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::compile::read;
use super::marks::{bits, flag};
use super::weekday::monday_first;
use crate::daylight::Daylight;
use crate::trigger::cron::pattern::{Join, Marks, Pattern, Rare};

const TEXTS: u64 = 30_000;
const WEEKDAYS: [&str; 7] = ["sun", "Mon", "tue", "WED", "thu", "fri", "sat"];
const MONTHS: [&str; 12] = [
    "jan", "Feb", "mar", "apr", "MAY", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The least and greatest values of second, minute, hour, day, month, weekday and year.
const LIMITS: [(u64, u64); 7] = [
    (0, 59),
    (0, 59),
    (0, 23),
    (1, 31),
    (1, 12),
    (0, 7),
    (1970, 4990),
];
const DAY: usize = 3;
const MONTH: usize = 4;
const WEEKDAY: usize = 5;
const YEAR: usize = 6;

#[test]
fn croner_reads_the_same() {
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Optional)
        .sloppy_ranges(true)
        .build();
    let mut accepted = 0;
    for seed in 0..TEXTS {
        let text = text(&mut Random(seed));
        let Ok(ours) = read(&text, false, Daylight::default()) else {
            continue;
        };
        accepted += 1;
        let theirs = parser.parse(&in_croners_words(&text));
        let theirs = theirs.unwrap_or_else(|error| panic!("croner refuses `{text}`: {error}"));
        let meant = meant(&theirs, &text);
        assert_eq!(without_years(&ours), without_years(&meant), "`{text}`");
        assert_eq!(years_of(&ours), years_of_croner(&theirs), "`{text}`");
    }
    assert!(accepted > TEXTS * 2 / 3, "only {accepted} were accepted");
}

/// The generator `splitmix64`, which is repeatable and needs no dependency.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) % limit
    }

    fn between(&mut self, least: u64, greatest: u64) -> u64 {
        least + self.below(greatest - least + 1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick(&mut self, texts: &[&str]) -> String {
        texts[self.below(texts.len() as u64) as usize].to_owned()
    }
}

fn text(random: &mut Random) -> String {
    let fields = match random.below(4) {
        0 => 0..7,
        1 => 0..6,
        _ => 1..6,
    };
    let mut fields: Vec<String> = fields.map(|field| list(random, field)).collect();
    if random.one_in(6) {
        // The year is not spoilt, since croner ends earlier.
        let spoilt = random.below(fields.len().min(6) as u64);
        spoil(random, &mut fields[spoilt as usize]);
    }
    fields.join(" ")
}

fn list(random: &mut Random, field: usize) -> String {
    if random.one_in(4) {
        return "*".to_owned();
    }
    if matches!(field, DAY | WEEKDAY) && random.one_in(20) {
        return "?".to_owned();
    }
    let length = if random.one_in(2) {
        1
    } else {
        random.between(2, 4)
    };
    let items: Vec<String> = (0..length).map(|_| item(random, field)).collect();
    items.join(",")
}

/// Returns numbers, ranges and steps, and items that only some fields have.
fn item(random: &mut Random, field: usize) -> String {
    let (min, max) = LIMITS[field];
    let first = random.between(min, max);
    let last = random.between(first, max);
    match random.below(12) {
        0 if field != YEAR => format!("*/{}", random.between(1, max - min)),
        1 | 2 => format!("{first}-{last}"),
        3 if last > first => format!("{first}-{last}/{}", random.between(1, last - first)),
        4 if max > first => format!("{first}/{}", random.between(1, max - first)),
        5 | 6 if field == MONTH => named(random, &MONTHS),
        5 | 6 if field == WEEKDAY => named(random, &WEEKDAYS),
        7 if field == DAY => match random.below(3) {
            0 => random.pick(&["L", "l", "LW", "lw"]),
            1 => format!("{first}w"),
            _ => format!("{first}W"),
        },
        7 if field == WEEKDAY => {
            let weekday = if random.one_in(3) {
                random.pick(&WEEKDAYS)
            } else {
                first.to_string()
            };
            let nth = random.between(1, 5);
            let marks = [format!("#{nth}"), "L".to_owned(), "l".to_owned()];
            format!("{weekday}{}", marks[random.below(3) as usize])
        }
        8 if field != YEAR && random.one_in(3) => "*".to_owned(),
        _ => first.to_string(),
    }
}

fn named(random: &mut Random, names: &[&str]) -> String {
    let (first, last) = (random.pick(names), random.pick(names));
    match random.below(4) {
        0 => format!("{first}-{last}"),
        1 => format!("{first}-{last}/{}", random.between(1, 3)),
        2 => format!("{first}/{}", random.between(1, 6)),
        _ => first,
    }
}

fn spoil(random: &mut Random, text: &mut String) {
    let at = random.below(text.len() as u64) as usize;
    let instead = random.pick(&[
        "", "*", "/", "-", ",", "#", "L", "W", "?", "+", " ", "0", "9", "x", "mon", "1-",
    ]);
    text.replace_range(at..=at, &instead);
}

/// Rewrites a text for croner, which accepts no `*` in lists and takes `sun-sun` for every day.
fn in_croners_words(text: &str) -> String {
    let texts: Vec<&str> = text.split_ascii_whitespace().collect();
    let first = usize::from(texts.len() == 5);
    let fields = texts.iter().enumerate().map(|(n, list)| {
        let (min, max) = LIMITS[n + first];
        let items = list.split(',').map(|item| match item {
            "*" if *list != "*" => format!("{min}-{max}"),
            "sun-sun" => "sun".to_owned(),
            _ => item.to_owned(),
        });
        items.collect::<Vec<_>>().join(",")
    });
    fields.collect::<Vec<_>>().join(" ")
}

/// Returns the pattern that croner read, in the form of this crate.
fn meant(cron: &Cron, text: &str) -> Pattern {
    let fields = &cron.pattern;
    let marked = |flag| monday_first(bits(&fields.days_of_week.get_set_values(flag)));
    let last = fields.days.is_feature_enabled(flag::LAST);
    let last_working_day = last && fields.days.is_feature_enabled(flag::NEAREST_WEEKDAY);
    let mut nth_weekdays = [0; 6];
    nth_weekdays[..5].copy_from_slice(&flag::NTH.map(marked));
    nth_weekdays[5] = marked(flag::LAST);
    let marks = Marks {
        nth_is_weekday: nth_weekdays != [0; 6],
        nth_weekdays,
        nearest: bits(&fields.days.get_set_values(flag::NEAREST_WEEKDAY)) as u32,
        last_working_day,
    };
    let texts: Vec<&str> = text.split_ascii_whitespace().collect();
    let clock = texts.len().min(6) - 3;
    let is_free = |text: &str| text.starts_with(['*', '?']);
    Pattern {
        seconds: bits(&fields.seconds.values()),
        minutes: bits(&fields.minutes.values()),
        hours: bits(&fields.hours.values()) as u32,
        days: bits(&fields.days.values()) as u32 | u32::from(last && !last_working_day),
        months: bits(&fields.months.values()) as u16,
        weekdays: monday_first(bits(&fields.days_of_week.values())),
        join: if is_free(texts[clock]) || is_free(texts[clock + 2]) {
            Join::And
        } else {
            Join::Or
        },
        daylight: Daylight {
            wild: texts[..clock]
                .iter()
                .any(|list| list.split(',').any(|item| item.starts_with('*'))),
            ..Daylight::default()
        },
        rare: Some(Box::new(Rare {
            marks: Some(marks),
            ..Rare::default()
        })),
    }
}

fn without_years(pattern: &Pattern) -> String {
    let mut pattern = pattern.clone();
    pattern.rare_mut().years = None;
    pattern.marks_mut();
    format!("{pattern:?}")
}

/// Returns the years up to 5000, with which croner ends.
fn years_of(pattern: &Pattern) -> Vec<i32> {
    let first_from = |year| match pattern.rare.as_ref().and_then(|rare| rare.years.as_ref()) {
        Some(years) => years.first_from(year),
        None => Some(year),
    };
    let mut years = Vec::new();
    let mut from = 1970;
    while let Some(year) = first_from(from).filter(|year| *year <= 5000) {
        years.push(year);
        from = year + 1;
    }
    years
}

fn years_of_croner(cron: &Cron) -> Vec<i32> {
    let years = cron.pattern.years.values().into_iter().map(i32::from);
    years.filter(|year| *year >= 1970).collect()
}
