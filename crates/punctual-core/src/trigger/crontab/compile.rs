//! From croner's parsed fields to the same [`Pattern`] that the cron trigger compiles into.
//!
//! croner parses; the search is ours. A `croner::Cron` takes five kilobytes and its search
//! microseconds, and its daylight-saving rule depends on whether a field is a list.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::check::{Checked, check};
use crate::daylight::Daylight;
use crate::error::{Error, ErrorKind};
use crate::trigger::cron::pattern::{Join, Pattern};
use crate::trigger::cron::years::Years;

/// croner's flag constants, which it keeps to itself (`croner::component`, 4.0.3); a test holds
/// them against its public `day_match`.
mod flag {
    pub(super) const NTH: [u8; 5] = [1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5];
    pub(super) const LAST: u8 = 1 << 6;
    pub(super) const NEAREST_WEEKDAY: u8 = 1 << 7;
}

/// The pattern of an expression; `daylight` is what was said about it.
pub(super) fn compile(
    expr: &str,
    day_and_weekday: bool,
    daylight: Daylight,
) -> Result<Pattern, Error> {
    let checked = check(expr)?;
    let cron = parse(&checked)
        .map_err(|error| Error::invalid("expr", expr, format!("is not understood: {error}")))?;
    let join = match (day_and_weekday, checked.either_day) {
        (true, _) => Join::AndAlways,
        (false, true) => Join::Or,
        (false, false) => Join::And,
    };
    let mut pattern = pattern(
        &cron,
        join,
        Daylight {
            wild: checked.wild,
            ..daylight
        },
    );
    if let Some(years) = checked.year.as_ref().and_then(Years::restricted) {
        pattern.rare_mut().years = Some(Box::new(years));
    }
    if !pattern.has_dates() {
        return Err(
            Error::new(ErrorKind::NeverFires, "expr", "matches no date in any year")
                .with_value(expr),
        );
    }
    Ok(pattern)
}

fn parse(checked: &Checked) -> Result<Cron, croner::errors::CronError> {
    CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .sloppy_ranges(true)
        .build()
        .parse(&checked.numeric)
}

fn pattern(cron: &Cron, join: Join, daylight: Daylight) -> Pattern {
    let fields = &cron.pattern;
    let mut pattern = Pattern {
        seconds: bits(&fields.seconds.values()),
        minutes: bits(&fields.minutes.values()),
        hours: bits(&fields.hours.values()) as u32,
        days: bits(&fields.days.values()) as u32,
        months: bits(&fields.months.values()) as u16,
        weekdays: monday_first(bits(&fields.days_of_week.values())),
        join,
        daylight,
        rare: None,
    };
    let last_day = fields.days.is_feature_enabled(flag::LAST);
    // As a mark of the whole field rather than of a day, this one says `LW`.
    let last_working_day = fields.days.is_feature_enabled(flag::NEAREST_WEEKDAY) && last_day;
    if last_day && !last_working_day {
        pattern.days |= 1;
    }
    let nearest = bits(&fields.days.get_set_values(flag::NEAREST_WEEKDAY)) as u32;
    if last_working_day || nearest != 0 {
        let rare = pattern.rare_mut();
        rare.last_working_day = last_working_day;
        rare.nearest = nearest;
    }
    let marked = |flag| monday_first(bits(&fields.days_of_week.get_set_values(flag)));
    let nth = flag::NTH.map(marked);
    let last = marked(flag::LAST);
    if nth != [0; 5] || last != 0 {
        let rare = pattern.rare_mut();
        rare.nth_is_day = false;
        rare.nth_weekdays[..5].copy_from_slice(&nth);
        rare.nth_weekdays[5] = last;
    }
    pattern
}

fn bits(values: &[u16]) -> u64 {
    values.iter().fold(0, |bits, value| bits | 1 << value)
}

/// croner counts weekdays from Sunday (and 7 is Sunday again), we from Monday.
fn monday_first(sunday_first: u64) -> u8 {
    let days = sunday_first | sunday_first >> 7 & 1;
    ((days >> 1 & 0x3f) | (days & 1) << 6) as u8
}

#[cfg(test)]
mod tests {
    use croner::Cron;

    use super::*;
    use crate::civil;
    use crate::wall::WallTimes;

    /// Every date of eight years, asked of croner's own `day_match` and of the compiled pattern.
    fn agrees_with_croner(days: &str, weekdays: &str) {
        let expr = format!("0 0 {days} * {weekdays}");
        let cron: Cron = CronParser::builder()
            .sloppy_ranges(true)
            .build()
            .parse(&expr)
            .unwrap();
        let pattern = compile(&expr, false, Daylight::default()).unwrap();
        for day in civil::to_days(2023, 1, 1)..civil::to_days(2031, 1, 1) {
            let date = civil::from_days(day);
            let weekday = sunday_first(civil::weekday(day));
            let theirs = cron
                .pattern
                .day_match(date.year, date.month, date.day, weekday)
                .unwrap();
            let ours = pattern.contains(i64::from(day) * civil::DAY);
            assert_eq!(ours, theirs, "{expr} on {date:?}");
        }
    }

    fn sunday_first(monday_0: u32) -> croner::time::Weekday {
        use croner::time::Weekday::{
            Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday,
        };
        [
            Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday,
        ][monday_0 as usize]
    }

    #[test]
    fn a_star_in_a_list_is_every_value() {
        let compiled = |expr| compile(expr, false, Daylight::default()).unwrap();
        for (list, plain) in [
            ("5,* * * * *", "* * * * *"),
            ("0 0 1,* * mon", "0 0 1-31 * mon"),
            ("0 0 * 5,* *", "0 0 * * *"),
            ("0 0 * * 3,*", "0 0 * * 0-6"),
        ] {
            let (list, plain) = (compiled(list), compiled(plain));
            let bits = |p: &Pattern| (p.minutes, p.hours, p.days, p.months, p.weekdays);
            assert_eq!(bits(&list), bits(&plain));
        }
    }

    #[test]
    fn the_restated_flags_are_croners() {
        for days in [
            "*", "1", "L", "LW", "1W", "15W", "31W", "5W,28W", "13,L", "15W,LW", "2-30/7",
        ] {
            agrees_with_croner(days, "*");
        }
        for weekdays in [
            "0", "7", "1-5", "5-7", "1#1", "5#2", "0#3", "7#3", "3#4", "2#5", "5L", "0L", "1,5L",
            "6#1,0L",
        ] {
            agrees_with_croner("*", weekdays);
        }
        for (days, weekdays) in [("13", "5"), ("L", "1#1"), ("15W", "0L"), ("1-7", "1-5")] {
            agrees_with_croner(days, weekdays);
        }
    }
}
