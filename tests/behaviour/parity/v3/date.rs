//! `tests/triggers/test_date.py` of 3.11.

use punctual_core::Date;

use crate::case::{Case, different, same};
use crate::times::{berlin, fires, fires_after, fires_in, reads_back, refused, trigger};

const JULY: &str = r#"date(run_at="2009-07-06")"#;

pub(crate) const CASES: &[Case] = &[
    same("test_get_next_fire_time[earlier]", || {
        fires(JULY, "2008-05-04", "2009-07-06");
    }),
    same("test_get_next_fire_time[exact]", || {
        fires(JULY, "2009-07-06", "2009-07-06");
    }),
    same("test_get_next_fire_time[later]", || {
        fires(JULY, "2009-09-02", "2009-07-06");
    }),
    different(
        "test_get_next_fire_time[as text]",
        "texts of times have two digits for month and day, so that a swapped one cannot pass for a date",
        || {
            let error = refused(r#"date(run_at="2009-7-6")"#);
            assert!(error.starts_with("run_at: `2009-7-6` "), "{error}");
            fires(JULY, "2009-09-02", "2009-07-06");
        },
    ),
    same("test_get_next_fire_time[previously fired]", || {
        fires_after(JULY, "2009-07-06", "2009-09-02", "none");
    }),
    same("test_get_next_fire_time[alternate timezone]", || {
        let text = r#"date(run_at="2009-07-05 22:00:00-01:00")"#;
        fires_after(text, "2009-07-06", "2009-07-06", "none");
    }),
    different(
        "test_get_next_fire_time[current_time]",
        "there is no date without a time; `Date::at(scheduler.now())` says that now is meant",
        || {
            let error = refused("date()");
            assert!(error.starts_with("run_at: "), "{error}");
            let now = berlin("2011-04-03 18:40:00");
            let trigger = Date::at(now).build().unwrap();
            assert_eq!(trigger.next(None, now), Some(now));
        },
    ),
    same("test_dst_change[daylight saving]", || {
        let text = r#"date(run_at="2013-10-03 02:00:00-04:00")"#;
        fires_in(
            "US/Eastern",
            text,
            "2013-10-03 02:00:00",
            "2013-10-03 02:00:00-04:00",
        );
    }),
    same("test_dst_change[standard time]", || {
        let text = r#"date(run_at="2013-11-03 01:05:00-05:00")"#;
        fires_in(
            "US/Eastern",
            text,
            "2013-11-03",
            "2013-11-03 01:05:00-05:00",
        );
    }),
    different("test_repr", "texts read back", || reads_back(JULY)),
    different(
        "test_str",
        "what people read is in words: `describe`",
        || {
            let words = trigger(JULY).describe();
            assert_eq!(words, "once at 2009-07-06 00:00:00, Europe/Berlin");
        },
    ),
    different("test_pickle", "JSON instead of pickles", || {
        reads_back(r#"date(run_at="2016-04-03")"#);
    }),
];
