//! `tests/triggers/test_cron.py` of 3.11: daylight saving and jitter.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{JobId, Policies, Trigger};

use crate::case::{Case, different, same};
use crate::times::{BERLIN, at, fires_in, fires_thrice, in_zone};

const EASTERN: &str = "US/Eastern";

const JITTER: &str = "jitter is a policy of the job: a fixed delay per fire time, and the ledger keeps the nominal time";

pub(crate) const CASES: &[Case] = &[
    same("test_dst_change[absolute_spring]", || {
        fires_thrice(
            EASTERN,
            "cron(hour=8)",
            "2013-03-09 12:00:00",
            "2013-03-10 08:00:00",
        );
    }),
    same("test_dst_change[absolute_autumn]", || {
        fires_thrice(
            EASTERN,
            "cron(hour=8)",
            "2013-11-02 12:00:00",
            "2013-11-03 08:00:00",
        );
    }),
    same(
        "test_dst_change[absolute_autumn_from_before_into_repeated_interval]",
        || {
            let text = "cron(hour=1, minute=30)";
            fires_thrice(
                EASTERN,
                text,
                "2013-11-03 00:30:00",
                "2013-11-03 01:30:00-04:00",
            );
        },
    ),
    different(
        "test_dst_change[absolute_autumn_from_repeated_into_repeated_interval]",
        "a fixed time never runs twice in a repeated hour unless both are asked for",
        || {
            let start = "2013-11-03 01:30:05-04:00";
            let both = r#"cron(hour=1, minute=30, fold="both")"#;
            fires_thrice(EASTERN, both, start, "2013-11-03 01:30:00-05:00");
            fires_in(
                EASTERN,
                "cron(hour=1, minute=30)",
                start,
                "2013-11-04 01:30:00",
            );
        },
    ),
    same(
        "test_dst_change[absolute_autumn_from_repeated_interval_to_after]",
        || {
            let text = "cron(hour=1, minute=30)";
            fires_thrice(
                EASTERN,
                text,
                "2013-11-03 01:30:05-05:00",
                "2013-11-04 01:30:00",
            );
        },
    ),
    same("test_dst_change[interval_spring]", || {
        let text = r#"cron(minute="*/30")"#;
        fires_thrice(EASTERN, text, "2013-03-10 01:35:00", "2013-03-10 03:00:00");
    }),
    same("test_dst_change[interval_autumn]", || {
        let text = r#"cron(minute="*/30")"#;
        fires_thrice(
            EASTERN,
            text,
            "2013-11-03 01:35:00-04:00",
            "2013-11-03 01:00:00-05:00",
        );
    }),
    same("test_dst_change_2", || {
        let start = "2017-10-29 03:30:00.000005+02:00";
        fires_thrice(
            "Europe/Helsinki",
            "cron(minute=30)",
            start,
            "2017-10-29 04:30:00",
        );
    }),
    different(
        "test_jitter_produces_differrent_valid_results",
        JITTER,
        || {
            let trigger = in_zone(BERLIN, r#"cron(minute="*")"#);
            let now = at(BERLIN, "2017-11-12 06:55:30");
            let delays: BTreeSet<_> = trigger
                .upcoming(now)
                .take(100)
                .map(|fire_time| delay(&trigger, fire_time))
                .collect();
            assert!(delays.len() > 1);
            assert!(delays.iter().all(|delay| *delay <= TimeDelta::seconds(5)));
        },
    ),
    different("test_jitter_with_timezone", JITTER, || {
        let text = r#"cron(hour=11, minute="*/5")"#;
        starts_soon_after(
            "Etc/GMT+5",
            text,
            "2009-09-26 10:16:00-06:00",
            "2009-09-26 11:20:00",
        );
    }),
    different("test_jitter_dst_change[absolute_spring]", JITTER, || {
        let start = "2013-03-09 12:00:00";
        starts_soon_after(EASTERN, "cron(hour=8)", start, "2013-03-10 08:00:00");
    }),
    different("test_jitter_dst_change[absolute_autumn]", JITTER, || {
        let start = "2013-11-02 12:00:00";
        starts_soon_after(EASTERN, "cron(hour=8)", start, "2013-11-03 08:00:00");
    }),
    different("test_jitter_dst_change[interval_spring]", JITTER, || {
        let start = "2013-03-10 01:35:00";
        starts_soon_after(
            EASTERN,
            r#"cron(minute="*/30")"#,
            start,
            "2013-03-10 03:00:00",
        );
    }),
    different("test_jitter_dst_change[interval_autumn]", JITTER, || {
        let start = "2013-11-03 01:35:00-04:00";
        starts_soon_after(
            EASTERN,
            r#"cron(minute="*/30")"#,
            start,
            "2013-11-03 01:00:00-05:00",
        );
    }),
    different(
        "test_jitter_with_end_date",
        "`end` bounds the nominal fire times; the delay of the last one may pass it, and it is never dropped",
        || {
            let end = "2017-11-12 06:56:00";
            let trigger = in_zone(BERLIN, r#"cron(minute="*", end="2017-11-12 06:56:00")"#);
            let last = trigger
                .next(None, at(BERLIN, "2017-11-12 06:55:30"))
                .unwrap();
            assert_eq!(last, at(BERLIN, end));
            assert!(delay(&trigger, last) <= TimeDelta::seconds(5));
        },
    ),
];

fn delay(trigger: &Trigger, fire_time: DateTime<Utc>) -> TimeDelta {
    let job = JobId::new("report").unwrap();
    let jitter = Policies::new().jitter("5s").build().unwrap();
    let start = jitter.start_of(&job, fire_time, trigger.after(fire_time));
    assert!(start >= fire_time, "it never starts early");
    start - fire_time
}

fn starts_soon_after(zone: &str, text: &str, now: &str, expected: &str) {
    let trigger = in_zone(zone, text);
    let fire_time = trigger.next(None, at(zone, now)).unwrap();
    assert_eq!(fire_time, at(zone, expected), "{text}: the nominal time");
    assert!(delay(&trigger, fire_time) <= TimeDelta::seconds(5));
}
