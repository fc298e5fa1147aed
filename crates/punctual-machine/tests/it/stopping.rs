//! Shutdowns, pauses and the ends of limits, each as a short story.

use std::time::Duration;

use punctual_core::{CancelReason, Coalesce, Outcome, Policies, RunState};
use punctual_machine::{Reply, ShutdownTimes};
use punctual_store::{JobStore as _, RunFilter};

use crate::body::How;
use crate::invariants::times;
use crate::rules::{every, patient};
use crate::world::{SECOND, STORE, World, now};

fn running() -> World {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.begin_body(0);
    world
}

#[test]
fn a_shutdown_without_runs_is_over_when_all_is_recorded() {
    let mut world = running();
    world.end_body(0, How::Succeeds);
    world.begin_shutdown();
    assert!(!world.machine.is_over());
    world.arrive();
    assert!(world.machine.is_over());
    assert_eq!(world.machine.left_behind().unrecorded, 0);
}

#[test]
fn a_shutdown_waits_for_a_store_that_does_not_answer_and_tells_what_is_not_recorded() {
    let mut world = running();
    world.end_body(0, How::Succeeds);
    world.begin_shutdown();
    world.pass(10 * SECOND);
    assert!(!world.machine.is_over());
    world.pass(5 * SECOND);
    assert!(world.machine.is_over());
    assert_eq!(world.machine.left_behind().unrecorded, 1);
}

#[test]
fn a_second_shutdown_brings_the_end_of_the_wait_forward() {
    let mut world = running();
    world.begin_shutdown();
    world.pass(SECOND);
    assert_eq!(world.bodies[0].told, None);
    world.tell(|machine| machine.shut_down(times(1)));
    world.pass(SECOND);
    assert!(world.bodies[0].told.is_some());
}

#[test]
fn a_second_shutdown_brings_the_end_of_the_grace_forward() {
    let mut world = running();
    world.begin_shutdown();
    world.pass(10 * SECOND);
    assert!(world.bodies[0].told.is_some() && !world.bodies[0].is_aborted);
    let shorter = ShutdownTimes {
        grace: Duration::from_secs(1),
        ..times(1)
    };
    world.tell(|machine| machine.shut_down(shorter));
    assert!(!world.bodies[0].is_aborted);
    world.pass(SECOND);
    assert!(world.bodies[0].is_aborted);
}

#[test]
fn a_body_that_does_not_end_is_cancelled_then_aborted_and_then_given_up() {
    let mut world = running();
    let run = world.open_runs()[0].id;
    world.begin_shutdown();
    world.pass(10 * SECOND);
    assert!(world.bodies[0].told.is_some() && !world.bodies[0].is_aborted);
    world.pass(5 * SECOND);
    assert!(world.bodies[0].is_aborted);
    world.pass(5 * SECOND);
    let left = world.machine.left_behind();
    let cancelled: Vec<_> = left.cancelled.iter().map(|own| own.run).collect();
    assert_eq!(cancelled, [run]);
    let abandoned: Vec<_> = left.abandoned.iter().map(|own| own.run).collect();
    assert_eq!(abandoned, [run]);
    world.arrive();
    assert!(world.machine.is_over() && world.open_runs().is_empty());
}

/// Only nodes that begin runs take over those of dead nodes.
#[test]
fn a_node_begins_no_runs_in_a_pause_in_a_shutdown_or_of_a_removed_store() {
    let mut world = running();
    assert!(world.machine.begins_runs_of(STORE));
    assert!(world.machine.begins_runs_of(9));
    world.tell(|machine| machine.pause());
    world.tell(|machine| machine.pause());
    assert_eq!(world.seen.heard.pauses, 1);
    assert!(!world.machine.begins_runs_of(STORE));
    world.tell(|machine| machine.resume());
    assert!(world.machine.begins_runs_of(STORE));
    let mut leaving = running();
    leaving.tell(|machine| machine.leave_store(STORE));
    assert!(!leaving.machine.begins_runs_of(STORE));
    assert!(leaving.machine.begins_runs_of(9));
    world.begin_shutdown();
    assert!(!world.machine.begins_runs_of(STORE));
}

#[test]
fn a_body_that_waited_for_its_place_has_its_whole_time() {
    let mut world = World::new();
    let limited = Policies::new()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    world.add_job(every(3_600, &world).with_policies(limited));
    world.arrive();
    world.pass(8 * SECOND);
    world.begin_body(0);
    world.pass(4 * SECOND);
    assert_eq!(world.bodies[0].told, None);
    world.pass(SECOND);
    assert!(world.bodies[0].told.is_some());
}

#[test]
fn fire_times_that_do_not_run_are_told_of_loudly_once_until_a_run() {
    let mut world = World::new();
    world.add_job(every(20, &world));
    world.arrive();
    for _ in 0..2 {
        world.pass(20 * SECOND);
        world.arrive();
    }
    world.end_body(0, How::Succeeds);
    world.arrive();
    for _ in 0..2 {
        world.pass(20 * SECOND);
        world.arrive();
    }
    assert_eq!(world.seen.heard.firsts, [true, false, true]);
}

