//! `tests/triggers/test_interval.py` of 3.11.

use chrono::TimeDelta;
use punctual_core::{JobId, Policies};

use crate::case::{Case, different, same};
use crate::times::{berlin, fires, fires_in, in_zone, reads_back, refused, trigger, utc};

const EACH_SECOND: &str = r#"interval(seconds=1, start="2009-08-04 00:00:02")"#;

const JITTER: &str =
    "jitter is a policy of the job: it delays a run and never the schedule, so it cannot add up";

pub(crate) const CASES: &[Case] = &[
    same("test_invalid_interval", || {
        let error = refused(r#"interval(weeks="1-6")"#);
        assert!(error.starts_with("weeks: "), "{error}");
    }),
    different(
        "test_start_end_times_string",
        "an interval without a length is refused; upstream makes it one second",
        || {
            refused(r#"interval(start="2016-11-05 05:06:53", end="2017-11-05 05:11:32")"#);
            let text =
                r#"interval(seconds=1, start="2016-11-05 05:06:53", end="2017-11-05 05:11:32")"#;
            fires(text, "2000-01-01", "2016-11-05 05:06:53");
            let last = trigger(text).last_at_or_before(utc("2100-01-01"));
            assert_eq!(last, Some(berlin("2017-11-05 05:11:32")));
        },
    ),
    same("test_before", || {
        fires(EACH_SECOND, "2009-08-04 00:00:00", "2009-08-04 00:00:02");
    }),
    same("test_within", || {
        fires(
            EACH_SECOND,
            "2009-08-04 00:00:02.001000",
            "2009-08-04 00:00:03",
        );
    }),
    same("test_no_start_date", || {
        let now = utc("2026-03-01");
        let next = trigger("interval(seconds=2)").next(None, now).unwrap();
        assert!(next > now && next - now <= TimeDelta::seconds(2));
    }),
    same("test_different_tz", || {
        let now = "2009-08-03 22:00:02.001000-01:00";
        let later = r#"interval(seconds=1, start="2009-08-04 01:00:02")"#;
        fires(later, now, "2009-08-04 01:00:03");
    }),
    same("test_end_date", || {
        let text = r#"interval(minutes=5, start="2014-05-26", end="2014-05-26 00:07:00")"#;
        fires(text, "2014-05-26 00:02:00", "2014-05-26 00:05:00");
        fires(text, "2014-05-26 00:06:00", "none");
    }),
    same("test_dst_change", || {
        let text = r#"interval(hours=1, start="2013-03-01")"#;
        fires_in(
            "US/Eastern",
            text,
            "2013-03-10 01:05:00",
            "2013-03-10 03:00:00",
        );
        let repeated = "2013-11-03 01:05:00-04:00";
        fires_in("US/Eastern", text, repeated, "2013-11-03 01:00:00-05:00");
    }),
    same("test_space_in_expr", || {
        fires(r#"cron(day="1-2, 4-7")"#, "2026-03-03", "2026-03-04");
    }),
    different(
        "test_repr",
        "texts read back: `interval(seconds=1, …)`",
        || {
            reads_back(EACH_SECOND);
            let written = trigger(EACH_SECOND).to_string();
            assert!(written.starts_with("interval(seconds=1, "), "{written}");
        },
    ),
    different(
        "test_str",
        "what people read is in words: `describe`",
        || {
            let words = trigger("interval(seconds=1)").describe();
            assert!(words.starts_with("every second"), "{words}");
        },
    ),
    different("test_pickle", "JSON instead of pickles", || {
        reads_back(r#"interval(weeks=2, days=6, minutes=13, seconds=2, start="2016-04-03")"#);
    }),
    different(
        "test_jitter_produces_different_valid_results",
        JITTER,
        || {
            let trigger = trigger(r#"interval(seconds=5, start="2026-03-01")"#);
            let jitter = Policies::new().jitter("3s").build().unwrap();
            let job = JobId::new("poll").unwrap();
            let mut delays = std::collections::BTreeSet::new();
            for (index, fire_time) in trigger.upcoming(berlin("2026-03-01")).take(100).enumerate() {
                let nominal =
                    berlin("2026-03-01") + TimeDelta::seconds(5) * i32::try_from(index).unwrap();
                assert_eq!(fire_time, nominal, "the schedule stands still");
                let start = jitter.start_of(&job, fire_time, trigger.after(fire_time));
                delays.insert(start - fire_time);
            }
            assert!(delays.len() > 1 && *delays.last().unwrap() <= TimeDelta::seconds(3));
        },
    ),
    different("test_jitter_dst_change[interval_spring]", JITTER, || {
        let text = r#"interval(hours=1, start="2013-03-10 01:35:00")"#;
        let expected = "2013-03-10 03:35:00";
        fires_in("US/Eastern", text, "2013-03-10 01:35:01", expected);
    }),
    different("test_jitter_dst_change[interval_autumn]", JITTER, || {
        let text = r#"interval(hours=1, start="2013-11-03 01:35:00-04:00")"#;
        let expected = "2013-11-03 01:35:00-05:00";
        fires_in("US/Eastern", text, "2013-11-03 01:35:01-04:00", expected);
    }),
    different(
        "test_jitter_with_end_date",
        "`end` bounds the nominal fire times: jitter cannot end a schedule early",
        || {
            let text =
                r#"interval(seconds=5, start="2017-11-12 06:55:55", end="2017-11-12 06:56:00")"#;
            let trigger = in_zone("Europe/Berlin", text);
            let last = trigger.next(None, berlin("2017-11-12 06:55:58"));
            assert_eq!(last, Some(berlin("2017-11-12 06:56:00")));
            assert_eq!(trigger.after(berlin("2017-11-12 06:56:00")), None);
        },
    ),
];
