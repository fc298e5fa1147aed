//! The decisions, case by case.

mod against_every_fire_time;
mod late_answer;

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::*;
use crate::limits::MAX_CATCH_UP;
use crate::policy::{Jitter, MaxInstances, MisfireGraceTime};
use crate::{
    Coalesce, Count, Cron, CustomTrigger, Date, Interval, Outcome, Overlap, TriggerRegistry,
};

pub(super) fn at(text: &str) -> DateTime<Utc> {
    format!("2026-03-01T{text}Z").parse().unwrap()
}

/// A job every minute, due since 10:00.
pub(super) struct Case {
    id: JobId,
    trigger: Trigger,
    policies: Policies,
    next_fire: Option<DateTime<Utc>>,
    running: u32,
    queued: u32,
    paused: bool,
}

impl Case {
    pub(super) fn new(trigger: Trigger) -> Self {
        Self {
            id: JobId::new("job").unwrap(),
            trigger,
            policies: Policies::default(),
            next_fire: Some(at("10:00:00")),
            running: 0,
            queued: 0,
            paused: false,
        }
    }

    pub(super) fn every_minute() -> Self {
        Self::new(Cron::new().second(0).build().unwrap())
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Policies)) -> Self {
        change(&mut self.policies);
        self
    }

    pub(super) fn running(self, running: u32, queued: u32) -> Self {
        Self {
            running,
            queued,
            ..self
        }
    }

    pub(super) fn plan(&self, now: &str) -> Plan {
        self.plan_at(at(now))
    }

    pub(super) fn plan_at(&self, now: DateTime<Utc>) -> Plan {
        plan(&self.view(), now)
    }

    pub(super) fn view(&self) -> JobView<'_> {
        JobView {
            id: &self.id,
            trigger: &self.trigger,
            anchor: None,
            policies: &self.policies,
            next_fire: self.next_fire,
            running: self.running,
            queued: self.queued,
            paused: self.paused,
            absence: MissReason::Grace,
        }
    }
}

pub(super) fn range(first: &str, last: &str, count: u64) -> FireRange {
    FireRange {
        first: at(first),
        last: at(last),
        count: Count::Exact(count),
    }
}

#[test]
fn nothing_happens_before_its_time() {
    let plan = Case::every_minute().plan("09:59:59");
    assert!(plan.is_idle());
    assert_eq!(plan.next.fire_time(), Some(at("10:00:00")));
}

#[test]
fn on_time_it_runs_and_knows_what_comes_next() {
    let plan = Case::every_minute().plan("10:00:00");
    assert_eq!(plan.start, [at("10:00:00")]);
    assert_eq!(plan.next.fire_time(), Some(at("10:01:00")));
    assert_eq!(
        (plan.missed, plan.coalesced, plan.skipped),
        (None, None, None)
    );
}

#[test]
fn a_paused_job_is_left_alone() {
    let plan = Case {
        paused: true,
        ..Case::every_minute()
    }
    .plan("10:30:00");
    assert!(plan.is_idle());
    assert_eq!(plan.next, Next::Paused);
}

#[test]
fn a_one_shot_finishes() {
    let plan = Case::new(Date::at(at("10:00:00")).build().unwrap()).plan("10:30:00");
    assert_eq!(plan.start, [at("10:00:00")]);
    assert_eq!(plan.next, Next::Finished);
}

#[test]
fn the_latest_stands_for_a_backlog() {
    let plan = Case::every_minute().plan("10:05:30");
    assert_eq!(plan.start, [at("10:05:00")]);
    assert_eq!(plan.coalesced, Some(range("10:00:00", "10:04:00", 5)));
}

#[test]
fn the_earliest_stands_for_a_backlog() {
    let case = Case::every_minute().with(|p| p.coalesce = Coalesce::Earliest);
    let plan = case.plan("10:05:30");
    assert_eq!(plan.start, [at("10:00:00")]);
    assert_eq!(plan.coalesced, Some(range("10:01:00", "10:05:00", 5)));
    assert_eq!(plan.next.fire_time(), Some(at("10:06:00")));
}

