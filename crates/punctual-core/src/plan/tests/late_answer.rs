//! Tests of the methods of `Plan`, which drops starts after a late answer of the store.

use std::time::Duration;

use chrono::TimeDelta;

use super::super::*;
use super::{Case, at, range};
use crate::Coalesce;
use crate::policy::Jitter;

#[test]
fn a_late_answer_drops_the_starts_whose_grace_time_has_passed() {
    let case = Case::every_minute().with(|p| {
        p.misfire_grace_time = Duration::from_secs(120).into();
        p.coalesce = Coalesce::All { at_most: 3 };
    });
    let mut plan = case.plan("10:02:00");
    let starts = plan.start.clone();
    assert_eq!(starts, [at("10:00:00"), at("10:01:00"), at("10:02:00")]);
    assert!(plan.drop_overdue(&case.view(), at("10:02:00")).is_empty());
    let overdue = plan.drop_overdue(&case.view(), at("10:03:00"));
    assert_eq!((&overdue[..], &plan.start[..]), starts.split_at(1));
}

#[test]
fn the_grace_time_of_a_start_counts_from_its_jitter() {
    let case = Case::every_minute().with(|p| {
        p.misfire_grace_time = Duration::from_secs(10).into();
        p.jitter = Jitter::up_to(Duration::from_secs(30));
    });
    let plan = case.plan("09:59:00");
    let start = plan.next.start().unwrap();
    let mut plan = case.plan_at(start);
    let last = start + TimeDelta::seconds(10);
    assert!(plan.drop_overdue(&case.view(), last).is_empty());
    let late = last + TimeDelta::microseconds(1);
    assert_eq!(plan.drop_overdue(&case.view(), late), [at("10:00:00")]);
}

#[test]
fn a_plan_lists_its_ranges_with_their_outcomes() {
    let case = Case::every_minute().with(|p| {
        p.misfire_grace_time = Duration::from_secs(150).into();
    });
    let ranges: Vec<_> = case.running(1, 0).plan("10:05:30").ranges().collect();
    let skipped = Outcome::Skipped(SkipReason::MaxInstances);
    let wanted = [
        (
            range("10:00:00", "10:02:00", 3),
            Outcome::Missed(MissReason::Grace),
        ),
        (range("10:03:00", "10:04:00", 2), Outcome::Coalesced),
        (range("10:05:00", "10:05:00", 1), skipped),
    ];
    assert_eq!(ranges, wanted);
}

#[test]
fn a_plan_lists_the_fire_times_that_run() {
    let mut plan = Plan::nothing(Next::Finished);
    assert_eq!(plan.fire_times().next(), None);
    plan.start = vec![at("10:00:00"), at("10:01:00")];
    plan.queue = vec![at("10:02:00")];
    let all: Vec<_> = plan.fire_times().collect();
    assert_eq!(all, [at("10:00:00"), at("10:01:00"), at("10:02:00")]);
}

#[test]
fn a_plan_with_anything_to_do_is_not_idle() {
    let one = range("10:00:00", "10:00:00", 1);
    let changes: [fn(&mut Plan, FireRange); 5] = [
        |plan, one| plan.start = vec![one.first],
        |plan, one| plan.queue = vec![one.first],
        |plan, one| plan.missed = Some((one, MissReason::Grace)),
        |plan, one| plan.coalesced = Some(one),
        |plan, one| plan.skipped = Some((one, SkipReason::MaxInstances)),
    ];
    assert!(Plan::nothing(Next::Finished).is_idle());
    for change in changes {
        let mut plan = Plan::nothing(Next::Finished);
        change(&mut plan, one);
        assert!(!plan.is_idle(), "{plan:?}");
    }
}
