//! `tests/triggers/test_calendarinterval.py` of 4.0.

use crate::case::{Case, different, same};
use crate::times::{fires, fires_in, reads_back, refused, sequence};

pub(crate) const CASES: &[Case] = &[
    same("test_bad_interval", || {
        refused("calendar_interval()");
    }),
    same("test_bad_start_end_dates", || {
        let error =
            refused(r#"calendar_interval(days=1, start_date="2016-03-04", end_date="2016-03-03")"#);
        assert!(error.contains("swap them"), "{error}");
    }),
    same("test_end_date", || {
        let text = r#"calendar_interval(days=1, start_date="2020-12-31", end_date="2020-12-31")"#;
        sequence(text, "2020-12-31", &["2020-12-31", "none"]);
    }),
    different(
        "test_missing_time",
        "a day without the local time fires right after the gap; `gap=\"skip\"` leaves the day out",
        || {
            let text = r#"calendar_interval(days=1, hour=2, minute=30, start_date="2016-03-27""#;
            let both = ["2016-03-27 03:00:00", "2016-03-28 02:30:00"];
            sequence(&format!("{text})"), "2016-03-27", &both);
            sequence(
                &format!(r#"{text}, gap="skip")"#),
                "2016-03-27",
                &["2016-03-28 02:30:00"],
            );
        },
    ),
    same("test_repeated_time", || {
        let text = r#"calendar_interval(days=2, hour=2, minute=30, start_date="2016-10-30")"#;
        fires(text, "2016-10-30", "2016-10-30 02:30:00+02:00");
    }),
    same("test_nonexistent_days", || {
        let text = r#"calendar_interval(months=1, start_date="2016-03-31")"#;
        sequence(text, "2016-03-31", &["2016-03-31", "2016-05-31"]);
    }),
    different("test_repr", "texts read back", || {
        reads_back(
            r#"calendar_interval(years=1, months=5, weeks=6, days=8, hour=3, second=8,
               start_date="2016-03-05", end_date="2020-12-25")"#,
        );
    }),
    same("test_utc_timezone", || {
        let text = r#"calendar_interval(days=1, hour=1, start_date="2016-03-31")"#;
        fires_in("UTC", text, "2016-03-31", "2016-03-31 01:00:00");
    }),
];