#[test]
fn all_keeps_the_newest_in_order() {
    let case = Case::every_minute().with(|p| p.coalesce = Coalesce::All { at_most: 3 });
    let plan = case.plan("10:05:30");
    assert_eq!(plan.start, [at("10:03:00"), at("10:04:00"), at("10:05:00")]);
    assert_eq!(plan.coalesced, Some(range("10:00:00", "10:02:00", 3)));
    let plan = case.plan("10:01:30");
    assert_eq!(plan.start, [at("10:00:00"), at("10:01:00")]);
    assert_eq!(plan.coalesced, None);
}

#[test]
fn all_keeps_no_more_than_the_limit() {
    let seconds = Cron::new().build().unwrap();
    let all = Coalesce::All { at_most: u32::MAX };
    let plan = Case::new(seconds)
        .with(|p| p.coalesce = all)
        .plan("13:00:00");
    assert_eq!(plan.start.len(), MAX_CATCH_UP as usize);
    assert_eq!(plan.coalesced.unwrap().count, Count::Exact(801));
}

#[test]
fn the_grace_time_is_inclusive_and_comes_first() {
    let grace = MisfireGraceTime::Within(Duration::from_secs(150));
    let case = Case::every_minute().with(|p| p.misfire_grace_time = grace);
    let plan = case.plan("10:05:30");
    assert_eq!(
        plan.missed,
        Some((range("10:00:00", "10:02:00", 3), MissReason::Grace))
    );
    assert_eq!(plan.coalesced, Some(range("10:03:00", "10:04:00", 2)));
    assert_eq!(plan.start, [at("10:05:00")]);
}

#[test]
fn nanoseconds_of_a_clock_use_up_no_grace_time() {
    let grace = Duration::from_secs(10);
    let case = Case::every_minute().with(|p| p.misfire_grace_time = grace.into());
    let now = at("10:00:10") + TimeDelta::nanoseconds(999);
    let mut plan = case.plan_at(now);
    assert_eq!(plan.start, [at("10:00:00")]);
    assert!(plan.drop_overdue(&case.view(), now).is_empty());
}

#[test]
fn when_all_are_too_late_all_are_missed() {
    let grace = MisfireGraceTime::Within(Duration::from_secs(10));
    let case = Case::every_minute().with(|p| p.misfire_grace_time = grace);
    let plan = case.plan("10:05:30");
    assert_eq!(
        plan.missed,
        Some((range("10:00:00", "10:05:00", 6), MissReason::Grace))
    );
    assert!(plan.start.is_empty());
    assert_eq!(plan.next.fire_time(), Some(at("10:06:00")));
}

#[test]
fn a_busy_job_skips() {
    let plan = Case::every_minute().running(1, 0).plan("10:00:00");
    assert!(plan.start.is_empty());
    assert_eq!(
        plan.skipped,
        Some((range("10:00:00", "10:00:00", 1), SkipReason::MaxInstances))
    );
    assert_eq!(plan.next.fire_time(), Some(at("10:01:00")));
}

#[test]
fn max_instances_admits_up_to_the_limit() {
    let limit = |limit| Case::every_minute().with(|p| p.max_instances = limit);
    let started = |case: Case| !case.plan("10:00:00").start.is_empty();
    assert!(started(limit(MaxInstances::at_most(3)).running(2, 0)));
    assert!(!started(limit(MaxInstances::at_most(3)).running(3, 0)));
    assert!(started(limit(MaxInstances::UNLIMITED).running(1_000, 0)));
}

#[test]
fn a_queue_fills_and_keeps_its_order() {
    let queue = |p: &mut Policies| p.overlap = Overlap::Queue { at_most: 2 };
    let plan = Case::every_minute()
        .with(queue)
        .running(1, 1)
        .plan("10:00:00");
    assert_eq!(plan.queue, [at("10:00:00")]);
    let plan = Case::every_minute()
        .with(queue)
        .running(1, 2)
        .plan("10:00:00");
    assert_eq!(plan.skipped.unwrap().1, SkipReason::QueueFull);
    // The room belongs to the instance that waits already.
    let plan = Case::every_minute()
        .with(queue)
        .running(0, 1)
        .plan("10:00:00");
    assert_eq!((plan.start.len(), plan.queue.len()), (0, 1));
}

