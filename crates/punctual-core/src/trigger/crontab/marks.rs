//! Days that depend on the month, such as `L`, `LW`, `15W`, `5#2` and `5L`.
//!
//! croner is the authority on their meaning and reads them. It parses only the marks, since few
//! texts have any, and a `croner::Cron` takes five kilobytes and a dozen microseconds. Its search
//! is not used.

use croner::errors::CronError;
use croner::parser::CronParser;

use super::weekday::monday_first;
use crate::error::Error;
use crate::trigger::cron::field::Field;
use crate::trigger::cron::pattern::Pattern;

/// croner's flag constants, which are private (`croner::component`, 4.0.3). A test compares them
/// with croner's public `day_match`.
pub(super) mod flag {
    pub(in super::super) const NTH: [u8; 5] = [1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5];
    pub(in super::super) const LAST: u8 = 1 << 6;
    pub(in super::super) const NEAREST_WEEKDAY: u8 = 1 << 7;
}

/// The marks of a line, as the lists that croner parses.
#[derive(Default)]
pub(super) struct MarkTexts {
    days: String,
    weekdays: String,
}

impl MarkTexts {
    pub(super) fn add(&mut self, field: Field, mark: &str) {
        let list = match field {
            Field::Day => &mut self.days,
            _ => &mut self.weekdays,
        };
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(mark);
    }

    /// Refuses `L,LW`. croner keeps one mark for `LW` as a whole, so the last day would be lost.
    pub(super) fn check(&self, field: Field, text: &str) -> Result<(), Error> {
        let has = |wanted: &str| self.days.split(',').any(|mark| mark == wanted);
        if field == Field::Day && has("L") && has("LW") {
            return Err(Error::invalid("day", text, "mixes L with LW")
                .with_hint("combine two triggers with `or`"));
        }
        Ok(())
    }

    /// Returns a line that contains only marks. It names one month and one year, since croner
    /// spends most of its time on writing down the values of a `*`.
    fn alone(&self) -> String {
        let or_first = |list: &str| if list.is_empty() { "1" } else { list }.to_owned();
        let (days, weekdays) = (or_first(&self.days), or_first(&self.weekdays));
        format!("0 0 0 {days} 1 {weekdays} 2000")
    }

    /// Adds the days of the marks to a pattern.
    pub(super) fn apply(&self, pattern: &mut Pattern) -> Result<(), CronError> {
        if self.days.is_empty() && self.weekdays.is_empty() {
            return Ok(());
        }
        let cron = CronParser::new().parse(&self.alone())?;
        let (days, weekdays) = (&cron.pattern.days, &cron.pattern.days_of_week);
        let last_day = days.is_feature_enabled(flag::LAST);
        // On the whole field rather than on a day, croner's flag for the nearest weekday means
        // `LW`.
        let last_working_day = last_day && days.is_feature_enabled(flag::NEAREST_WEEKDAY);
        if last_day && !last_working_day {
            pattern.days |= 1;
        }
        let marks = pattern.marks_mut();
        marks.last_working_day = last_working_day;
        marks.nearest = bits(&days.get_set_values(flag::NEAREST_WEEKDAY)) as u32;
        if !self.weekdays.is_empty() {
            let marked = |flag| monday_first(bits(&weekdays.get_set_values(flag)));
            marks.nth_is_weekday = true;
            marks.nth_weekdays[..5].copy_from_slice(&flag::NTH.map(marked));
            marks.nth_weekdays[5] = marked(flag::LAST);
        }
        Ok(())
    }
}

pub(super) fn bits(values: &[u16]) -> u64 {
    values.iter().fold(0, |bits, value| bits | 1 << value)
}

#[cfg(test)]
mod tests {
    use croner::Cron;

    use super::*;
    use crate::civil;
    use crate::daylight::Daylight;
    use crate::trigger::crontab::compile::compile;
    use crate::wall_times::WallTimes;

    /// Compares croner's own `day_match` with the compiled pattern, for every date of eight years.
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
