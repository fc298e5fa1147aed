//! Single ledgers, written by hand.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    Count, FireRange, Interval, Job, JobId, JobState, MissReason, Origin, Outcome, Policies, Run,
    RunId, RunKey, RunState, SkipReason,
};
use punctual_store::StoredJob;
use punctual_store::checker::{Between, Checker, History, Period, Rule};

pub(super) fn at(text: &str) -> DateTime<Utc> {
    format!("2026-03-01T{text}Z").parse().unwrap()
}

pub(super) fn id() -> JobId {
    JobId::new("poll").unwrap()
}

/// Returns the row of a job that is due every minute from noon on.
pub(super) fn row() -> StoredJob {
    let trigger = Interval::every(Duration::from_secs(60)).start(at("12:00:00"));
    let mut state = JobState::default();
    state.incarnation = 1;
    state.next_run_time = Some(at("12:00:00"));
    StoredJob::new(
        Arc::new(Job::new(id(), "poll", trigger.build().unwrap())),
        state,
    )
}

pub(super) fn history() -> History {
    History::of(&row(), at("11:59:00"))
}

pub(super) fn ran(minute: u32) -> Run {
    let fire_time = at(&format!("12:{minute:02}:00"));
    let key = RunKey {
        incarnation: 1,
        origin: Origin::Scheduled,
        fire_time,
    };
    let mut run = Run::queued(RunId(u64::from(minute) + 1), id(), key);
    run.state = RunState::Ended(Outcome::Succeeded);
    run.started = Some(fire_time);
    run.finished = Some(fire_time + TimeDelta::seconds(1));
    run.attempts = 1;
    run
}

pub(super) fn rules(checker: &Checker, ledger: &[Run], now: &str) -> Vec<Rule> {
    let violations = checker.check(ledger, at(now));
    violations.iter().map(|violation| violation.rule).collect()
}

#[test]
fn a_removal_that_perhaps_happened_asks_for_nothing_after_it_and_allows_everything() {
    let perhaps = Between::perhaps(at("12:02:30"), at("12:02:40"));
    let checker = Checker::new().history(history().removed_at(perhaps));
    assert_eq!(rules(&checker, &[ran(0), ran(1), ran(2)], "13:00:00"), []);
    let all: Vec<_> = (0..10).map(ran).collect();
    assert_eq!(rules(&checker, &all, "13:00:00"), []);
    assert_eq!(rules(&checker, &[ran(0)], "13:00:00"), [Rule::Lost]);
}

#[test]
fn a_removal_that_happened_ends_the_fire_times() {
    let removed = history().removed_at((at("12:02:30"), at("12:02:40")));
    let checker = Checker::new().history(removed);
    assert_eq!(rules(&checker, &[ran(0), ran(1), ran(2)], "13:00:00"), []);
    let all: Vec<_> = (0..5).map(ran).collect();
    assert_eq!(rules(&checker, &all, "13:00:00"), [Rule::NotAFireTime]);
}

#[test]
fn a_pause_that_perhaps_happened_excuses_and_demands_nothing() {
    let perhaps = Between::perhaps(at("12:02:30"), at("12:02:40"));
    let checker = Checker::new().history(history().paused(perhaps));
    let three = [ran(0), ran(1), ran(2)];
    assert_eq!(rules(&checker, &three, "13:00:00"), []);
    let all: Vec<_> = (0..60).map(ran).collect();
    assert_eq!(rules(&checker, &all, "12:59:30"), []);
}

#[test]
fn a_pause_excuses_until_the_job_was_resumed() {
    let paused = history().paused(at("12:02:30")).resumed(at("12:30:00"));
    let checker = Checker::new().history(paused);
    assert_eq!(rules(&checker, &[ran(0), ran(1), ran(2)], "12:30:20"), []);
    assert_eq!(
        rules(&checker, &[ran(0), ran(1), ran(2)], "12:31:00"),
        [Rule::Lost]
    );
}