#[test]
fn a_queued_fire_time_is_never_overdue() {
    let case = Case::every_minute()
        .with(|p| {
            p.misfire_grace_time = Duration::from_secs(10).into();
            p.overlap = Overlap::Queue { at_most: 3 };
        })
        .running(1, 0);
    let mut plan = case.plan("10:00:00");
    let queued = plan.clone();
    assert_eq!(queued.queue, [at("10:00:00")]);
    let overdue = plan.drop_overdue(&case.view(), at("11:00:00"));
    assert!(overdue.is_empty());
    assert_eq!(plan, queued);
}

#[test]
fn a_run_that_replaces_older_ones_waits_for_room() {
    let replace = |p: &mut Policies| {
        p.overlap = Overlap::CancelRunning;
        p.max_instances = MaxInstances::at_most(2);
    };
    let plan = |running, queued| {
        let case = Case::every_minute().with(replace);
        case.running(running, queued).plan("10:00:00")
    };
    assert_eq!(plan(2, 0).queue, [at("10:00:00")]);
    assert_eq!(plan(2, 1).queue, [at("10:00:00")]);
    assert_eq!(plan(1, 0).start, [at("10:00:00")]);
    assert_eq!(plan(1, 1).start, [at("10:00:00")]);
}

#[test]
fn a_plan_knows_the_fire_time_after_the_oldest_that_is_due() {
    let plan = |now| Case::every_minute().plan(now);
    assert_eq!(plan("10:00:59").after_oldest, None);
    assert_eq!(plan("10:01:00").after_oldest, Some(at("10:01:00")));
    assert_eq!(plan("10:07:00").after_oldest, Some(at("10:01:00")));
}

#[test]
fn a_given_first_time_is_one_extra_fire_time() {
    let mut case = Case::every_minute().with(|p| p.coalesce = Coalesce::All { at_most: 9 });
    case.next_fire = Some(at("10:00:17"));
    let plan = case.plan("10:02:30");
    assert_eq!(plan.start, [at("10:00:17"), at("10:01:00"), at("10:02:00")]);
    assert_eq!(plan.next.fire_time(), Some(at("10:03:00")));
}

#[test]
fn an_interval_without_a_start_counts_from_its_anchor() {
    let case = Case::new(Interval::every(Duration::from_secs(60)).build().unwrap());
    let plan = case.plan("10:02:10");
    assert_eq!(plan.start, [at("10:02:00")]);
    assert_eq!(plan.next.fire_time(), Some(at("10:03:00")));
}

#[test]
fn a_given_first_time_does_not_move_the_anchor() {
    let minutes = Interval::every(Duration::from_secs(60)).build().unwrap();
    let mut case = Case::new(minutes);
    case.next_fire = Some(at("10:00:17"));
    let mut view = case.view();
    view.anchor = Some(at("09:00:30"));
    let next = plan(&view, at("10:00:17")).next;
    assert_eq!(next.fire_time(), Some(at("10:00:30")));
}

#[test]
fn jitter_delays_the_start_and_keeps_the_nominal_time() {
    let jitter = Jitter::up_to(Duration::from_secs(30));
    let case = Case::every_minute().with(|p| p.jitter = jitter);
    let start = jitter.start_of(&case.id, at("10:00:00"), Some(at("10:01:00")));
    assert!(start > at("10:00:00"), "the test needs a delay above zero");
    assert!(case.plan_at(start - TimeDelta::microseconds(1)).is_idle());
    let plan = case.plan_at(start);
    assert_eq!(plan.start, [at("10:00:00")]);
    let Next::At { fire_time, start } = plan.next else {
        panic!("{plan:?}")
    };
    assert_eq!(fire_time, at("10:01:00"));
    assert_eq!(
        start,
        jitter.start_of(&case.id, at("10:01:00"), Some(at("10:02:00")))
    );
}