#[test]
fn a_clock_that_is_set_moves_the_end_of_an_absence_along() {
    let mut world = World::new();
    world.set_clock(-3_600 * SECOND);
    world.arrive();
    let hurried = Policies::new()
        .misfire_grace_time(Duration::from_secs(1))
        .build()
        .unwrap();
    world.pass(SECOND);
    world.add_job(every(3_600, &world).with_policies(hurried));
    world.pass(5 * SECOND);
    world.arrive();
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let outcome = runs[0].state.outcome();
    let late = Outcome::Missed(punctual_core::MissReason::Grace);
    assert_eq!(outcome, Some(late), "the node was there");
}

#[test]
fn fire_times_that_pass_in_a_pause_of_the_node_are_missed_for_it() {
    let mut world = World::new();
    let hurried = Policies::new()
        .misfire_grace_time(Duration::from_secs(1))
        .coalesce(Coalesce::Latest)
        .build()
        .unwrap();
    world.add_job(every(3_600, &world).with_policies(hurried));
    world.tell(|machine| machine.pause());
    world.arrive();
    world.pass(5 * SECOND);
    world.tell(|machine| machine.resume());
    world.arrive();
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let paused = Outcome::Missed(punctual_core::MissReason::Paused);
    assert_eq!(runs[0].state.outcome(), Some(paused));
}

#[test]
fn fire_times_that_pass_while_the_executor_is_away_are_missed_for_it() {
    let mut world = World::new();
    let hurried = Policies::new()
        .misfire_grace_time(Duration::from_secs(1))
        .build()
        .unwrap();
    world.add_job(every(20, &world).with_policies(hurried));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.has_executor.set(false);
    world.tell(|machine| machine.park("another"));
    assert!(world.seen.heard.parked.is_empty(), "it is another executor");
    world.tell(|machine| machine.park("default"));
    assert_eq!(world.seen.heard.parked, [true]);
    world.pass(25 * SECOND);
    world.arrive();
    world.has_executor.set(true);
    world.tell(|machine| machine.look_again());
    world.arrive();
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let parked = Outcome::Missed(punctual_core::MissReason::Parked);
    let mut outcomes = runs.iter().map(|run| run.state.outcome());
    assert!(outcomes.any(|outcome| outcome == Some(parked)), "{runs:?}");
}

/// The store had handed the run out before it heard of the shutdown or the removal.
#[test]
fn a_waiting_run_that_is_handed_out_too_late_goes_back() {
    for is_removed in [false, true] {
        let mut world = failed_once();
        let claim = world.claim();
        world.serve(claim);
        if is_removed {
            world.is_ending = true;
            world.tell(|machine| machine.leave_store(STORE));
        } else {
            world.begin_shutdown();
        }
        let claim = world.claim();
        world.deliver(claim);
        assert!(world.bodies.is_empty());
        world.arrive();
        let runs = now(world.store.runs(RunFilter::default())).unwrap();
        assert_eq!(runs[0].state, RunState::Retrying);
    }
}

/// An answer was lost, and the job is gone when the node looks for the run.
#[test]
fn a_run_that_is_found_without_its_job_ends() {
    let mut world = failed_once();
    let claim = world.claim();
    world.lose(claim);
    world.remove(0);
    world.arrive();
    assert!(world.bodies.is_empty() && world.open_runs().is_empty());
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    assert!(world.told.contains_key(&runs[0].id), "its end is told");
}

/// Returns a world whose one run has failed, and whose next attempt is asked for.
fn failed_once() -> World {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(patient()));
    world.arrive();
    world.end_body(0, How::Fails);
    world.arrive();
    world.pass(2 * SECOND);
    world
}

/// The caller of `cancel` was faster than the answer that handed out the next attempt.
#[test]
fn a_next_attempt_that_is_cancelled_before_it_begins_tells_of_the_one_before() {
    let mut world = failed_once();
    let claim = world.claim();
    world.serve(claim);
    let run = world.open_runs()[0].id;
    world.cancel_one(0);
    world.reply(Reply::Cancel(vec![(run, CancelReason::User)]));
    let claim = world.claim();
    world.deliver(claim);
    assert!(world.bodies.is_empty());
    assert!(world.seen.counted[&run].started.is_some());
    world.arrive();
    world.check_outcomes();
}

/// A run whose time is over may be tried again, and one that a user cancels is over.
#[test]
fn a_run_that_a_user_cancels_after_its_time_is_over_ends_for_that_reason() {
    let mut world = World::new();
    let limited = Policies::new()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    world.add_job(every(3_600, &world).with_policies(limited));
    world.arrive();
    world.begin_body(0);
    world.pass(5 * SECOND);
    assert!(world.bodies[0].told.is_some());
    let run = world.open_runs()[0].id;
    for reason in [CancelReason::User, CancelReason::Shutdown] {
        world.tell(|machine| {
            assert!(machine.cancel_run(STORE, run, reason));
        });
    }
    world.end_body(0, How::Fails);
    world.arrive();
    let filter = RunFilter {
        id: Some(run),
        ..RunFilter::default()
    };
    let ended = now(world.store.runs(filter)).unwrap().remove(0);
    let cancelled = Outcome::Cancelled(CancelReason::User);
    assert_eq!(ended.outcome(), Some(cancelled));
}