#[test]
fn an_absence_excuses_what_waited_meanwhile() {
    let absence = Period::new(at("12:00:30"), at("12:20:00"));
    let checker = Checker::new().history(history());
    let excused = checker.clone().absence(absence);
    assert_eq!(rules(&excused, &[ran(0)], "12:20:20"), []);
    assert_eq!(rules(&checker, &[ran(0)], "12:20:20"), [Rule::Lost]);
    assert_eq!(rules(&excused, &[ran(0)], "12:21:00"), [Rule::Lost]);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_early() {
    let mut early = ran(0);
    early.started = Some(at("11:20:00"));
    early.finished = early.started;
    let checker = Checker::new().history(history());
    assert_eq!(rules(&checker, &[early.clone()], "12:00:30"), [Rule::Early]);
    let set_back = checker.clock_set(at("12:00:01"), at("11:20:00"));
    assert_eq!(rules(&set_back, &[early], "12:00:30"), []);
}

#[test]
fn a_lower_limit_does_not_blame_what_was_admitted_before() {
    let wide = Policies::new().max_instances(2).build().unwrap();
    let mut before = row();
    before.job = Arc::new(Job::clone(&before.job).with_policies(wide));
    let history = History::of(&before, at("11:59:00")).edited(&before, &row(), at("12:01:30"));
    let mut long = [ran(0), ran(1), ran(2)];
    for run in &mut long {
        run.finished = Some(at("12:10:00"));
    }
    let checker = Checker::new().history(history);
    let overlapping = |ledger: &[Run]| {
        let violations = checker.check(ledger, at("12:02:10"));
        let mut its = violations
            .iter()
            .filter(|one| one.rule == Rule::Overlapping);
        (its.next().map(|one| one.fire_time), its.count())
    };
    assert_eq!(overlapping(&long[..2]), (None, 0));
    assert_eq!(overlapping(&long), (Some(at("12:02:00")), 0));
}

pub(super) fn decided(minute: u32, outcome: Outcome, at: DateTime<Utc>) -> Run {
    let mut run = ran(minute);
    run.state = RunState::Ended(outcome);
    run.started = None;
    run.finished = Some(at);
    run.attempts = 0;
    run.range = Some(FireRange {
        first: run.fire_time(),
        last: run.fire_time(),
        count: Count::Exact(1),
    });
    run
}

#[test]
fn an_instance_is_taken_until_the_store_learns_of_its_end() {
    let mut first = ran(0);
    first.node = Some("one".into());
    let skipped = Outcome::Skipped(SkipReason::MaxInstances);
    let ledger = [first, decided(1, skipped, at("12:01:00"))];
    let checker = Checker::new().history(history());
    assert_eq!(rules(&checker, &ledger, "12:01:10"), [Rule::WithoutReason]);
    let cut_off = |node: &str| {
        let away = Period::new(at("12:00:00"), at("12:00:50"));
        let checker = checker.clone().cut_off([(node.to_owned(), away)]);
        rules(&checker, &ledger, "12:01:10")
    };
    assert_eq!(cut_off("one"), []);
    assert_eq!(cut_off("two"), [Rule::WithoutReason]);
}

#[test]
fn a_run_that_was_told_of_too_late_stands_for_its_backlog() {
    let strict = Policies::new()
        .misfire_grace_time(Duration::from_secs(90))
        .build()
        .unwrap();
    let mut row = row();
    row.job = Arc::new(Job::clone(&row.job).with_policies(strict));
    let checker = Checker::new().history(History::of(&row, at("11:59:00")));
    let unattended = Period::new(at("12:00:00"), at("12:02:40"));
    let checker = checker.absence(unattended);
    let coalesced = decided(0, Outcome::Coalesced, at("12:01:10"));
    let missed = decided(1, Outcome::Missed(MissReason::Grace), at("12:02:40"));
    let mut opened = missed.clone();
    opened.range = None;
    let both = |stands| rules(&checker, &[coalesced.clone(), stands], "12:02:50");
    assert_eq!(both(opened), []);
    assert_eq!(both(missed), [Rule::WithoutReason]);
}

#[test]
fn times_at_the_end_of_time_panic_nowhere() {
    let far = DateTime::<Utc>::MAX_UTC;
    let mut runs = vec![ran(0), ran(1)];
    runs[0].finished = Some(far);
    runs[1].started = Some(DateTime::<Utc>::MIN_UTC);
    runs[1].key.fire_time = far;
    runs[1].state = RunState::Ended(Outcome::Missed(MissReason::Grace));
    runs.push(ran(2));
    runs[2].state = RunState::Ended(Outcome::Missed(MissReason::Paused));
    // No policy is longer.
    let endless = Duration::from_secs(36_600 * 86_400);
    let endless = Policies::new()
        .misfire_grace_time(endless)
        .jitter(endless)
        .timeout(endless)
        .build()
        .unwrap();
    let mut other = row();
    other.job = Arc::new(Job::clone(&other.job).with_policies(endless));
    let checker = Checker::new()
        .history(
            history()
                .edited(&row(), &other, far)
                .paused(far)
                .absence(Period::new(far, far)),
        )
        .skew(TimeDelta::MAX)
        .patience(TimeDelta::MAX / 4);
    assert!(!checker.check(&runs, far).is_empty());
}

#[test]
fn a_violation_reads_as_a_line() {
    let checker = Checker::new().history(history());
    let violations = checker.check(&[], at("12:01:00"));
    let seen = "poll at 2026-03-01T12:00:00Z: lost: without an outcome; it was due for PT60S while a node was there";
    assert_eq!(violations[0].to_string(), seen);
}