#[test]
fn the_newest_of_a_backlog_may_still_wait_for_its_jitter() {
    let jitter = Jitter::up_to(Duration::from_secs(30));
    let case = Case::every_minute().with(|p| p.jitter = jitter);
    let start = jitter.start_of(&case.id, at("10:03:00"), Some(at("10:04:00")));
    let plan = case.plan_at(start - TimeDelta::microseconds(1));
    assert_eq!(plan.start, [at("10:02:00")]);
    assert_eq!(plan.next.fire_time(), Some(at("10:03:00")));
    assert_eq!(plan.next.start(), Some(start));
}

#[test]
fn an_unbound_trigger_keeps_its_place() {
    let case = Case::new(Trigger::custom("tides", serde_json::Value::Null));
    let plan = case.plan("10:00:00");
    assert!(plan.is_idle(), "the fire time waits for the code");
    assert_eq!(
        plan.next,
        Next::Unknown(Undecided::Unbound("tides".to_owned()))
    );
}

#[test]
fn without_a_next_fire_time_an_anchor_still_counts() {
    let trigger = Interval::every(Duration::from_secs(60)).build().unwrap();
    let policies = Policies::default();
    let view = JobView {
        id: &JobId::new("job").unwrap(),
        trigger: &trigger,
        anchor: Some(at("10:00:00")),
        policies: &policies,
        next_fire: None,
        running: 0,
        queued: 0,
        paused: false,
        absence: MissReason::Grace,
    };
    assert_eq!(
        plan(&view, at("10:01:30")).next.fire_time(),
        Some(at("10:02:00"))
    );
}

/// A custom trigger that fires every day at a time with nanoseconds, as a computed sunrise has.
#[derive(Debug, Serialize, Deserialize)]
struct Sunrise;

impl CustomTrigger for Sunrise {
    const NAME: &'static str = "sunrise";

    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = t.timestamp().div_euclid(86_400);
        let on = |day| DateTime::from_timestamp(day * 86_400 + 21_600, 123_456_789);
        on(days)
            .filter(|sunrise| *sunrise > t)
            .or_else(|| on(days + 1))
    }
}

#[test]
fn a_custom_trigger_with_nanoseconds_moves_on() {
    let mut registry = TriggerRegistry::new();
    registry.register::<Sunrise>();
    let trigger = Trigger::custom("sunrise", serde_json::Value::Null)
        .bind(&registry)
        .unwrap();
    let days: Vec<_> = trigger
        .upcoming(at("00:00:00"))
        .take(3)
        .map(|t| t.to_rfc3339())
        .collect();
    assert_eq!(days[0], "2026-03-01T06:00:00.123457+00:00");
    assert_eq!(days[2], "2026-03-03T06:00:00.123457+00:00");
    let last = trigger.last_at_or_before(at("12:00:00")).unwrap();
    assert_eq!(last.to_rfc3339(), days[0]);
}

#[derive(Debug, Serialize, Deserialize)]
struct Stuck;

impl CustomTrigger for Stuck {
    const NAME: &'static str = "stuck";

    fn after(&self, _: DateTime<Utc>) -> Option<DateTime<Utc>> {
        Some(at("10:00:00"))
    }
}

#[test]
fn a_custom_trigger_that_repeats_itself_hangs_nothing() {
    let mut registry = TriggerRegistry::new();
    registry.register::<Stuck>();
    let trigger = Trigger::custom("stuck", serde_json::Value::Null)
        .bind(&registry)
        .unwrap();
    assert!(trigger.try_after(at("11:00:00")).is_err());
    assert_eq!(
        trigger.last_at_or_before(at("11:00:00")),
        Some(at("10:00:00"))
    );
}

#[derive(Debug, Serialize, Deserialize)]
struct Broken;

