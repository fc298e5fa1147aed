//! Compiles a crontab text, field by field, into the same [`Pattern`] as the cron trigger.

use super::item::Item;
use super::line::Line;
use super::marks::MarkTexts;
use super::weekday::monday_first;
use crate::daylight::Daylight;
use crate::error::Error;
use crate::trigger::cron::expression::Expression;
use crate::trigger::cron::field::Field;
use crate::trigger::cron::pattern::{Join, Pattern};
use crate::trigger::cron::years::Years;

/// Returns whether an expression is understood.
pub(super) fn reads(expr: &str) -> bool {
    as_written(expr, false, Daylight::default()).is_ok()
}

/// Compiles an expression as it is written. Returns an error for the first field that is not
/// understood.
pub(super) fn as_written(
    expr: &str,
    day_and_weekday: bool,
    daylight: Daylight,
) -> Result<Pattern, Error> {
    let line = Line::read(expr)?;
    let mut draft = Draft::new(daylight);
    for (field, text, at) in line.fields() {
        draft.add(field, text, at)?;
    }
    draft.finish(expr, day_and_weekday)
}

/// A pattern to which fields are added one after another.
struct Draft {
    pattern: Pattern,
    marks: MarkTexts,
}

impl Draft {
    /// Creates an empty pattern. Lines without a field for seconds mean the first second of a
    /// minute.
    fn new(daylight: Daylight) -> Self {
        Self {
            pattern: Pattern {
                seconds: 1,
                minutes: 0,
                hours: 0,
                days: 0,
                months: 0,
                weekdays: 0,
                join: Join::Or,
                daylight: Daylight {
                    wild: false,
                    ..daylight
                },
                rare: None,
            },
            marks: MarkTexts::default(),
        }
    }

    fn add(&mut self, field: Field, text: &str, at: usize) -> Result<(), Error> {
        if field == Field::Year {
            return self.add_years(text).map_err(|error| error.at(at));
        }
        if matches!(field, Field::Day | Field::CrontabWeekday) && text.starts_with(['*', '?']) {
            self.pattern.join = Join::And;
        }
        let values = self.values(field, text, at)?;
        let pattern = &mut self.pattern;
        match field {
            Field::Second => pattern.seconds = values,
            Field::Minute => pattern.minutes = values,
            Field::Hour => pattern.hours = values as u32,
            Field::Day => pattern.days = values as u32,
            Field::Month => pattern.months = values as u16,
            Field::CrontabWeekday => pattern.weekdays = monday_first(values),
            Field::Year | Field::Week | Field::DayOfWeek => {}
        }
        Ok(())
    }

    /// Returns the values of all items as bits, and puts marks aside.
    fn values(&mut self, field: Field, text: &str, at: usize) -> Result<u64, Error> {
        let text = star_if_unrestricted(field, text).map_err(|error| error.at(at))?;
        let is_time = matches!(field, Field::Hour | Field::Minute | Field::Second);
        let mut values = 0;
        let mut position = at;
        for item in text.split(',') {
            self.pattern.daylight.wild |= is_time && item.starts_with('*');
            match Item::parse(field, item, text).map_err(|error| error.at(position))? {
                Item::Values(bits) => values |= bits,
                Item::Mark(mark) => self.marks.add(field, &mark),
            }
            position += item.len() + 1;
        }
        self.marks
            .check(field, text)
            .map_err(|error| error.at(at))?;
        Ok(values)
    }

    fn add_years(&mut self, text: &str) -> Result<(), Error> {
        let years = Expression::parse(Field::Year, text)?;
        if let Some(years) = Years::restricted(&years) {
            self.pattern.rare_mut().years = Some(Box::new(years));
        }
        Ok(())
    }

    fn finish(mut self, expr: &str, day_and_weekday: bool) -> Result<Pattern, Error> {
        self.marks
            .apply(&mut self.pattern)
            .map_err(|error| Error::invalid("expr", expr, format!("is not understood: {error}")))?;
        if day_and_weekday {
            self.pattern.join = Join::AndAlways;
        }
        Ok(self.pattern)
    }
}

/// Replaces `?`, which is another form of `*` for days and weekdays.
fn star_if_unrestricted(field: Field, text: &str) -> Result<&str, Error> {
    match (field, text) {
        (Field::Day | Field::CrontabWeekday, "?") => Ok("*"),
        (_, "?") => Err(
            Error::invalid(field.name(), text, "stands for a day or weekday only")
                .with_hint("write `*`"),
        ),
        _ => Ok(text),
    }
}
