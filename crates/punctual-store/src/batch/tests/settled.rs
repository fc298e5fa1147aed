//! The runs of a dead node.

use punctual_core::{CancelReason, Coalesce, OnLost, Outcome, Policies, RunId};

use super::world::{World, ids, micros};
use crate::batch::{Fate, Owner};
use crate::{OpenState, RunEnd};

/// Returns a dead node's instance of the runs 1, 2 and 3, and its instance of the run 4.
fn dead(on_lost: OnLost) -> World {
    let mut world = World::new(
        Policies::new()
            .coalesce(Coalesce::all(9))
            .max_instances(2)
            .on_lost(on_lost)
            .build()
            .unwrap(),
    );
    world.run_due(30);
    world.run_due(40);
    world.give_away();
    assert_eq!((world.open.len(), world.counts()), (4, (2, 0)));
    world
}

fn settle(world: &mut World) -> Vec<(Vec<RunId>, Fate)> {
    let runs: Vec<_> = world.open.keys().copied().collect();
    world.request(90, |batch| batch.settle("dead", &runs)).0
}

fn instances(first: Fate, second: Fate) -> Vec<(Vec<RunId>, Fate)> {
    vec![(ids(&[1, 2, 3]), first), (ids(&[4]), second)]
}

const TWICE: OnLost = OnLost::rerun(2);

#[test]
fn the_runs_of_a_dead_node_are_lost() {
    let mut world = dead(OnLost::Record);
    world.open.values_mut().for_each(|run| run.attempts = 5);
    assert_eq!(settle(&mut world), instances(Fate::Lost, Fate::Lost));
    let lost = [1, 2, 3, 4].map(|id| (RunId(id), Outcome::Lost));
    assert_eq!((&world.closed[..], world.counts()), (&lost[..], (0, 0)));
    let told = |end: &RunEnd| (end.finished, end.attempts) == (micros(90), 5);
    assert!(world.ends.iter().all(told));
    let why = "the process of node `dead` died, or its lease ended";
    let says = |end: &RunEnd| end.text.as_ref().is_some_and(|text| text.as_str() == why);
    assert!(world.ends.iter().all(says));
}

#[test]
fn an_instance_that_is_rerun_waits_and_the_attempt_that_died_counts() {
    let mut world = dead(TWICE);
    for run in world.open.values_mut() {
        (run.reruns, run.attempts) = (1, 5);
    }
    assert_eq!(settle(&mut world), instances(Fate::Waits, Fate::Waits));
    let due = OpenState::Retrying { due: micros(90) };
    for (id, attempts) in [(1, 6), (2, 5), (3, 5), (4, 6)] {
        let run = world.run_of(id);
        assert_eq!((run.state, run.owner), (due, Owner::Free));
        assert_eq!((run.reruns, run.attempts), (2, attempts));
    }
    assert_eq!((world.counts(), world.closed), ((2, 0), vec![]));
}

#[test]
fn a_run_that_was_rerun_often_enough_is_lost_with_its_instance() {
    let mut world = dead(TWICE);
    world.open.get_mut(&RunId(3)).unwrap().reruns = 2;
    assert_eq!(settle(&mut world), instances(Fate::Lost, Fate::Waits));
}

#[test]
fn a_run_that_was_asked_to_end_is_lost_with_its_instance() {
    let mut world = dead(TWICE);
    let asked = Some(CancelReason::User);
    world.open.get_mut(&RunId(2)).unwrap().cancel = asked;
    assert_eq!(settle(&mut world), instances(Fate::Lost, Fate::Waits));
}

#[test]
fn the_runs_of_a_job_that_is_gone_or_cannot_be_read_are_lost() {
    let mut world = dead(TWICE);
    world.has_left = true;
    assert_eq!(settle(&mut world), instances(Fate::Lost, Fate::Lost));
    let mut world = dead(TWICE);
    world.is_readable = false;
    assert_eq!(settle(&mut world), instances(Fate::Lost, Fate::Lost));
}