impl CustomTrigger for Broken {
    const NAME: &'static str = "broken";

    fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        assert!(t < at("10:00:00"), "the tide is out");
        Some(t)
    }
}

#[test]
fn a_faulty_trigger_is_unknown_not_finished() {
    let mut registry = TriggerRegistry::new();
    registry.register::<Broken>();
    let trigger = Trigger::custom("broken", serde_json::Value::Null)
        .bind(&registry)
        .unwrap();
    let Next::Unknown(undecided) = Case::new(trigger.clone()).plan("10:00:00").next else {
        panic!("a panic must not be taken for the end")
    };
    assert!(
        undecided.to_string().ends_with("panicked: the tide is out"),
        "{undecided}"
    );
    assert!(
        trigger
            .try_after(at("09:00:00"))
            .unwrap_err()
            .to_string()
            .contains("not after")
    );
}

#[test]
fn a_year_of_missed_seconds_is_one_range() {
    let mut case = Case::new(Cron::new().timezone("America/New_York").build().unwrap());
    case.next_fire = Some("2025-03-01T10:00:00Z".parse().unwrap());
    let grace = MisfireGraceTime::Within(Duration::from_secs(60));
    let plan = case.with(|p| p.misfire_grace_time = grace).plan("10:00:00");
    let (missed, _) = plan.missed.unwrap();
    assert_eq!(missed.count, Count::Exact(365 * 86_400 - 60));
    assert_eq!(plan.coalesced.unwrap().count, Count::Exact(60));
    assert_eq!(plan.start, [at("10:00:00")]);
}

/// Every fire time from `next_fire` to `now` gets exactly one answer under all policies.
#[test]
fn every_fire_time_is_accounted_for() {
    let graces = [None, Some(0), Some(30), Some(60), Some(200), Some(100_000)];
    let coalesces = [
        Coalesce::Latest,
        Coalesce::Earliest,
        Coalesce::All { at_most: 2 },
    ];
    let overlaps = [
        Overlap::Skip,
        Overlap::Queue { at_most: 1 },
        Overlap::CancelRunning,
    ];
    let mut cases = 0;
    for grace in graces {
        for coalesce in coalesces {
            for overlap in overlaps {
                for (running, queued) in [(0, 0), (1, 0), (1, 1), (0, 1)] {
                    for late in [0, 1, 59, 60, 61, 180, 601] {
                        let case = Case::every_minute().running(running, queued).with(|p| {
                            p.misfire_grace_time = grace.map_or(MisfireGraceTime::Unlimited, |s| {
                                MisfireGraceTime::Within(Duration::from_secs(s))
                            });
                            p.coalesce = coalesce;
                            p.overlap = overlap;
                        });
                        let now = at("10:00:00") + TimeDelta::seconds(late);
                        assert_accounted(&case.plan_at(now), late / 60 + 1, now, grace);
                        cases += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cases, 6 * 3 * 3 * 4 * 7);
}

fn assert_accounted(plan: &Plan, due: i64, now: DateTime<Utc>, grace: Option<u64>) {
    let ranges = [
        plan.missed.map(|(range, _)| range),
        plan.coalesced,
        plan.skipped.map(|(range, _)| range),
    ];
    let recorded: u64 = ranges
        .iter()
        .flatten()
        .map(|range| range.count.number())
        .sum();
    let placed = (plan.start.len() + plan.queue.len()) as u64;
    assert_eq!(recorded + placed, due as u64, "{plan:?}");
    for fire_time in plan.start.iter().chain(&plan.queue) {
        let late = (now - *fire_time).num_seconds();
        assert!(grace.is_none_or(|grace| late <= grace as i64), "{plan:?}");
    }
    assert_eq!(
        plan.next.fire_time(),
        Some(at("10:00:00") + TimeDelta::minutes(due))
    );
}

#[test]
fn outcomes_that_never_ran_say_so() {
    assert!(!Outcome::Missed(MissReason::Down).has_run());
    assert!(Outcome::Lost.has_run());
}
