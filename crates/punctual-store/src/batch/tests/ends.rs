//! Ends of attempts and runs, and cancelled runs.

use punctual_core::{CancelReason, Coalesce, Outcome, Overlap, Policies, RunId};

use super::world::{World, end, ids, micros};
use crate::batch::{Cancelled, Owner};
use crate::{OpenState, RunEnd};

const SUCCEEDED: Outcome = Outcome::Succeeded;
const USER: Outcome = Outcome::Cancelled(CancelReason::User);

/// Returns a job with room for two instances. One has the runs 1, 2 and 3, the other the run 4. An
/// instance of the runs 5 and 6 waits, and one of the run 7.
fn two_under_way_and_two_that_wait() -> World {
    let mut world = World::new(
        Policies::new()
            .coalesce(Coalesce::all(9))
            .max_instances(2)
            .overlap(Overlap::queue(9))
            .build()
            .unwrap(),
    );
    for second in [30, 40, 60, 70] {
        world.run_due(second);
    }
    assert_eq!((world.open.len(), world.counts()), (7, (2, 2)));
    world
}

fn apply(world: &mut World, ends: &[RunEnd]) {
    world.request(99, |batch| ends.iter().for_each(|end| batch.end(end)));
}

fn failed(run: u64, retry_at: i64) -> RunEnd {
    RunEnd {
        retry_at: Some(micros(retry_at)),
        attempts: 3,
        ..end(run, Outcome::Failed)
    }
}

#[test]
fn an_instance_is_free_after_its_last_run() {
    let mut world = two_under_way_and_two_that_wait();
    apply(&mut world, &[end(1, SUCCEEDED), end(2, SUCCEEDED)]);
    assert_eq!(world.counts(), (2, 2));
    apply(&mut world, &[end(3, SUCCEEDED)]);
    assert_eq!(world.counts(), (1, 2));
    // The node reported this end before.
    apply(&mut world, &[end(3, SUCCEEDED)]);
    assert_eq!((world.counts(), world.closed.len()), ((1, 2), 3));
}

#[test]
fn what_a_node_says_of_other_nodes_runs_is_ignored() {
    let mut world = two_under_way_and_two_that_wait();
    world.give_away();
    let open = world.open.clone();
    apply(
        &mut world,
        &[end(4, SUCCEEDED), end(5, SUCCEEDED), failed(1, 120)],
    );
    assert_eq!((world.open, world.closed), (open, vec![]));
}

#[test]
fn an_instance_waits_as_a_whole_for_the_next_attempt() {
    let mut world = two_under_way_and_two_that_wait();
    apply(&mut world, &[end(1, SUCCEEDED), failed(2, 120)]);
    let state = OpenState::Retrying { due: micros(120) };
    for (id, attempts) in [(2, 3), (3, 0)] {
        let run = world.run_of(id);
        assert_eq!((run.state, run.owner), (state, Owner::Free));
        assert_eq!(run.attempts, attempts);
    }
    assert_eq!(world.run_of(4).owner, Owner::Own);
    assert_eq!(world.kept[0].run, RunId(2));
    assert_eq!((world.counts(), world.closed.len()), ((2, 2), 1));
}

#[test]
fn a_run_that_was_asked_to_end_is_not_tried_again() {
    // Any run of the instance may be asked to end, with the same effect.
    for asked in 1..=3 {
        let mut world = two_under_way_and_two_that_wait();
        let ask = CancelReason::User;
        let (answer, _) = world.request(80, |batch| batch.cancel(RunId(asked), ask));
        assert_eq!(answer, Cancelled::Marked);
        apply(&mut world, &[failed(1, 120)]);
        let ended = [(RunId(1), USER), (RunId(2), USER), (RunId(3), USER)];
        assert_eq!(world.closed, ended, "{asked}");
        assert_eq!((world.ends[0].retry_at, world.ends[0].attempts), (None, 3));
        assert_eq!(world.counts(), (1, 2));
    }
}

#[test]
fn an_attempt_of_a_removed_job_is_the_last() {
    for (outcome, recorded) in [(Outcome::Failed, Outcome::Failed), (Outcome::Lost, USER)] {
        let mut world = two_under_way_and_two_that_wait();
        world.has_left = true;
        let attempt = RunEnd {
            outcome,
            ..failed(1, 120)
        };
        apply(&mut world, &[attempt]);
        let ended = [(RunId(1), recorded), (RunId(2), USER), (RunId(3), USER)];
        assert_eq!(world.closed, ended);
        assert_eq!(world.ends[0].retry_at, None);
    }
}

#[test]
fn a_job_leaves_with_its_last_run() {
    let mut world = World::new(Policies::default());
    world.run_due(10);
    world.state.finished = true;
    apply(&mut world, &[failed(1, 120)]);
    assert!(!world.has_left);
    world.request(120, |batch| batch.cancel(RunId(1), CancelReason::User));
    assert!(world.has_left);
}

#[test]
fn a_run_that_waits_is_stopped_with_its_instance() {
    let mut world = two_under_way_and_two_that_wait();
    let user = CancelReason::User;
    let (answer, _) = world.request(80, |batch| batch.cancel(RunId(6), user));
    assert_eq!(answer, Cancelled::Ended(ids(&[5, 6])));
    assert_eq!(world.closed, [(RunId(5), USER), (RunId(6), USER)]);
    assert!(world.ends.iter().all(|end| end.finished == micros(80)));
    assert_eq!(world.counts(), (2, 1));
    let (answer, _) = world.request(80, |batch| batch.cancel(RunId(6), user));
    assert_eq!(answer, Cancelled::NotOpen);
}

#[test]
fn a_run_that_waits_without_its_job_can_be_stopped() {
    let mut world = two_under_way_and_two_that_wait();
    world.has_left = true;
    let (answer, _) = world.request(80, |batch| batch.cancel(RunId(7), CancelReason::User));
    assert_eq!(answer, Cancelled::Ended(ids(&[7])));
    assert_eq!(world.closed, [(RunId(7), USER)]);
}

#[test]
fn the_first_reason_to_stop_a_run_stays() {
    let mut world = two_under_way_and_two_that_wait();
    for reason in [CancelReason::User, CancelReason::Shutdown] {
        let (answer, _) = world.request(80, |batch| batch.cancel(RunId(4), reason));
        assert_eq!(answer, Cancelled::Marked);
        assert_eq!(world.run_of(4).cancel, Some(CancelReason::User));
    }
    assert_eq!(world.run_of(1).cancel, None);
}

#[test]
fn what_waits_ends_with_its_job() {
    let mut world = two_under_way_and_two_that_wait();
    world.request(80, |batch| batch.remove(()));
    let ended = [5, 6, 7].map(|id| (RunId(id), USER));
    assert_eq!((&world.closed[..], world.counts()), (&ended[..], (2, 0)));
}
