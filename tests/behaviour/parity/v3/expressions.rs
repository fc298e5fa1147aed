//! `tests/test_expressions.py` of 3.11: the next value of one field.

use crate::case::{Case, different, same};
use crate::times::{fires, reads_back, refused};

const TEXT: &str =
    "there are no classes for parts of a field; the whole trigger has a text, which reads back";

pub(crate) const CASES: &[Case] = &[
    same("test_all_expression", || {
        for day in ["2009-07-01", "2009-07-10", "2009-07-30"] {
            fires(r#"cron(day="*")"#, day, day);
        }
    }),
    same("test_all_expression_step", || {
        let every_third = r#"cron(hour="*/3")"#;
        fires(every_third, "2009-07-01 00:00:00", "2009-07-01 00:00:00");
        fires(every_third, "2009-07-01 02:00:00", "2009-07-01 03:00:00");
        fires(every_third, "2009-07-01 07:00:00", "2009-07-01 09:00:00");
    }),
    same("test_all_expression_invalid", || {
        let error = refused(r#"cron(hour="*/0")"#);
        assert!(error.starts_with("hour: "), "{error}");
    }),
    different("test_all_expression_repr", TEXT, || {
        reads_back(r#"cron(hour="*")"#);
    }),
    different("test_all_expression_step_repr", TEXT, || {
        reads_back(r#"cron(hour="*/2")"#);
    }),
    same("test_range_expression", || {
        let days = r#"cron(year=2009, month=7, day="2-9")"#;
        fires(days, "2009-07-01", "2009-07-02");
        fires(days, "2009-07-10", "none");
        fires(days, "2009-07-05", "2009-07-05");
    }),
    same("test_range_expression_step", || {
        let days = r#"cron(year=2009, month=7, day="2-9/3")"#;
        fires(days, "2009-07-01", "2009-07-02");
        fires(days, "2009-07-03", "2009-07-05");
        fires(days, "2009-07-09", "none");
    }),
    same("test_range_expression_single", || {
        let day = "cron(year=2009, month=7, day=9)";
        fires(day, "2009-07-01", "2009-07-09");
        fires(day, "2009-07-09", "2009-07-09");
        fires(day, "2009-07-10", "none");
    }),
    same("test_range_expression_invalid", || {
        let error = refused(r#"cron(day="5-3")"#);
        assert!(error.starts_with("day: `5-3` "), "{error}");
    }),
    different("test_range_expression_repr", TEXT, || {
        reads_back(r#"cron(hour="3-7")"#);
    }),
    different("test_range_expression_single_repr", TEXT, || {
        reads_back("cron(hour=4)");
    }),
    different("test_range_expression_step_repr", TEXT, || {
        reads_back(r#"cron(hour="3-7/2")"#);
    }),
    same("test_weekday_single", || {
        fires(r#"cron(day_of_week="WED")"#, "2008-02-04", "2008-02-06");
    }),
    same("test_weekday_range", || {
        fires(r#"cron(day_of_week="TUE-SAT")"#, "2008-02-07", "2008-02-07");
    }),
    same("test_weekday_pos_1", || {
        fires(r#"cron(day="1st Fri")"#, "2008-02-01", "2008-02-01");
    }),
    same("test_weekday_pos_2", || {
        fires(r#"cron(day="2nd wed")"#, "2008-02-01", "2008-02-13");
    }),
    same("test_weekday_pos_3", || {
        fires(r#"cron(day="last fri")"#, "2008-02-01", "2008-02-29");
    }),
    same("test_day_of_week_invalid_pos", || {
        let error = refused(r#"cron(day="6th fri")"#);
        assert!(error.contains("6th"), "{error}");
    }),
    same("test_day_of_week_invalid_name", || {
        let error = refused(r#"cron(day="1st moh")"#);
        assert!(error.contains("moh"), "{error}");
    }),
    different("test_weekday_position_expression_repr", TEXT, || {
        reads_back(r#"cron(day="2nd FRI")"#);
    }),
    same("test_day_of_week_invalid_first", || {
        let error = refused(r#"cron(day_of_week="moh-fri")"#);
        assert!(error.contains("moh"), "{error}");
    }),
    same("test_day_of_week_invalid_last", || {
        let error = refused(r#"cron(day_of_week="mon-fre")"#);
        assert!(error.contains("fre"), "{error}");
    }),
    different("test_weekday_range_expression_repr", TEXT, || {
        reads_back(r#"cron(day_of_week="tue-SUN")"#);
    }),
    different("test_weekday_range_expression_single_repr", TEXT, || {
        reads_back(r#"cron(day_of_week="thu")"#);
    }),
    same("test_last_day_of_month_expression", || {
        fires(r#"cron(day="last")"#, "2012-02-01", "2012-02-29");
    }),
    different("test_last_day_of_month_expression_invalid", TEXT, || {
        reads_back(r#"cron(day="last")"#);
    }),
];
