//! Single ledgers, written by hand, of runs that were ended before their time.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{
    CancelReason, Coalesce, Job, Outcome, Overlap, Policies, Run, RunState, SkipReason,
};
use punctual_store::StoredJob;
use punctual_store::checker::{Between, Checker, Ending, Execution, History, Period, Rule, Target};

use super::cases::{at, decided, history, id, ran, row, rules};

const USER: Outcome = Outcome::Cancelled(CancelReason::User);
const SHUTDOWN: Outcome = Outcome::Cancelled(CancelReason::Shutdown);
const REPLACED: Outcome = Outcome::Cancelled(CancelReason::Replaced);

fn with(policies: Policies) -> StoredJob {
    let mut row = row();
    row.job = Arc::new(Job::clone(&row.job).with_policies(policies));
    row
}

fn ended(minute: u32, outcome: Outcome) -> Run {
    let mut run = ran(minute);
    run.state = RunState::Ended(outcome);
    run.node = Some("one".into());
    run
}

/// Returns the execution that the body of a run wrote down.
fn body(run: &Run, ending: Ending, told: Option<DateTime<Utc>>) -> Execution {
    Execution {
        job: id(),
        run: run.id,
        fire_time: run.fire_time(),
        attempt: run.attempts,
        node: "one".to_owned(),
        began: run.started.unwrap(),
        told,
        ended: run.finished,
        ending,
        forsaken: None,
    }
}

/// Returns a checker that knows of no cancelling caller and no shutdown.
fn judge(history: History) -> Checker {
    Checker::new().history(history).cancels([]).shutdowns([])
}

#[test]
fn a_job_that_always_succeeds_is_not_cancelled_and_does_not_fail() {
    let ledger: Vec<Run> = (0..6)
        .map(|minute| match minute % 2 {
            0 => ended(minute, USER),
            _ => ended(minute, Outcome::Failed),
        })
        .collect();
    let bodies = ledger.iter().map(|run| body(run, Ending::Succeeded, None));
    let checker = judge(history()).executions(bodies);
    let found = rules(&checker, &ledger, "12:05:10");
    let (wrong, unasked) = (Rule::Contradictory, Rule::WithoutReason);
    // Each of the cancelled runs breaks two rules, since no caller cancelled it and its body
    // succeeded.
    assert_eq!(
        found,
        [
            unasked, wrong, wrong, unasked, wrong, wrong, unasked, wrong, wrong
        ]
    );
}

#[test]
fn an_alarm_of_one_fire_time_does_not_end_the_next_ones() {
    let backlog = with(
        Policies::new()
            .coalesce(Coalesce::all(3))
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap(),
    );
    let unattended = Period::new(at("12:00:00"), at("12:02:10"));
    let mut ledger = [
        ended(0, Outcome::TimedOut),
        ended(1, SHUTDOWN),
        ended(2, SHUTDOWN),
    ];
    let times = [("12:02:10", "12:02:20"), ("12:02:20", "12:02:25")];
    for (run, (started, finished)) in ledger.iter_mut().zip(times) {
        run.started = Some(at(started));
        run.finished = Some(at(finished));
    }
    // The third run never began.
    (ledger[2].started, ledger[2].attempts) = (None, 0);
    ledger[2].finished = ledger[1].finished;
    let told = Some(at("12:02:20"));
    let bodies = [
        body(&ledger[0], Ending::Failed, told),
        body(&ledger[1], Ending::Dropped, None),
    ];
    let by_ledger = judge(History::of(&backlog, at("11:59:00"))).absence(unattended);
    let unasked = Rule::WithoutReason;
    assert_eq!(rules(&by_ledger, &ledger, "12:02:40"), [unasked; 2]);
    let by_bodies = by_ledger.executions(bodies);
    let found = rules(&by_bodies, &ledger, "12:02:40");
    assert_eq!(found, [unasked, Rule::Contradictory, unasked]);
}

#[test]
fn an_attempt_has_its_own_time() {
    let policies = Policies::new()
        .timeout(Duration::from_secs(10))
        .retry(punctual_core::Retry::attempts(2).build().unwrap())
        .build()
        .unwrap();
    let mut run = ended(0, Outcome::TimedOut);
    run.attempts = 2;
    run.finished = Some(at("12:00:10"));
    let (first, mut last) = (
        body(&run, Ending::Failed, None),
        body(&run, Ending::Failed, None),
    );
    let first = Execution {
        attempt: 1,
        ended: Some(at("12:00:08")),
        ..first
    };
    last.began = at("12:00:09");
    last.told = last.ended;
    let checker = judge(History::of(&with(policies), at("11:59:00")));
    let checker = checker.executions([first, last]);
    let found = rules(&checker, &[run.clone()], "12:00:20");
    assert_eq!(found, [Rule::WithoutReason]);
    let coarse = checker.grain(TimeDelta::seconds(9));
    assert_eq!(rules(&coarse, &[run], "12:00:20"), []);
}

