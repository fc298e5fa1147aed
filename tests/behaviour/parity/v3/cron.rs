//! `tests/triggers/test_cron.py` of 3.11: fields, weekdays, weeks, windows, previous fire times.

use crate::case::{Case, different, same};
use crate::times::{berlin, fires, fires_after, fires_in, reads_back, refused, trigger, utc};

pub(crate) const CASES: &[Case] = &[
    same("test_cron_trigger_1", || {
        fires(
            r#"cron(year="2009/2", month="1/3", day="5-13")"#,
            "2008-12-01",
            "2009-01-05",
        );
    }),
    same("test_cron_trigger_2", || {
        fires(
            r#"cron(year="2009/2", month="1/3", day="5-13")"#,
            "2009-10-14",
            "2011-01-05",
        );
    }),
    same("test_cron_trigger_3", || {
        let text = r#"cron(year="2009", month="feb-dec", hour="8-10")"#;
        fires(text, "2009-01-01", "2009-02-01 08:00:00");
    }),
    same("test_cron_trigger_4", || {
        fires(
            r#"cron(year="2012", month="2", day="last")"#,
            "2012-02-01",
            "2012-02-29",
        );
    }),
    same("test_start_end_times_string", || {
        let trigger = trigger(r#"cron(start="2016-11-05 05:06:53", end="2017-11-05 05:11:32")"#);
        let first = trigger.next(None, utc("2000-01-01"));
        assert_eq!(first, Some(berlin("2016-11-05 05:06:53")));
        let last = trigger.last_at_or_before(utc("2100-01-01"));
        assert_eq!(last, Some(berlin("2017-11-05 05:11:32")));
    }),
    same("test_cron_zero_value", || {
        let written = trigger(r#"cron(year=2009, month=2, hour=0)"#).to_string();
        assert!(written.contains(r#"hour="0""#), "{written}");
        fires(
            "cron(year=2009, month=2, hour=0)",
            "2009-01-01",
            "2009-02-01",
        );
    }),
    same("test_cron_year_list", || {
        fires(r#"cron(year="2009,2008")"#, "2009-01-01", "2009-01-01");
    }),
    same("test_cron_start_date", || {
        let text = r#"cron(year="2009", month="2", hour="8-10", start="2009-02-03 11:00:00")"#;
        fires(text, "2009-01-01", "2009-02-04 08:00:00");
    }),
    same("test_previous_fire_time_1", || {
        fires_after(r#"cron(day="*")"#, "2015-11-23", "2015-11-26", "2015-11-24");
    }),
    different(
        "test_previous_fire_time_2",
        "a clock that was set back brings no fire time a second time: what follows the previous one is asked for",
        || fires_after(r#"cron(day="*")"#, "2015-11-23", "2015-11-22", "2015-11-24"),
    ),
    same("test_previous_fire_time_3", || {
        fires_after(r#"cron(day="*")"#, "2016-04-25", "2016-04-25", "2016-04-26");
    }),
    same("test_cron_weekday_overlap", || {
        let text = r#"cron(year=2009, month=1, day="6-10", day_of_week="2-4")"#;
        fires(text, "2009-01-01", "2009-01-07");
    }),
    same("test_cron_weekday_nomatch", || {
        let text = r#"cron(year=2009, month=1, day="6-10", day_of_week="0,6")"#;
        fires(text, "2009-01-01", "none");
    }),
    same("test_cron_weekday_positional", || {
        fires(
            r#"cron(year=2009, month=1, day="4th wed")"#,
            "2009-01-01",
            "2009-01-28",
        );
    }),
    same("test_week_1", || {
        fires(
            "cron(year=2009, month=2, week=8)",
            "2009-01-01",
            "2009-02-16",
        );
    }),
    same("test_week_2", || {
        fires(
            "cron(year=2009, week=15, day_of_week=2)",
            "2009-01-01",
            "2009-04-08",
        );
    }),
    same("test_cron_extra_coverage", || {
        fires(r#"cron(day="6,8")"#, "2009-12-31", "2010-01-06");
    }),
    same("test_cron_faulty_expr", || {
        let error = refused(r#"cron(year="2009-fault")"#);
        assert!(error.starts_with("year: `2009-fault` "), "{error}");
    }),
    same("test_cron_increment_weekday", || {
        fires(
            r#"cron(hour="5-6")"#,
            "2009-09-25 07:00:00",
            "2009-09-26 05:00:00",
        );
    }),
    same("test_cron_bad_kwarg", || {
        let error = refused("cron(second=0, third=1)");
        assert!(error.contains("third"), "{error}");
    }),
    same("test_month_rollover", || {
        fires("cron(day=30)", "2016-02-01", "2016-03-30");
    }),
    different(
        "test_timezone_from_start_date",
        "an instant has no zone here: the trigger's own zone counts, else the scheduler's",
        || {
            let text = r#"cron(year=2014, hour=4, start="2014-04-13T05:30:00+02:00")"#;
            fires_in("Europe/Berlin", text, "2014-01-01", "2014-04-14 04:00:00");
            fires_in("UTC", text, "2014-01-01", "2014-04-13 04:00:00");
        },
    ),
    same("test_end_date", || {
        let text = r#"cron(year=2014, hour=4, end="2014-04-13 03:00:00")"#;
        fires(text, "2014-04-12 02:30:00", "2014-04-12 04:00:00");
        fires(text, "2014-04-13 02:30:00", "none");
    }),
    same("test_different_tz", || {
        let text = "cron(year=2009, week=15, day_of_week=2)";
        fires(text, "2008-12-31 22:00:00-10:00", "2009-04-08");
    }),
    same("test_timezone_change", || {
        let text = r#"cron(hour=11, minute="*/5")"#;
        fires_in(
            "Etc/GMT+5",
            text,
            "2009-09-26 10:16:00-06:00",
            "2009-09-26 11:20:00",
        );
    }),
    different(
        "test_pickle",
        "triggers are written as JSON, which other languages read and which runs no code",
        || {
            reads_back(
                r#"cron(year=2016, month="5-6", day="20-28", hour=7, minute=25, second="*")"#,
            );
        },
    ),
    same("test_invalid_ranges[too_large_step_all]", || {
        let error = refused(r#"cron(day="*/31")"#);
        assert!(
            error.starts_with("day: `*/31` has a step that is longer than its range, 1 to 31"),
            "{error}"
        );
    }),
    same("test_invalid_ranges[too_large_step_range]", || {
        let error = refused(r#"cron(day="4-6/3")"#);
        assert!(
            error.starts_with("day: `4-6/3` has a step that is longer than its range, 4 to 6"),
            "{error}"
        );
    }),
    same("test_invalid_ranges[too_high_last]", || {
        let error = refused(r#"cron(hour="0-24")"#);
        assert!(
            error.starts_with("hour: ") && error.contains("24") && error.contains("23"),
            "{error}"
        );
    }),
    same("test_invalid_ranges[too_low_first]", || {
        let error = refused(r#"cron(day="0-3")"#);
        assert!(
            error.starts_with("day: ") && error.contains('0') && error.contains('1'),
            "{error}"
        );
    }),
    same("test_from_crontab[always]", || {
        let text = r#"crontab(expr="* * * * *")"#;
        fires(text, "2026-03-01 10:00:01", "2026-03-01 10:01:00");
    }),
    different(
        "test_from_crontab[assorted]",
        "day and weekday both restricted mean either, as in every crontab; both are asked for by name",
        || {
            let expr = "0-14 * 14-28 jul fri";
            let either = format!(r#"crontab(expr="{expr}")"#);
            fires(&either, "2026-07-01", "2026-07-03");
            let both = format!(r#"crontab(expr="{expr}", day_and_weekday=true)"#);
            fires(&both, "2026-07-01", "2026-07-17");
        },
    ),
    same("test_from_crontab[multiple_spaces_in_format]", || {
        let spaced = r#"crontab(expr=" 0-14   * 14-28   jul       fri", day_and_weekday=true)"#;
        fires(spaced, "2026-07-01", "2026-07-17");
    }),
];
