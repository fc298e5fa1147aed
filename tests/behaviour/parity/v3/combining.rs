//! `tests/triggers/test_combining.py` of 3.11.

use chrono::TimeDelta;
use punctual_core::{JobId, Policies};

use crate::case::{Case, different, same};
use crate::times::{berlin, fires, reads_back, trigger};

const AND: &str = r#"and(cron(month="5-8", day="6-15", end="2017-08-10"), cron(month="6-9", day="*/3", end="2017-09-07"))"#;
const OR: &str = r#"or(cron(month="5-8", day="6-15", end="2017-08-10"), cron(month="6-9", day="*/3", end="2017-09-07"))"#;

const JITTER: &str = "jitter is a policy of the job, also of combined triggers";

pub(crate) const CASES: &[Case] = &[
    same("TestAndTrigger::test_next_fire_time[firstmatch]", || {
        fires(AND, "2017-08-06", "2017-08-07");
    }),
    same("TestAndTrigger::test_next_fire_time[end]", || {
        fires(AND, "2017-08-10 01:00:00", "none");
    }),
    different("TestAndTrigger::test_jitter", JITTER, || {
        starts_within_five_seconds(AND, "2017-08-06", "2017-08-07");
    }),
    different("TestAndTrigger::test_repr", "texts read back", || {
        reads_back(AND);
    }),
    different(
        "TestAndTrigger::test_str",
        "what people read is in words: `describe`",
        || {
            let words = trigger(AND).describe();
            assert!(words.contains(" and at the same time "), "{words}");
        },
    ),
    different(
        "TestAndTrigger::test_pickle",
        "JSON instead of pickles",
        || reads_back(AND),
    ),
    same("TestOrTrigger::test_next_fire_time[earliest]", || {
        fires(OR, "2017-08-06", "2017-08-06");
    }),
    same("TestOrTrigger::test_next_fire_time[end]", || {
        fires(OR, "2017-09-07 01:00:00", "none");
    }),
    different("TestOrTrigger::test_jitter", JITTER, || {
        starts_within_five_seconds(OR, "2017-08-06", "2017-08-06");
    }),
    different("TestOrTrigger::test_repr", "texts read back", || {
        reads_back(OR);
    }),
    different(
        "TestOrTrigger::test_str",
        "what people read is in words: `describe`",
        || {
            let words = trigger(OR).describe();
            assert!(words.contains(" or "), "{words}");
        },
    ),
    different(
        "TestOrTrigger::test_pickle",
        "JSON instead of pickles",
        || reads_back(OR),
    ),
];

fn starts_within_five_seconds(text: &str, now: &str, expected: &str) {
    let trigger = trigger(text);
    let fire_time = trigger.next(None, berlin(now)).unwrap();
    assert_eq!(fire_time, berlin(expected));
    let job = JobId::new("a").unwrap();
    let jitter = Policies::new().jitter("5s").build().unwrap();
    let start = jitter.start_of(&job, fire_time, trigger.after(fire_time));
    assert!(start - fire_time <= TimeDelta::seconds(5));
}