#[test]
fn a_caller_cancels_what_it_names_and_not_before_it_calls() {
    let mut ledger = [ended(0, USER), ended(1, USER)];
    ledger[0].finished = Some(at("12:01:00"));
    let late = Between::from(at("12:03:00"));
    let targets = [
        (Target::from(ledger[0].id), 1),
        (Target::FireTime(id(), ledger[1].fire_time()), 1),
        (Target::from(id()), 0),
    ];
    for (target, left) in targets {
        let now = "12:01:10";
        let then = at("12:01:00");
        let found = rules(
            &judge(history()).cancelled(target.clone(), then),
            &ledger,
            now,
        );
        assert_eq!(found.len(), left, "{target:?}: {found:?}");
        let found = rules(&judge(history()).cancelled(target, late), &ledger, now);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}

#[test]
fn a_removal_cancels_what_waits() {
    let queue = with(Policies::new().overlap(Overlap::queue(2)).build().unwrap());
    let history = History::of(&queue, at("11:59:00")).removed_at(at("12:01:10"));
    let mut waited = ended(1, USER);
    (waited.started, waited.attempts) = (None, 0);
    waited.finished = Some(at("12:01:10"));
    let mut long = ran(0);
    long.finished = Some(at("12:01:20"));
    let ledger = [long, waited];
    assert_eq!(rules(&judge(history.clone()), &ledger, "12:02:00"), []);
    let mut ledger = ledger;
    (ledger[1].started, ledger[1].attempts) = (Some(at("12:01:00")), 1);
    let found = rules(&judge(history), &ledger[1..], "12:02:00");
    assert!(found.contains(&Rule::WithoutReason), "{found:?}");
}

#[test]
fn a_shutdown_cancels_on_its_own_node_only() {
    let ledger = [ended(0, SHUTDOWN)];
    let of = |name: &str| {
        let span = Period::new(at("12:00:00"), at("12:00:05"));
        judge(history()).shutdowns([(name.to_owned(), span)])
    };
    assert_eq!(rules(&of("one"), &ledger, "12:00:20"), []);
    assert_eq!(
        rules(&of("two"), &ledger, "12:00:20"),
        [Rule::WithoutReason]
    );
}

#[test]
fn what_is_replaced_has_a_replacement_that_began() {
    let policies = Policies::new()
        .overlap(Overlap::CancelRunning)
        .build()
        .unwrap();
    let checker = judge(History::of(&with(policies), at("11:59:00")));
    let mut hung = ran(0);
    hung.finished = Some(at("12:10:00"));
    let mut ledger = vec![hung];
    for minute in 1..10 {
        let mut waited = ended(minute, REPLACED);
        (waited.started, waited.attempts) = (None, 0);
        waited.finished = Some(waited.fire_time() + TimeDelta::minutes(1));
        ledger.push(waited);
    }
    let last = ran(10);
    ledger.push(last);
    // The last runs were replaced in time, since the newer one began when the hung one ended.
    let found = rules(&checker, &ledger, "12:10:10");
    assert_eq!(found, [Rule::WithoutReason; 8]);
    let mut sound = vec![ended(0, REPLACED), ran(1)];
    sound[0].finished = Some(at("12:01:00"));
    assert_eq!(rules(&checker, &sound, "12:01:10"), []);
}

/// Another instance ended by itself before the owner of the instance that was to make room heard of
/// it.
#[test]
fn a_newer_run_may_begin_before_the_one_that_it_replaces_has_ended() {
    let policies = Policies::new()
        .overlap(Overlap::CancelRunning)
        .max_instances(2)
        .build()
        .unwrap();
    let checker = judge(History::of(&with(policies), at("11:59:00")));
    let checker = checker.patience(TimeDelta::seconds(5));
    let mut replaced = ended(0, REPLACED);
    let newer = ran(2);
    let began = newer.started.unwrap();
    replaced.finished = Some(began + TimeDelta::seconds(4));
    let ledger = [replaced.clone(), ran(1), newer.clone()];
    assert_eq!(rules(&checker, &ledger, "12:02:30"), []);
    replaced.finished = Some(began + TimeDelta::seconds(30));
    let ledger = [replaced, ran(1), newer];
    assert_eq!(rules(&checker, &ledger, "12:02:58"), [Rule::WithoutReason]);
}

#[test]
fn what_a_caller_cancels_while_it_waits_for_its_place_has_replaced_the_other() {
    let replacing = with(
        Policies::new()
            .overlap(Overlap::CancelRunning)
            .build()
            .unwrap(),
    );
    let history = History::of(&replacing, at("11:59:00"));
    let checker = judge(history).patience(TimeDelta::seconds(5));
    let checker = checker.cancelled(ran(1).id, at("12:01:02"));
    let mut replaced = ended(0, REPLACED);
    replaced.finished = Some(at("12:01:05"));
    let mut cancelled = ended(1, USER);
    (cancelled.started, cancelled.finished) = (None, Some(at("12:01:02")));
    let ledger = [replaced, cancelled, ran(2)];
    assert_eq!(rules(&checker, &ledger, "12:02:30"), []);
}

#[test]
fn a_queue_is_full_of_what_waits() {
    let queue = with(Policies::new().overlap(Overlap::queue(1)).build().unwrap());
    let checker = judge(History::of(&queue, at("11:59:00"))).patience(TimeDelta::seconds(5));
    let mut long = ran(0);
    long.finished = Some(at("12:02:30"));
    let mut waited = ran(1);
    waited.started = Some(at("12:02:30"));
    waited.finished = Some(at("12:02:40"));
    let full = Outcome::Skipped(SkipReason::QueueFull);
    let ledger = [long, waited, decided(2, full, at("12:02:00"))];
    assert_eq!(rules(&checker, &ledger, "12:02:50"), []);
    let mut ledger = ledger;
    ledger[1] = decided(1, full, at("12:01:00"));
    assert_eq!(
        rules(&checker, &ledger, "12:02:50"),
        [Rule::WithoutReason; 2]
    );
}

#[test]
fn what_waits_for_longer_than_its_grace_time_has_filled_the_queue() {
    let queue = with(
        Policies::new()
            .overlap(Overlap::queue(1))
            .misfire_grace_time(Duration::from_secs(60))
            .build()
            .unwrap(),
    );
    let checker = judge(History::of(&queue, at("11:59:00"))).patience(TimeDelta::seconds(5));
    let mut long = ran(0);
    long.finished = Some(at("12:02:30"));
    let missed = Outcome::Missed(punctual_core::MissReason::Grace);
    let mut waited = decided(1, missed, at("12:02:30"));
    waited.range = None;
    let full = Outcome::Skipped(SkipReason::QueueFull);
    let ledger = [long, waited, decided(2, full, at("12:02:00"))];
    assert_eq!(rules(&checker, &ledger, "12:02:50"), []);
}

#[test]
fn near_a_fault_things_may_be_late_and_elsewhere_not() {
    let fault = Period::new(at("12:01:03"), at("12:01:20"));
    let checker = judge(history()).patience(TimeDelta::seconds(5));
    let checker = checker.near_faults([fault], TimeDelta::seconds(30));
    let late_by = |minute, seconds| {
        let mut late = ran(minute);
        late.started = late.started.map(|at| at + TimeDelta::seconds(seconds));
        late.finished = late.finished.map(|at| at + TimeDelta::seconds(seconds));
        late
    };
    for (first, second, found) in [
        (4, 29, vec![]),
        (6, 29, vec![Rule::Late]),
        (4, 31, vec![Rule::Late]),
    ] {
        let ledger = [late_by(0, first), late_by(1, second)];
        assert_eq!(rules(&checker, &ledger, "12:01:50"), found);
    }
    // The next fire time waits as well, and from then on it waits outside the faults.
    let ledger = [ran(0), ran(1)];
    assert_eq!(rules(&checker, &ledger, "12:02:04"), []);
    assert_eq!(rules(&checker, &ledger, "12:02:06"), [Rule::Lost]);
}

/// The node has claimed the run, so no other node may begin it.
#[test]
fn a_run_waits_for_its_node_to_hear_of_it() {
    let cut_off = Period::new(at("12:01:01"), at("12:01:40"));
    let checker = judge(history()).patience(TimeDelta::seconds(5));
    let cut_off = |name: &str| checker.clone().cut_off([(name.to_owned(), cut_off)]);
    let mut run = ran(1);
    run.node = Some("a".to_owned());
    run.opened = at("12:01:00");
    run.started = Some(at("12:01:43"));
    run.finished = Some(at("12:01:44"));
    let found = |checker: &Checker, run: &Run| rules(checker, &[ran(0), run.clone()], "12:01:50");
    assert_eq!(found(&cut_off("a"), &run), []);
    assert_eq!(found(&cut_off("b"), &run), [Rule::Late]);
    assert_eq!(found(&checker, &run), [Rule::Late]);
    // The run was claimed later, so other nodes could have begun it before.
    run.opened = at("12:01:39");
    assert_eq!(found(&cut_off("a"), &run), [Rule::Late]);
    // The node could hear early enough that it got the run.
    run.opened = at("12:01:00");
    run.started = Some(at("12:01:46"));
    run.finished = Some(at("12:01:47"));
    assert_eq!(found(&cut_off("a"), &run), [Rule::Late]);
}

#[test]
fn what_waits_in_a_queue_keeps_its_grace_time_but_for_the_wait() {
    let queue = with(
        Policies::new()
            .overlap(Overlap::queue(2))
            .max_instances(1)
            .misfire_grace_time(Duration::from_secs(10))
            .build()
            .unwrap(),
    );
    let unattended = Period::new(at("12:01:00"), at("12:02:00"));
    let checker = judge(History::of(&queue, at("11:59:00"))).patience(TimeDelta::seconds(5));
    let checker = checker.absence(unattended);
    let mut late = ran(1);
    late.started = Some(at("12:01:58"));
    late.finished = Some(at("12:01:59"));
    let mut long = ran(0);
    long.finished = Some(at("12:01:55"));
    assert_eq!(rules(&checker, &[long, late.clone()], "12:02:01"), []);
    // The store let the run wait in time, and then no node was there.
    assert_eq!(rules(&checker, &[ran(0), late.clone()], "12:02:01"), []);
    late.opened = at("12:01:57");
    let found = rules(&checker, &[ran(0), late], "12:02:01");
    assert_eq!(found, [Rule::Late]);
}

#[test]
fn a_run_that_waits_outlives_a_shutdown_and_one_under_way_does_not() {
    let open = |state| {
        let mut run = ran(0);
        (run.state, run.finished) = (state, None);
        [run]
    };
    let checker = judge(history());
    for state in [RunState::Queued, RunState::Retrying, RunState::Running] {
        let found = rules(&checker, &open(state), "12:00:30");
        assert_eq!(found, [Rule::StillOpen], "{state:?}");
    }
    let since = at("12:00:10");
    let paused = judge(history().paused(since));
    let down = checker.shut_down();
    for state in [RunState::Queued, RunState::Retrying] {
        assert_eq!(rules(&paused, &open(state), "12:00:30"), [], "{state:?}");
        assert_eq!(rules(&down, &open(state), "12:00:30"), [], "{state:?}");
    }
    let found = rules(&down, &open(RunState::Running), "12:00:30");
    assert_eq!(found, [Rule::StillOpen]);
    let found = rules(&paused, &open(RunState::Running), "12:00:30");
    assert_eq!(found, [Rule::StillOpen]);
}

#[test]
fn a_removal_cancels_what_waits_for_its_next_attempt() {
    let mut run = ended(0, USER);
    run.finished = Some(at("12:00:40"));
    let removed = |policies: Policies| {
        let row = with(policies);
        let history = History::of(&row, at("11:59:00")).removed_at(at("12:00:40"));
        rules(&judge(history), &[run.clone()], "12:02:00")
    };
    let tries_again = Policies::new()
        .retry(punctual_core::Retry::attempts(2).build().unwrap())
        .build()
        .unwrap();
    assert_eq!(removed(tries_again), []);
    assert_eq!(removed(Policies::default()), [Rule::WithoutReason]);
}

#[test]
fn a_rerun_counts_on_and_follows_a_death() {
    let rerun = with(
        Policies::new()
            .on_lost(punctual_core::OnLost::rerun(1))
            .build()
            .unwrap(),
    );
    let checker = judge(History::of(&rerun, at("11:59:00")));
    let ledger = |attempts| {
        let mut run = ended(0, Outcome::Succeeded);
        run.attempts = attempts;
        run
    };
    let bodies = |endings: &[Ending]| {
        let run = ledger(endings.len() as u32);
        let its = (1..).zip(endings).map(|(attempt, ending)| Execution {
            attempt,
            ..body(&run, *ending, None)
        });
        let checker = checker.clone().executions(its);
        rules(&checker, std::slice::from_ref(&run), "12:00:20")
    };
    let (unknown, succeeded) = (Ending::Unknown, Ending::Succeeded);
    assert_eq!(bodies(&[unknown, succeeded]), []);
    // No store heard that the first attempt succeeded.
    assert_eq!(bodies(&[succeeded, succeeded]), []);
    let twice = [Rule::Twice, Rule::Twice];
    assert_eq!(bodies(&[unknown, unknown, succeeded]), twice);
}

#[test]
fn each_attempt_has_the_timeout_of_the_time_when_it_began() {
    let before = with(Policies::default());
    let after = with(
        Policies::new()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap(),
    );
    let edited = |time| History::of(&before, at("11:59:00")).edited(&before, &after, at(time));
    let mut run = ended(0, Outcome::TimedOut);
    (run.attempts, run.finished) = (2, Some(at("12:00:50")));
    let mut body = body(&run, Ending::Failed, Some(at("12:00:50")));
    body.began = at("12:00:30");
    let found = |time| {
        let checker = judge(edited(time)).executions([body.clone()]);
        rules(&checker, std::slice::from_ref(&run), "12:00:55")
    };
    assert!(!found("12:00:20").contains(&Rule::WithoutReason));
    assert!(found("12:00:40").contains(&Rule::WithoutReason));
}
