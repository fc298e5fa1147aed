//! The exact words for common triggers.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

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
        "at 00:00 on every 2nd day (1 to 31) of the month that is a Monday",
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
fn steps_that_begin_anew_are_no_intervals() {
    for (expr, words) in [
        ("*/59 * * * *", "at minutes 0 and 59 of every hour"),
        ("*/45 * * * *", "at minutes 0 and 45 of every hour"),
        ("*/7 * * * *", "at every 7th minute (0 to 56) of every hour"),
        (
            "5-59/2 * * * *",
            "at every 2nd minute (5 to 59) of every hour",
        ),
        ("3/15 * * * *", "at minutes 3, 18, 33 and 48 of every hour"),
        (
            "*/7 9-17 * * *",
            "at every 7th minute (0 to 56) from 09:00 to 17:59 every day",
        ),
        (
            "0 */5 * * *",
            "at 00:00, 05:00, 10:00, 15:00 and 20:00 every day",
        ),
        ("0 */23 * * *", "at 00:00 and 23:00 every day"),
        ("0 */12 * * *", "at 00:00 and 12:00 every day"),
        (
            "0 1-23/2 * * *",
            "at minute 0 of every 2nd hour (1 to 23) every day",
        ),
        (
            "*/10 */2 * * *",
            "every 10 minutes in every 2nd hour (0 to 22) every day",
        ),
        (
            "*/10 */5 * * *",
            "every 10 minutes in hours 0, 5, 10, 15 and 20 every day",
        ),
        (
            "30 0 */4 * * *",
            "at 00:00:30, 04:00:30, 08:00:30, 12:00:30, 16:00:30 and 20:00:30 every day",
        ),
        ("*/45 * * * * *", "at seconds 0 and 45 of every minute"),
        (
            "*/7 * * * * *",
            "at every 7th second (0 to 56) of every minute",
        ),
        (
            "*/5 */5 * * * *",
            "every 5 seconds in every 5th minute (0 to 55) of every hour",
        ),
        (
            "30 */5 * * * *",
            "at second 30 of every 5th minute (0 to 55) of every hour",
        ),
    ] {
        check(expr, words);
    }
}

#[test]
fn steps_of_dates_are_no_intervals() {
    for (expr, words) in [
        (
            "0 0 */2 * *",
            "at 00:00 on every 2nd day (1 to 31) of the month",
        ),
        (
            "0 0 */10 * *",
            "at 00:00 on days 1, 11, 21 and 31 of the month",
        ),
        (
            "0 0 2-30/4 * *",
            "at 00:00 on every 4th day (2 to 30) of the month",
        ),
        (
            "0 0 1 */5 *",
            "at 00:00 on day 1 of the month in January, June and November",
        ),
        (
            "0 0 * */5 *",
            "at 00:00 every day in January, June and November",
        ),
        ("0 0 * * */3", "at 00:00 on Wednesday, Saturday and Sunday"),
        ("0 0 * * 1-5/2", "at 00:00 on Monday, Wednesday and Friday"),
    ] {
        check(expr, words);
    }
    check(
        r#"cron(week="*/2", day_of_week="mon")"#,
        "at 00:00 on Monday in every 2nd ISO week (1 to 53)",
    );
    check(
        r#"cron(day_of_week="*/2", hour=9)"#,
        "at 09:00 on Monday, Wednesday, Friday and Sunday",
    );
}

/// In crontab(5) a date may match either day or weekday if both are restricted.
#[test]
fn a_day_or_any_weekday_is_every_day() {
    check("0 0 1 * 0-6", "at 00:00 every day");
    check("0 0 1-31 * mon", "at 00:00 every day");
    check("0 0 1-31 3 mon", "at 00:00 every day in March");
    check("0 0 * * mon", "at 00:00 on Monday");
}

#[test]
fn calendar_intervals_tell_which_dates_they_leave_out() {
    for (start, months, words) in [
        ("2026-01-31", 1, ", only in months that have a day 31"),
        ("2026-01-30", 1, ", only in months that have a day 30"),
        ("2026-01-28", 1, ""),
        ("2026-01-31", 12, ""),
        ("2024-02-29", 12, ", only in months that have a day 29"),
        ("2026-03-31", 2, ", only in months that have a day 31"),
        ("2026-01-31", 6, ""),
    ] {
        let every = match months {
            1 => "every month".to_owned(),
            _ => format!("every {months} months"),
        };
        check(
            &format!(r#"calendar_interval(months={months}, start_date="{start}")"#),
            &format!("{every} at 00:00{words}, from {start}"),
        );
    }
    check(
        r#"calendar_interval(months=1, days=1, start_date="2026-01-31")"#,
        "every 1 month and 1 day at 00:00, only on dates that exist, from 2026-01-31",
    );
}

/// A calendar interval mentions omitted dates if and only if the engine omits any.
#[test]
fn the_engine_leaves_out_what_the_words_say() {
    for (start, months) in (1..=12)
        .flat_map(|month| {
            (27..=31).filter_map(move |day| NaiveDate::from_ymd_opt(2024, month, day))
        })
        .flat_map(|start| (1..=25).map(move |months| (start, months)))
    {
        let text = format!(r#"calendar_interval(months={months}, start_date="{start}")"#);
        let trigger: Trigger = text.parse().unwrap();
        let fires: Vec<_> = trigger
            .upcoming(start.and_time(chrono::NaiveTime::MIN).and_utc())
            .take(60)
            .collect();
        let month = |at: &DateTime<Utc>| at.year() * 12 + at.month0() as i32;
        let left_out = fires
            .windows(2)
            .any(|pair| month(&pair[1]) - month(&pair[0]) != months);
        let words = trigger.describe();
        assert_eq!(
            words.contains("only in months"),
            left_out,
            "{text}: {words}"
        );
    }
}

#[test]
fn bounds_are_told_of_what_they_bound() {
    check(
        r#"or(cron(hour=9), cron(hour=10, end="2026-05-01"), start="2026-01-01")"#,
        "(at 09:00 every day or at 10:00 every day, until 2026-05-01 00:00:00), from 2026-01-01 00:00:00",
    );
    check(
        r#"interval(hours=1, start="2026-01-01T10:00:00Z", end="2026-01-02")"#,
        "every hour, from 2026-01-01 10:00:00Z, until 2026-01-02 00:00:00",
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
        "every month at 09:00, only in months that have a day 31, from 2026-01-31",
    );
    check(
        r#"or(cron(day="last"), cron(day=1))"#,
        "at 00:00 on the last day of the month or at 00:00 on day 1 of the month",
    );
    check(r#"custom(name="tides")"#, "custom trigger `tides`");
}
