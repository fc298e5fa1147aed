//! `tests/triggers/test_calendarinterval.py` of 3.11.

use crate::case::{Case, different, same};
use crate::times::{berlin, fires, fires_in, reads_back, refused, trigger};

const FIRST: &str = "the first fire time is the first at or after now, as upstream's documentation says and its code does not";

pub(crate) const CASES: &[Case] = &[
    same("test_bad_interval", || {
        let error = refused("calendar_interval(hour=1)");
        assert!(error.contains("days"), "{error}");
    }),
    same("test_bad_start_end_dates", || {
        let error =
            refused(r#"calendar_interval(days=1, start_date="2016-03-04", end_date="2016-03-03")"#);
        assert!(error.contains("swap them"), "{error}");
    }),
    same("test_end_date", || {
        let text = r#"calendar_interval(days=1, start_date="2020-12-31", end_date="2020-12-31")"#;
        fires(text, "2020-12-01", "2020-12-31");
        assert_eq!(trigger(text).after(berlin("2020-12-31")), None);
    }),
    different(
        "test_missing_time",
        "a day without the local time fires right after the gap instead of losing the day; `gap=\"skip\"` loses it",
        || {
            let text = r#"calendar_interval(days=1, hour=2, minute=30, start_date="2016-03-27""#;
            fires(&format!("{text})"), "2016-03-27", "2016-03-27 03:00:00");
            let skipping = format!(r#"{text}, gap="skip")"#);
            fires(&skipping, "2016-03-27", "2016-03-28 02:30:00");
        },
    ),
    same("test_repeated_time", || {
        let text = r#"calendar_interval(days=2, hour=2, minute=30, start_date="2016-10-30")"#;
        fires(text, "2016-10-30", "2016-10-30 02:30:00+02:00");
    }),
    same("test_nonexistent_days", || {
        let text = r#"calendar_interval(months=1, start_date="2016-03-31")"#;
        fires(text, "2016-03-01", "2016-03-31");
        let next = trigger(text).next(Some(berlin("2016-03-31")), berlin("2016-03-31"));
        assert_eq!(next, Some(berlin("2016-05-31")));
    }),
    different("test_repr", "texts read back", || {
        reads_back(
            r#"calendar_interval(years=1, months=5, weeks=6, days=8, hour=3, second=8,
               start_date="2016-03-05", end_date="2020-12-25")"#,
        );
    }),
    different("test_utc_timezone", FIRST, || {
        let text = r#"calendar_interval(days=1, hour=1, start_date="2016-03-31")"#;
        fires_in("UTC", text, "2016-03-01", "2016-03-31 01:00:00");
        fires_in("UTC", text, "2026-11-21 05:51:00", "2026-11-22 01:00:00");
    }),
];
