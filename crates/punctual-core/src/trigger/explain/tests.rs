//! Tests that explanations agree with the triggers, and what they say.

use chrono::TimeDelta;

use super::*;
use crate::trigger::{And, CalendarInterval, Date, Interval, Or};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn cron(fields: &str, zone: &str) -> Trigger {
    let text = format!("cron({fields}, timezone=\"{zone}\")");
    text.parse().unwrap()
}

#[track_caller]
fn says(trigger: &Trigger, instant: &str, sentence: &str) {
    assert_eq!(trigger.explain(at(instant)).to_string(), sentence);
}

#[test]
fn a_field_that_says_no_is_named_with_its_value() {
    let trigger = cron("hour=\"9-17\", day_of_week=\"mon-fri\"", "Europe/Berlin");
    says(
        &trigger,
        "2026-03-02T07:00:00Z",
        "it does not fire at 2026-03-02 08:00:00 Europe/Berlin, because hour: 8 is not in 9-17",
    );
    says(
        &trigger,
        "2026-03-01T07:05:00Z",
        "it does not fire at 2026-03-01 08:05:00 Europe/Berlin, because day_of_week: sun is not in \
         mon-fri, and hour: 8 is not in 9-17, and minute: 5 is not in 0",
    );
    says(
        &trigger,
        "2026-03-02T08:00:00Z",
        "it fires at 2026-03-02 09:00:00 Europe/Berlin",
    );
    let explained = trigger.explain(at("2026-03-01T07:05:00Z"));
    assert_eq!(explained.before, Some(at("2026-02-27T16:00:00Z")));
    assert_eq!(explained.after, Some(at("2026-03-02T08:00:00Z")));
}

#[test]
fn the_fields_of_a_line_are_named_as_they_are_written() {
    let either: Trigger = "0 9 1,15 * mon".parse().unwrap();
    says(
        &either,
        "2026-03-03T09:00:00Z",
        "it does not fire at 2026-03-03 09:00:00 UTC, because day: 3 is not in 1,15, and day_of_week: \
         tue is not in mon",
    );
    let marked: Trigger = "30 2 L * *".parse().unwrap();
    says(
        &marked,
        "2026-02-27T02:30:00Z",
        "it does not fire at 2026-02-27 02:30:00 UTC, because day: 27 is not in L",
    );
    says(
        &"@daily".parse().unwrap(),
        "2026-02-27T02:00:30Z",
        "it does not fire at 2026-02-27 02:00:30 UTC, because hour: 2 is not in 0, and second: 30 is \
         not in 0",
    );
}

#[test]
fn weeks_years_and_ordinals_are_told_apart() {
    let trigger = cron(
        "year=\"2027\", week=\"2\", day=\"3rd fri\", month=\"jan\"",
        "UTC",
    );
    let Reason::Fields(fields) = trigger.explain(at("2026-01-12T00:00:00Z")).reason else {
        panic!("fields say no");
    };
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["year", "day", "week"]);
}

#[test]
fn a_time_that_a_clock_change_moved_is_explained() {
    let trigger = cron("hour=\"2\", minute=\"30\"", "Europe/Berlin");
    says(
        &trigger,
        "2026-03-29T01:00:00Z",
        "it fires at 2026-03-29 03:00:00 Europe/Berlin, because 2026-03-29 02:30:00 does not exist \
         that day, since clocks were set forward",
    );
    let shifted = cron("hour=\"2\", minute=\"30\", gap=\"shift\"", "Europe/Berlin");
    let reason = shifted.explain(at("2026-03-29T01:30:00Z")).reason;
    let from = "2026-03-29T02:30:00".parse().unwrap();
    assert_eq!(reason, Reason::Moved { from });
    says(
        &trigger,
        "2026-10-25T01:30:00Z",
        "it does not fire at 2026-10-25 02:30:00 Europe/Berlin, because that local time comes twice, \
         since clocks were set back, and it fires at the other one",
    );
}

