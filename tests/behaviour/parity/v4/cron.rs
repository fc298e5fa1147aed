//! `tests/triggers/test_cron.py` of 4.0: what it calls `next()` again and again is the trigger's sequence.

use crate::case::{Case, different, same};
use crate::times::{fires, refused, sequence, sequence_in, trigger, utc};

const MONDAY_IS_ZERO: &str = "weekday numbers of the cron trigger are those of 3.x (0 = Monday); a crontab has those of crontab, names are safe in both";

pub(crate) const CASES: &[Case] = &[
    same("test_invalid_expression", || {
        let error = refused(r#"cron(year="2009-fault")"#);
        assert!(error.starts_with("year: `2009-fault` "), "{error}");
    }),
    same("test_invalid_step", || {
        let error = refused(r#"cron(year="2009/0")"#);
        assert!(error.starts_with("year: "), "{error}");
    }),
    same("test_invalid_range", || {
        let error = refused(r#"cron(year="2009-2008")"#);
        assert!(error.starts_with("year: "), "{error}");
    }),
    same("test_invalid_month_name[start]", || {
        names("month", "fab", "fab");
    }),
    same("test_invalid_month_name[end]", || {
        names("month", "jan-fab", "fab");
    }),
    same("test_invalid_weekday_name[start]", || {
        names("day_of_week", "web", "web");
    }),
    same("test_invalid_weekday_name[end]", || {
        names("day_of_week", "mon-web", "web");
    }),
    same("test_invalid_weekday_position_name", || {
        names("day", "1st web", "web");
    }),
    same("test_invalid_ranges[too_large_step_all]", || {
        names("day", "*/31", "step that is longer than its range, 1 to 31");
    }),
    same("test_invalid_ranges[too_large_step_range]", || {
        names("day", "4-6/3", "step that is longer than its range, 4 to 6");
    }),
    same("test_invalid_ranges[too_high_last]", || {
        names("hour", "0-24", "23");
    }),
    same("test_invalid_ranges[too_low_first]", || {
        names("day", "0-3", "1");
    }),
    same("test_cron_trigger_1", || {
        let text = r#"cron(year="2009/2", month="1-4/3", day="5-6")"#;
        let days = [
            "2009-01-05",
            "2009-01-06",
            "2009-04-05",
            "2009-04-06",
            "2011-01-05",
        ];
        sequence(text, "2008-12-01", &days);
    }),
    same("test_cron_trigger_2", || {
        let text = r#"cron(year="2009/2", month="1-3", day="5")"#;
        let days = ["2011-01-05", "2011-02-05", "2011-03-05", "2013-01-05"];
        sequence(text, "2009-10-14", &days);
    }),
    same("test_cron_trigger_3", || {
        let text = r#"cron(year="2009", month="feb-dec", hour="8-9")"#;
        let hours = [
            "2009-02-01 08:00:00",
            "2009-02-01 09:00:00",
            "2009-02-02 08:00:00",
        ];
        sequence(text, "2009-01-01", &hours);
    }),
    same("test_cron_trigger_4", || {
        let text = r#"cron(year="2012", month="2", day="last")"#;
        sequence(text, "2012-02-01", &["2012-02-29", "none"]);
    }),
    different("test_weekday_overlap[numeric]", MONDAY_IS_ZERO, || {
        let wednesday_to_friday = r#"cron(year=2009, month=1, day="6-10", day_of_week="2-4")"#;
        sequence(wednesday_to_friday, "2009-01-01", &["2009-01-07"]);
        let thursday_to_saturday = r#"cron(year=2009, month=1, day="6-10", day_of_week="3-5")"#;
        sequence(thursday_to_saturday, "2009-01-01", &["2009-01-08"]);
        let crontab = r#"crontab(expr="0 0 6-10 1 3-5", day_and_weekday=true)"#;
        sequence(crontab, "2009-01-01", &["2009-01-07"]);
    }),
    same("test_weekday_overlap[text]", || {
        let text = r#"cron(year=2009, month=1, day="6-10", day_of_week="wed-fri")"#;
        sequence(text, "2009-01-01", &["2009-01-07"]);
    }),
    same("test_weekday_range", || {
        let text = r#"cron(year=2020, month=1, week=1, day_of_week="fri-sun")"#;
        sequence(
            text,
            "2020-01-01",
            &["2020-01-03", "2020-01-04", "2020-01-05", "none"],
        );
    }),
    same("test_last_weekday", || {
        let text = r#"cron(year=2020, day="last sun")"#;
        sequence(
            text,
            "2020-01-01",
            &["2020-01-26", "2020-02-23", "2020-03-29"],
        );
    }),
    same("test_increment_weekday", || {
        sequence(
            r#"cron(hour="5-6")"#,
            "2009-09-25 07:00:00",
            &["2009-09-26 05:00:00"],
        );
    }),
    same("test_month_rollover", || {
        sequence("cron(day=30)", "2016-02-01", &["2016-03-30", "2016-04-30"]);
    }),
    different("test_weekday_nomatch[numeric]", MONDAY_IS_ZERO, || {
        let monday_and_sunday = r#"cron(year=2009, month=1, day="6-10", day_of_week="0,6")"#;
        sequence(monday_and_sunday, "2009-01-01", &["none"]);
    }),
    same("test_weekday_nomatch[text]", || {
        let text = r#"cron(year=2009, month=1, day="6-10", day_of_week="mon,sun")"#;
        sequence(text, "2009-01-01", &["none"]);
    }),
    same("test_weekday_positional", || {
        sequence(
            r#"cron(year=2009, month=1, day="4th wed")"#,
            "2009-01-01",
            &["2009-01-28", "none"],
        );
    }),
    same("test_end_time", || {
        let text = r#"cron(hour=4, start="2014-04-13 02:00:00", end="2014-04-13 04:00:00")"#;
        sequence(
            text,
            "2014-04-13 02:00:00",
            &["2014-04-13 04:00:00", "none"],
        );
    }),
    same("test_week_1", || {
        let days = [
            "2009-02-16",
            "2009-02-17",
            "2009-02-18",
            "2009-02-19",
            "2009-02-20",
            "2009-02-21",
            "2009-02-22",
            "none",
        ];
        sequence("cron(year=2009, month=2, week=8)", "2009-01-01", &days);
    }),
    different("test_week_2[numeric]", MONDAY_IS_ZERO, || {
        sequence(
            "cron(year=2009, week=15, day_of_week=2)",
            "2009-01-01",
            &["2009-04-08", "none"],
        );
    }),
    same("test_week_2[text]", || {
        let text = r#"cron(year=2009, week=15, day_of_week="wed")"#;
        sequence(text, "2009-01-01", &["2009-04-08", "none"]);
    }),
    same("test_dst_change[absolute_spring]", || {
        sequence_in(
            "US/Eastern",
            "cron(hour=8)",
            "2013-03-09 12:00:00",
            &["2013-03-10 08:00:00"],
        );
    }),
    same("test_dst_change[absolute_autumn]", || {
        sequence_in(
            "US/Eastern",
            "cron(hour=8)",
            "2013-11-02 12:00:00",
            &["2013-11-03 08:00:00"],
        );
    }),
    same("test_dst_change[interval_spring]", || {
        let text = r#"cron(minute="*/30")"#;
        sequence_in(
            "US/Eastern",
            text,
            "2013-03-10 01:35:00",
            &["2013-03-10 03:00:00"],
        );
    }),
    same("test_dst_change[interval_autumn]", || {
        let text = r#"cron(minute="*/30")"#;
        let second_one = "2013-11-03 01:00:00-05:00";
        sequence_in(
            "US/Eastern",
            text,
            "2013-11-03 01:35:00-04:00",
            &[second_one],
        );
    }),
    same("test_dst_change2[dst_change_0]", || {
        let both = [
            "2024-10-27 02:00:00+02:00",
            "2024-10-27 02:00:00+01:00",
            "2024-10-27 03:00:00",
        ];
        sequence("cron(minute=0)", "2024-10-27 02:00:00+02:00", &both);
    }),
    same("test_dst_change2[dst_change_1]", || {
        let both = [
            "2024-10-27 02:01:00+02:00",
            "2024-10-27 02:01:00+01:00",
            "2024-10-27 03:01:00",
        ];
        sequence("cron(minute=1)", "2024-10-27 02:01:00+02:00", &both);
    }),
    same("test_zero_value", || {
        fires(
            "cron(year=2009, month=2, hour=0)",
            "2009-01-01",
            "2009-02-01",
        );
    }),
    same("test_year_list", || {
        sequence(
            r#"cron(year="2009,2008")"#,
            "2009-01-01",
            &["2009-01-01", "none"],
        );
    }),
    same("test_from_crontab[always]", || {
        fires(
            r#"crontab(expr="* * * * *")"#,
            "2020-05-19 19:53:22",
            "2020-05-19 19:54:00",
        );
    }),
    different(
        "test_from_crontab[assorted]",
        "day and weekday both restricted mean either, as in every crontab; both are asked for by name",
        || {
            let expr = "0-14 * 14-28 jul fri";
            let either = format!(r#"crontab(expr="{expr}")"#);
            fires(&either, "2020-05-19 19:53:22", "2020-07-03");
            let both = format!(r#"crontab(expr="{expr}", day_and_weekday=true)"#);
            fires(&both, "2020-05-19 19:53:22", "2020-07-17");
        },
    ),
    same("test_from_crontab[multiple_spaces_in_format]", || {
        let spaced = r#"crontab(expr=" 0-14   * 14-28   jul       fri", day_and_weekday=true)"#;
        fires(spaced, "2020-05-19 19:53:22", "2020-07-17");
    }),
    same("test_from_crontab[working_week]", || {
        let days = ["2026-11-20", "2026-11-23", "2026-11-24"];
        sequence(r#"crontab(expr="0 0 * * 1-5")"#, "2026-11-20", &days);
    }),
    same("test_from_crontab[sunday_first]", || {
        let days = [
            "2026-11-22",
            "2026-11-23",
            "2026-11-24",
            "2026-11-25",
            "2026-11-29",
        ];
        sequence(r#"crontab(expr="0 0 * * 0-3")"#, "2026-11-19", &days);
    }),
    different(
        "test_from_crontab[saturday_first]",
        "a range that runs backwards is refused with the list to write, because crontabs disagree on it",
        || {
            let error = refused(r#"crontab(expr="* * * * 6-1")"#);
            assert!(error.contains("6-1"), "{error}");
            let days = ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-28"];
            sequence(r#"crontab(expr="0 0 * * 6,0,1")"#, "2026-11-20", &days);
        },
    ),
    same("test_from_crontab[weekend]", || {
        let days = ["2026-11-21", "2026-11-22", "2026-11-28"];
        sequence(r#"crontab(expr="0 0 * * 6-7")"#, "2026-11-20", &days);
    }),
    same("test_from_crontab_wrong_number_of_fields", || {
        let error = refused(r#"crontab(expr="*")"#);
        assert!(error.contains('5'), "{error}");
    }),
    same("test_from_crontab_start_end_time", || {
        let text = r#"crontab(expr="* * * * *", start="2020-05-19T19:53:22Z", end="2020-05-24T19:53:22Z")"#;
        let trigger = trigger(text);
        assert_eq!(
            trigger.next(None, utc("2000-01-01")),
            Some(utc("2020-05-19 19:54:00"))
        );
        let last = trigger.last_at_or_before(utc("2100-01-01"));
        assert_eq!(last, Some(utc("2020-05-24 19:53:00")));
    }),
];

/// A refusal names the field and what is wrong in it.
fn names(field: &str, expression: &str, culprit: &str) {
    let error = refused(&format!(r#"cron({field}="{expression}")"#));
    assert!(
        error.starts_with(&format!("{field}: ")) && error.contains(culprit),
        "{error}"
    );
}
