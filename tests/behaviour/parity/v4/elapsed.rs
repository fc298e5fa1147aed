//! `tests/triggers/test_interval.py` and `test_date.py` of 4.0.

use crate::case::{Case, different, same};
use crate::times::{reads_back, refused, sequence};

pub(crate) const INTERVAL: &[Case] = &[
    same("test_bad_interval", || {
        let error = refused("interval()");
        assert!(!error.is_empty());
        refused("interval(seconds=0)");
        refused("interval(seconds=-1)");
    }),
    same("test_bad_end_time", || {
        let error = refused(r#"interval(seconds=1, start="2020-05-16", end="2020-05-15")"#);
        assert!(error.contains("swap them"), "{error}");
    }),
    same("test_end_time", || {
        let text = r#"interval(hours=1, seconds=6, start="2020-05-16 19:32:44.649521", end="2020-05-16 22:33:01")"#;
        let expected = [
            "2020-05-16 19:32:44.649521",
            "2020-05-16 20:32:50.649521",
            "2020-05-16 21:32:56.649521",
            "none",
        ];
        sequence(text, "2020-05-16 19:32:44", &expected);
    }),
    different(
        "test_repr",
        "texts read back; fractions of a second are written in `seconds`",
        || {
            reads_back(
                r#"interval(weeks=1, days=2, hours=3, minutes=4, seconds=5.123525,
               start="2020-05-15 12:55:32.954032", end="2020-06-04 16:18:49.306942")"#,
            );
        },
    ),
];

pub(crate) const DATE: &[Case] = &[same("test_run_time", || {
    let text = r#"date(run_at="2020-05-14 11:56:12")"#;
    sequence(text, "2020-05-14", &["2020-05-14 11:56:12", "none"]);
    reads_back(text);
})];
