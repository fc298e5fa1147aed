//! Warnings about triggers that fire differently from what their text suggests.

use super::cron::field::{Field, month_name};
use super::cron::pattern::{ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, Join, Pattern};
use super::describe::{list, weekday_words};
use super::{Cron, Crontab, FirstRun, Interval, Trigger};
use crate::civil;
use crate::error::{Error, ErrorKind};
use crate::warning::{Warning, WarningKind};

pub(super) fn warnings(trigger: &Trigger) -> Vec<Warning> {
    match trigger {
        Trigger::Crontab(crontab) => [
            counted_weekdays(crontab),
            every_day(crontab),
            months_without_day(&crontab.compiled().pattern, "write `L` for the last day"),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Trigger::Cron(cron) => {
            let hint = "write day=\"last\" for the last day";
            let months = months_without_day(&cron.compiled().pattern, hint);
            no_fields(cron).into_iter().chain(months).collect()
        }
        Trigger::Interval(interval) => first_run_ignored(interval).into_iter().collect(),
        Trigger::And(_) | Trigger::Or(_) => {
            let of = |(index, child): (usize, &Trigger)| {
                let parent = format!("triggers[{index}]");
                let warnings = child.warnings().into_iter();
                warnings.map(move |warning| warning.inside(&parent))
            };
            trigger.children().iter().enumerate().flat_map(of).collect()
        }
        Trigger::Date(_) | Trigger::CalendarInterval(_) | Trigger::Custom(_) => Vec::new(),
    }
}

/// Warns of counted weekdays beside a `?`, which comes from Quartz, where 1 is Sunday.
fn counted_weekdays(crontab: &Crontab) -> Option<Warning> {
    let text = |wanted| {
        let mut fields = crontab.fields();
        fields.find_map(|(field, text)| (field == wanted).then_some(text))
    };
    let weekdays = text(Field::CrontabWeekday)?;
    let is_counted = |item: &str| {
        let days = item.split(['/', '#']).next().unwrap_or(item);
        days.contains(|c: char| c.is_ascii_digit())
    };
    if text(Field::Day) != Some("?") || !weekdays.split(',').any(is_counted) {
        return None;
    }
    let words =
        weekday_words(&crontab.compiled().pattern).unwrap_or_else(|| "every day".to_owned());
    let problem = format!(
        "beside a `?` reads as Quartz, where 1 is Sunday, but 1 is Monday here and this is {words}"
    );
    let error = Error::invalid(Field::CrontabWeekday.name(), weekdays, problem)
        .with_hint("write names such as `mon-fri`");
    Some(Warning::new(WarningKind::CountedWeekdays, error))
}

/// Warns of `{"type":"cron"}`, where all fields are `*`, down to the second.
fn no_fields(cron: &Cron) -> Option<Warning> {
    if cron.fields().next().is_some() {
        return None;
    }
    let error = Error::new(
        ErrorKind::Invalid,
        Field::Second.name(),
        "fires every second, since no field is given",
    )
    .with_hint("write second=\"*\" if that is meant");
    Some(Warning::new(WarningKind::NoFields, error))
}

/// Warns of a first run beside a start, since the first run then is at the start.
fn first_run_ignored(interval: &Interval) -> Option<Warning> {
    let start = interval.bounds().and_then(|bounds| bounds.start)?;
    if interval.first_run() == FirstRun::default() {
        return None;
    }
    let problem = format!("has no effect beside the start `{start}`");
    let error =
        Error::invalid("first_run", "immediately", problem).with_hint("leave one of them out");
    Some(Warning::new(WarningKind::FirstRunIgnored, error))
}

/// Warns of lines such as `0 0 1 * 0-6`, where day or weekday may match, and one of them always
/// does.
fn every_day(crontab: &Crontab) -> Option<Warning> {
    let pattern = &crontab.compiled().pattern;
    let all_days = pattern.days & ALL_DAYS == ALL_DAYS;
    if pattern.join != Join::Or || all_days == (pattern.weekdays == ALL_WEEKDAYS) {
        return None;
    }
    let (all, other) = if all_days {
        ("day", "day_of_week")
    } else {
        ("day_of_week", "day")
    };
    let problem =
        format!("fires every day, since a date may match {other} or {all}, which holds all");
    let error =
        Error::invalid("expr", crontab.expr(), problem).with_hint(format!("write `*` as {all}"));
    Some(Warning::new(WarningKind::EveryDay, error))
}

/// Warns of months that never have any of the days that are written down.
fn months_without_day(pattern: &Pattern, hint: &str) -> Option<Warning> {
    let earliest = (pattern.days & ALL_DAYS).trailing_zeros();
    let is_counted = pattern.days & 1 == 0 && pattern.marks().is_none();
    if pattern.months == ALL_MONTHS || !is_counted || earliest > 31 {
        return None;
    }
    // The year 2024 has the longest form of each month, since it is a leap year.
    let lacks_it = |month: &u32| civil::days_in_month(2024, *month) < earliest;
    let months: Vec<_> = (1..=12)
        .filter(|month| pattern.months >> month & 1 == 1)
        .filter(lacks_it)
        .map(month_name)
        .collect();
    if months.is_empty() {
        return None;
    }
    let months = list(&months);
    let problem = if pattern.join == Join::Or && pattern.weekdays != ALL_WEEKDAYS {
        format!(
            "in {months} there is no day {earliest}, so that only day_of_week counts, since a date may \
             match day or day_of_week"
        )
    } else {
        format!("never fires in {months}, where there is no day {earliest}")
    };
    let error = Error::new(ErrorKind::Invalid, Field::Day.name(), problem).with_hint(hint);
    Some(Warning::new(WarningKind::MonthsWithoutDay, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(trigger: &str) -> Vec<String> {
        let trigger: Trigger = trigger.parse().unwrap();
        trigger.warnings().iter().map(Warning::to_string).collect()
    }

    #[test]
    fn weekdays_that_are_counted_beside_a_question_mark() {
        for (weekdays, words) in [
            ("2-6", "from Tuesday to Saturday"),
            ("1", "Monday"),
            ("7", "Sunday"),
            ("mon,3", "Monday and Wednesday"),
            ("6#3", "the 3rd Saturday of the month"),
            ("6L", "the last Saturday of the month"),
            ("2-6/2", "Tuesday, Thursday and Saturday"),
        ] {
            let message = format!(
                "day_of_week: `{weekdays}` beside a `?` reads as Quartz, where 1 is Sunday, but 1 \
                 is Monday here and this is {words}; write names such as `mon-fri`"
            );
            for expr in [
                format!("0 30 2 ? * {weekdays}"),
                format!("0 30 2 ? * {weekdays} 2030"),
                format!("30 2 ? * {weekdays}"),
            ] {
                assert_eq!(warnings(&expr), [message.as_str()], "{expr}");
            }
        }
        for expr in [
            "0 30 2 ? * mon-fri",
            "0 30 2 ? * MON#2",
            "0 30 2 ? * *",
            "0 30 2 ? * */2",
            "0 30 2 15 * ?",
            "0 30 2 * * 2-6",
            "@weekly",
        ] {
            assert!(warnings(expr).is_empty(), "{expr}");
        }
    }

    #[test]
    fn a_day_or_any_weekday() {
        assert_eq!(
            warnings("0 0 1 * 0-6"),
            [
                "expr: `0 0 1 * 0-6` fires every day, since a date may match day or day_of_week, \
              which holds all; write `*` as day_of_week"
            ]
        );
        assert_eq!(
            warnings("0 0 1-31 * mon"),
            [
                "expr: `0 0 1-31 * mon` fires every day, since a date may match day_of_week or day, \
              which holds all; write `*` as day"
            ]
        );
        for expr in ["0 0 1-31 * 0-6", "0 0 1 * *", "0 0 1 * mon", "0 0 * * 0-6"] {
            assert!(warnings(expr).is_empty(), "{expr}");
        }
        assert!(warnings(r#"crontab(expr="0 0 1 * 0-6", day_and_weekday=true)"#).is_empty());
    }

    #[test]
    fn months_that_never_have_the_day() {
        assert_eq!(
            warnings("0 0 31 1,4,6 *"),
            [
                "day: never fires in April and June, where there is no day 31; write `L` for the last day"
            ]
        );
        assert_eq!(
            warnings(r#"cron(month="1-2", day="30,31")"#),
            [
                "day: never fires in February, where there is no day 30; write day=\"last\" for the last day"
            ]
        );
        for (expr, months, day) in [
            ("0 0 31 2,3 mon", "February", 31),
            ("0 0 30 2 1", "February", 30),
            ("0 0 31 4 5", "April", 31),
        ] {
            let message = format!(
                "day: in {months} there is no day {day}, so that only day_of_week counts, since a date \
                 may match day or day_of_week; write `L` for the last day"
            );
            assert_eq!(warnings(expr), [message], "{expr}");
        }
        for trigger in [
            "0 0 31 * *",
            "0 0 29 2,3 *",
            "0 0 28,31 2,4 *",
            "0 0 31 * mon",
            "0 0 29 2 mon",
            "0 0 31,L 2,3 *",
            r#"cron(month="1-2", day="31,last fri")"#,
        ] {
            assert!(warnings(trigger).is_empty(), "{trigger}");
        }
        // A day that no month has is an error.
        let error = "0 0 31 2,4 *".parse::<Trigger>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NeverFires);
    }

    #[test]
    fn a_cron_without_fields() {
        assert_eq!(
            warnings(r#"cron(timezone="UTC")"#),
            [
                "second: fires every second, since no field is given; write second=\"*\" if that is meant"
            ]
        );
        assert!(warnings(r#"cron(second="*")"#).is_empty());
    }

    #[test]
    fn a_first_run_beside_a_start() {
        assert_eq!(
            warnings(r#"interval(hours=1, start="2026-01-01", first_run="immediately")"#),
            [
                "first_run: `immediately` has no effect beside the start `2026-01-01T00:00:00`; leave one of them out"
            ]
        );
        assert!(warnings(r#"interval(hours=1, first_run="immediately")"#).is_empty());
        assert!(warnings(r#"interval(hours=1, start="2026-01-01")"#).is_empty());
    }

    #[test]
    fn warnings_of_children_say_where() {
        let or = r#"or(cron(hour=9), crontab(expr="0 0 1 * 0-6"))"#;
        assert!(warnings(or)[0].starts_with("triggers[1].expr: `0 0 1 * 0-6` fires every day"));
    }
}