#[test]
fn bounds_fractions_and_the_other_triggers_have_reasons_of_their_own() {
    let start = at("2026-01-01T00:00:00Z");
    let every = Interval::every("90s").start(start).build().unwrap();
    says(
        &every,
        "2026-01-01T00:02:00Z",
        "it does not fire at 2026-01-01 00:02:00 UTC, because it fires every 1m 30s, last at 2026-01-01 \
         00:01:30 UTC",
    );
    says(
        &every,
        "2025-12-31T23:59:00Z",
        "it does not fire at 2025-12-31 23:59:00 UTC, because it begins at 2026-01-01 00:00:00 UTC",
    );
    let ended = cron("hour=\"9\", end=\"2026-06-01T00:00:00Z\"", "UTC");
    says(
        &ended,
        "2026-06-02T09:00:00Z",
        "it does not fire at 2026-06-02 09:00:00 UTC, because it has ended at 2026-06-01 00:00:00 UTC",
    );
    says(
        &ended,
        "2026-05-01T09:00:00.5Z",
        "it does not fire at 2026-05-01 09:00:00.500 UTC, because it fires at whole seconds",
    );
    let once = Date::at("2026-03-01T10:00:00Z").build().unwrap();
    says(
        &once,
        "2026-03-01T11:00:00Z",
        "it does not fire at 2026-03-01 11:00:00 UTC, because it fires at 2026-03-01 10:00:00 UTC alone",
    );
    let first = "2026-01-31".parse().unwrap();
    let monthly = CalendarInterval::months(1).at(9, 0, 0).start_date(first);
    let monthly = monthly.build().unwrap();
    assert_eq!(
        monthly.explain(at("2026-02-28T09:00:00Z")).reason,
        Reason::OtherDate
    );
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
    let early = monthly.explain(at("2026-01-31T08:00:00Z")).reason;
    assert_eq!(early, Reason::OtherTime(nine));
    let unanchored = Interval::every("90s").build().unwrap();
    says(
        &unanchored,
        "2026-01-01T00:02:00Z",
        "it is not known whether it fires at 2026-01-01 00:02:00 UTC: the interval has no start yet",
    );
}

#[test]
fn combinations_tell_which_of_their_triggers_say_no() {
    let (nine, weekdays) = ("0 9 * * *", "0 * * * mon-fri");
    let both = Trigger::and((nine, weekdays)).build().unwrap();
    says(
        &both,
        "2026-03-01T09:00:00Z",
        "it does not fire at 2026-03-01 09:00:00 UTC, because triggers[1]: day_of_week: sun is not in \
         mon-fri",
    );
    assert!(both.explain(at("2026-03-02T09:00:00Z")).fires());
    let any = Trigger::or((nine, weekdays)).build().unwrap();
    let Reason::Triggers(silent) = any.explain(at("2026-03-01T10:00:00Z")).reason else {
        panic!("both say no");
    };
    assert_eq!(silent.len(), 2);
    assert!(matches!(both, Trigger::And(And { .. })) && matches!(any, Trigger::Or(Or { .. })));
}

/// Every second of days on which clocks change, and of one on which they do not.
#[test]
fn explanations_agree_with_the_trigger_at_every_second() {
    let days = [
        ("Europe/Berlin", "2026-03-28T22:00:00Z"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T12:00:00Z"),
        ("America/New_York", "2026-07-14T04:00:00Z"),
    ];
    let rules = [
        "hour=\"*/2\", minute=\"30\"",
        "hour=\"1-3\", minute=\"*/17\", second=\"5\"",
        "hour=\"2\", minute=\"15,45\", gap=\"shift\", fold=\"both\"",
        "hour=\"2\", minute=\"15,45\", gap=\"skip\", fold=\"second\"",
        "day=\"last sun\", hour=\"2\", minute=\"59\", second=\"59\"",
    ];
    for (zone, from) in days {
        for rule in rules {
            agrees(&cron(rule, zone), at(from));
        }
    }
}

/// Compares with the fire times of the day, which come from another search.
fn agrees(trigger: &Trigger, from: DateTime<Utc>) {
    let day = TimeDelta::hours(25);
    let times = trigger.upcoming(from).take_while(|time| *time < from + day);
    let mut times = times.peekable();
    for second in 0..day.num_seconds() {
        let now = from + TimeDelta::seconds(second);
        let is_time = times.next_if(|time| *time == now).is_some();
        let explained = trigger.explain(now);
        assert_eq!(explained.fires(), is_time, "{trigger}: {explained}");
        let has_fields = matches!(&explained.reason, Reason::Fields(fields) if !fields.is_empty());
        let is_known = is_time || has_fields || explained.reason == Reason::Repeated;
        assert!(is_known, "{trigger}: {explained}");
    }
}
