//! `tests/triggers/test_combining.py` of 4.0.

use crate::case::{Case, different, same};
use crate::times::{reads_back, refused, sequence, sequence_in};

const INTERVALS: &str = r#"or(interval(seconds=4, start="2020-05-16 14:17:30.254212", end="2020-05-16 14:17:46.254212"),
    interval(seconds=6, start="2020-05-16 14:17:30.254212", end="2020-05-16 14:17:48.254212"))"#;

const NO_THRESHOLD: &str =
    "`and` is the exact intersection: times that are merely near each other do not meet";

const AT_BUILD: &str = "triggers that never meet are refused when they are built, instead of failing when they are asked";

pub(crate) const CASES: &[Case] = &[
    different(
        "TestAndTrigger::test_two_datetriggers[1]",
        NO_THRESHOLD,
        || {
            let near = r#"and(date(run_at="2020-05-16 14:17:30.254212"), date(run_at="2020-05-16 14:17:31.254212"))"#;
            let error = refused(near);
            assert!(error.contains("never"), "{error}");
            let equal = r#"and(date(run_at="2020-05-16 14:17:30.254212"), date(run_at="2020-05-16 14:17:30.254212"))"#;
            sequence(equal, "2020-05-16", &["2020-05-16 14:17:30.254212", "none"]);
        },
    ),
    different("TestAndTrigger::test_two_datetriggers[0]", AT_BUILD, || {
        refused(r#"and(date(run_at="2020-05-16 14:17:30"), date(run_at="2020-05-16 14:17:31"))"#);
    }),
    different("TestAndTrigger::test_max_iterations", AT_BUILD, || {
        let error = refused(
            r#"and(interval(seconds=4, start="2020-05-16 14:17:30.254212"),
                interval(seconds=4, start="2020-05-16 14:17:32.254212"))"#,
        );
        assert!(!error.is_empty());
    }),
    different("TestAndTrigger::test_repr", "texts read back", || {
        reads_back(
            r#"and(interval(seconds=4, start="2020-05-16 14:17:30.254212"),
                interval(seconds=6, start="2020-05-16 14:17:32.254212"))"#,
        );
    }),
    same(
        "TestAndTrigger::test_overlapping_triggers[interval-interval]",
        || {
            let text = r#"and(interval(hours=6, start="2024-05-01"), interval(hours=12, start="2024-05-01"))"#;
            let expected = ["2024-05-01", "2024-05-01 12:00:00", "2024-05-02"];
            sequence_in("UTC", text, "2024-05-01", &expected);
        },
    ),
    same(
        "TestAndTrigger::test_overlapping_triggers[days-weeks]",
        || {
            let text = r#"and(interval(days=1, start="2024-05-01"), interval(weeks=1, start="2024-05-01"))"#;
            sequence_in(
                "UTC",
                text,
                "2024-05-01",
                &["2024-05-01", "2024-05-08", "2024-05-15"],
            );
        },
    ),
    same(
        "TestAndTrigger::test_overlapping_triggers[cron-interval]",
        || {
            let text = r#"and(cron(day_of_week="mon-fri", hour="*", start="2024-05-03"), interval(hours=12, start="2024-05-03"))"#;
            let expected = ["2024-05-03", "2024-05-03 12:00:00", "2024-05-06"];
            sequence_in("UTC", text, "2024-05-03", &expected);
        },
    ),
    same(
        "TestAndTrigger::test_overlapping_triggers[cron-days]",
        || {
            let text = r#"and(cron(day_of_week="mon-fri", start="2024-05-13"), interval(days=4, start="2024-05-13"))"#;
            let expected = ["2024-05-13", "2024-05-17", "2024-05-21", "2024-05-29"];
            sequence_in("UTC", text, "2024-05-13", &expected);
        },
    ),
    same(
        "TestAndTrigger::test_overlapping_triggers[calendar-cron]",
        || {
            let text = r#"and(calendar_interval(months=1, start_date="2024-01-01"), cron(day_of_week="mon-fri", start="2024-01-01"))"#;
            let expected = [
                "2024-01-01",
                "2024-02-01",
                "2024-03-01",
                "2024-04-01",
                "2024-05-01",
                "2024-07-01",
                "2024-08-01",
                "2024-10-01",
                "2024-11-01",
            ];
            sequence_in("UTC", text, "2024-01-01", &expected);
        },
    ),
    same("TestOrTrigger::test_two_datetriggers", || {
        let text = r#"or(date(run_at="2020-05-16 14:17:30.254212"), date(run_at="2020-05-18 15:01:53.940564"))"#;
        let expected = [
            "2020-05-16 14:17:30.254212",
            "2020-05-18 15:01:53.940564",
            "none",
        ];
        sequence(text, "2020-05-16", &expected);
    }),
    same("TestOrTrigger::test_two_interval_triggers", || {
        let expected = [
            "2020-05-16 14:17:30.254212",
            "2020-05-16 14:17:34.254212",
            "2020-05-16 14:17:36.254212",
            "2020-05-16 14:17:38.254212",
            "2020-05-16 14:17:42.254212",
            "2020-05-16 14:17:46.254212",
            "2020-05-16 14:17:48.254212",
            "none",
        ];
        sequence(INTERVALS, "2020-05-16 14:17:30", &expected);
    }),
    different("TestOrTrigger::test_repr", "texts read back", || {
        reads_back(INTERVALS);
    }),
];
