//! Triggers in words, in English.

mod dates;
mod times;
mod words;

use self::words::{list, plural};
use super::wallclock::Wallclock;
use super::window::Window;
use super::windowed::Members;
use super::{CalendarInterval, Interval, Trigger, interval_units};
use crate::legible::legible;
use crate::zone::Zone;

pub(super) fn describe(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Date(date) => {
            let text = format!("once at {}", date.run_at().to_string().replace('T', " "));
            text + &zone_words(date.zone()) + &window_words(date.window())
        }
        Trigger::Interval(interval) => describe_interval(interval),
        Trigger::Cron(cron) => {
            let rule = cron.rule();
            pattern_words(&rule.pattern) + &clock_words(&rule.clock)
        }
        Trigger::Crontab(crontab) => {
            let rule = crontab.rule();
            pattern_words(&rule.pattern) + &clock_words(&rule.clock)
        }
        Trigger::CalendarInterval(calendar) => describe_calendar(calendar),
        Trigger::And(and) => {
            combined(and.children(), " and at the same time ") + &window_words(and.window())
        }
        Trigger::Or(or) => combined(or.children(), " or ") + &window_words(or.window()),
        Trigger::Custom(custom) => {
            let name = || format!("custom trigger `{}`", legible(custom.name()));
            custom.describe().unwrap_or_else(name) + &window_words(custom.window())
        }
    }
}

fn pattern_words(pattern: &super::cron::pattern::Pattern) -> String {
    format!("{} {}", times::of(pattern), dates::of(pattern))
        .trim_end()
        .to_owned()
}

fn combined(children: &[Trigger], between: &str) -> String {
    let words = |child: &Trigger| match child {
        Trigger::And(_) | Trigger::Or(_) => format!("({})", describe(child)),
        simple => describe(simple),
    };
    children.iter().map(words).collect::<Vec<_>>().join(between)
}

fn describe_interval(interval: &Interval) -> String {
    let parts = interval_units::split(interval.length_micros());
    let words = match parts.as_slice() {
        [(unit, number)] if number.as_i64() == Some(1) => {
            format!("every {}", unit.trim_end_matches('s'))
        }
        _ => {
            let parts: Vec<_> = parts
                .iter()
                .map(|(unit, number)| plural(number, unit))
                .collect();
            format!("every {}", list(&parts))
        }
    };
    words + &zone_words(interval.zone()) + &window_words(interval.window())
}

fn describe_calendar(calendar: &CalendarInterval) -> String {
    let (length, time) = (calendar.length(), calendar.time());
    let parts: Vec<_> = [
        (length.years, "years"),
        (length.months, "months"),
        (length.weeks, "weeks"),
        (length.days, "days"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .collect();
    let words = match parts.as_slice() {
        [(1, unit)] => format!("every {}", unit.trim_end_matches('s')),
        _ => {
            let parts: Vec<_> = parts
                .iter()
                .map(|(number, unit)| plural(number, unit))
                .collect();
            format!("every {}", list(&parts))
        }
    };
    let time = times::clock_time(time.hour.into(), time.minute.into(), time.second.into());
    let start = calendar
        .start_date()
        .map(|date| format!(", from {date}"))
        .unwrap_or_default();
    let end = calendar
        .end_date()
        .map(|date| format!(", until {date}"))
        .unwrap_or_default();
    format!(
        "{words} at {time}{start}{end}{}",
        clock_words(calendar.clock())
    )
}

fn clock_words(clock: &Wallclock) -> String {
    zone_words(clock.zone) + &window_words(clock.window.as_deref())
}

fn zone_words(zone: Option<Zone>) -> String {
    zone.map(|zone| format!(", {zone}")).unwrap_or_default()
}

fn window_words(window: Option<&Window>) -> String {
    let bound = |word: &str, when: Option<super::When>| {
        when.map(|when| format!(", {word} {}", when.to_string().replace('T', " ")))
            .unwrap_or_default()
    };
    window
        .map(|window| bound("from", window.start) + &bound("until", window.end))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::Trigger;

    fn check(trigger: &str, words: &str) {
        assert_eq!(
            trigger.parse::<Trigger>().unwrap().describe(),
            words,
            "{trigger}"
        );
    }

    #[test]
    fn crontabs_in_words() {
        check("* * * * *", "every minute");
        check("* * * * * *", "every second");
        check("30 * * * * *", "at second 30 of every minute");
        check("*/5 * * * *", "every 5 minutes");
        check("0 * * * *", "every hour");
        check("15 * * * *", "at minute 15 of every hour");
        check("0 9 * * 1-5", "at 09:00 from Monday to Friday");
        check("30 2 1 * *", "at 02:30 on day 1 of the month");
        check(
            "*/5 9-17 * * mon-fri",
            "every 5 minutes from 09:00 to 17:59 from Monday to Friday",
        );
        check(
            "0 9,18 * * sat,sun",
            "at 09:00 and 18:00 on Saturday and Sunday",
        );
        check("0 0 13 * 5", "at 00:00 on day 13 of the month or on Friday");
        check(
            "0 0 */2 * mon",
            "at 00:00 on every 2nd day of the month that is a Monday",
        );
        check("0 0 L * *", "at 00:00 on the last day of the month");
        check(
            "0 0 LW * *",
            "at 00:00 on the last working day of the month",
        );
        check(
            "0 0 15W 1,7 *",
            "at 00:00 on the working day nearest to day 15 of the month in January and July",
        );
        check("0 0 * * 5#2", "at 00:00 on the 2nd Friday of the month");
        check("0 0 * * 5L", "at 00:00 on the last Friday of the month");
        check("0 */4 * * *", "every 4 hours");
        check(
            "0,15 8-11 * * *",
            "at minutes 0 and 15 from 08:00 to 11:59 every day",
        );
        check(
            "0 0 0 1 1 * 2030",
            "at 00:00 on day 1 of the month in January in 2030",
        );
    }

    #[test]
    fn fields_in_words() {
        check(
            r#"cron(hour=9, timezone="Europe/Berlin")"#,
            "at 09:00 every day, Europe/Berlin",
        );
        check(
            r#"cron(day="3rd fri", hour="0-3", month="1-3,7-9")"#,
            "at 00:00, 01:00, 02:00 and 03:00 on the 3rd Friday of the month in January, February, March, July, August and September",
        );
        check(
            r#"cron(week="10-12", day_of_week="mon", hour=6)"#,
            "at 06:00 on Monday in ISO weeks 10 to 12",
        );
        check(
            r#"cron(day="last fri,15", hour=6, minute=5, second=7)"#,
            "at 06:05:07 on day 15 or the last Friday of the month",
        );
    }

    #[test]
    fn others_in_words() {
        check(
            r#"interval(hours=1, minutes=30)"#,
            "every 1 hour and 30 minutes",
        );
        check(r#"interval(days=1)"#, "every day");
        check(r#"interval(seconds=0.5)"#, "every 0.5 seconds");
        check(
            r#"date(run_at="2026-03-01T10:00:00", timezone="Europe/Paris")"#,
            "once at 2026-03-01 10:00:00, Europe/Paris",
        );
        check(
            r#"calendar_interval(months=1, hour=9, start_date="2026-01-31")"#,
            "every month at 09:00, from 2026-01-31",
        );
        check(
            r#"or(cron(day="last"), cron(day=1))"#,
            "at 00:00 on the last day of the month or at 00:00 on day 1 of the month",
        );
        check(r#"custom(name="tides")"#, "custom trigger `tides`");
    }
}
