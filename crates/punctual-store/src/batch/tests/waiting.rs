//! Waiting runs that start.

use punctual_core::{Coalesce, Outcome, Overlap, Policies, PoliciesBuilder, RunId};

use super::world::{World, end, ids, micros};
use crate::batch::{Answers, Owner, Verdict};
use crate::{ClaimKind, OpenState, RunEnd};

/// Returns a job with one instance under way, run 1. An instance of the runs 2 and 3 waits, and one
/// of the run 4.
fn queued() -> World {
    let mut world = World::new(
        Policies::new()
            .coalesce(Coalesce::all(9))
            .max_instances(1)
            .overlap(Overlap::queue(9))
            .build()
            .unwrap(),
    );
    for second in [10, 30, 40] {
        world.run_due(second);
    }
    assert_eq!((world.counts(), world.state.token), ((1, 2), 4));
    world
}

fn promote(world: &mut World, second: i64) -> (Verdict<()>, Answers<()>) {
    let promote = world.claim_of(ClaimKind::Promote);
    world.request(second, |batch| batch.claim(&promote))
}

#[test]
fn the_oldest_instance_that_waits_starts_when_one_has_ended() {
    let mut world = queued();
    let ((), answers) = world.request(50, |batch| {
        batch.end(&end(1, Outcome::Succeeded));
        batch.hand_out();
    });
    assert_eq!(answers.handed, [((), ids(&[2, 3]))]);
    assert_eq!((world.counts(), world.state.token), ((1, 1), 6));
    for (id, token) in [(2, 5), (3, 6)] {
        let run = world.run_of(id);
        assert_eq!((run.token, run.state), (token, OpenState::Running));
        assert_eq!(run.owner, Owner::Own);
    }
    assert_eq!(world.run_of(4).state, OpenState::Queued);
}

#[test]
fn a_run_that_is_queued_by_the_request_that_makes_room_starts_with_it() {
    let mut world = World::new(Policies::new().overlap(Overlap::queue(9)).build().unwrap());
    world.run_due(10);
    let claim = world.advance(world.plan(20));
    let (_, answers) = world.request(20, |batch| {
        batch.end(&end(1, Outcome::Succeeded));
        let verdict = batch.claim(&claim);
        batch.hand_out();
        verdict
    });
    assert_eq!(answers.handed, [((), ids(&[2]))]);
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn a_node_that_takes_none_is_handed_none() {
    let mut world = queued();
    let last = |batch: &mut crate::batch::Batch<'_, World>| batch.end(&end(1, Outcome::Succeeded));
    let ((), answers) = world.request(50, last);
    assert_eq!((answers.handed, world.counts()), (vec![], (0, 2)));
}

#[test]
fn a_request_to_promote_says_whether_anything_waits() {
    let mut world = queued();
    let (verdict, answers) = promote(&mut world, 50);
    assert_eq!((verdict, answers.handed), (Verdict::AtLimit(()), vec![]));
    world.request(50, |batch| batch.end(&end(1, Outcome::Succeeded)));
    let (verdict, answers) = promote(&mut world, 50);
    let Verdict::Won((), won) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!((won.first, won.token), (RunId::default(), 6));
    assert_eq!((won.running, won.queued), (1, 1));
    assert_eq!(answers.handed, [((), ids(&[2, 3]))]);
    world.request(50, |batch| {
        for id in [2, 3] {
            batch.end(&end(id, Outcome::Succeeded));
        }
        batch.hand_out();
    });
    let (verdict, _) = promote(&mut world, 50);
    assert_eq!(verdict, Verdict::Lost(Some(())));
}

#[test]
fn all_that_find_room_start() {
    let mut world = queued();
    let wider = world.job.policies().to_owned();
    world.job = world.job.clone().with_policies(
        PoliciesBuilder::from(wider)
            .max_instances(3)
            .build()
            .unwrap(),
    );
    let (verdict, answers) = promote(&mut world, 50);
    assert!(matches!(verdict, Verdict::Won(..)));
    assert_eq!(answers.handed, [((), ids(&[2, 3])), ((), ids(&[4]))]);
    assert_eq!(world.counts(), (3, 0));
}

#[test]
fn an_attempt_starts_when_it_is_due_and_keeps_its_instance() {
    let mut world = queued();
    let failed = RunEnd {
        retry_at: Some(micros(60)),
        ..end(1, Outcome::Failed)
    };
    world.request(50, |batch| {
        batch.end(&failed);
        batch.hand_out();
    });
    assert_eq!(world.run_of(1).owner, Owner::Free);
    let (verdict, _) = promote(&mut world, 59);
    assert_eq!(verdict, Verdict::AtLimit(()));
    let (_, answers) = promote(&mut world, 60);
    assert_eq!(answers.handed, [((), ids(&[1]))]);
    assert_eq!(world.counts(), (1, 2));
    let run = world.run_of(1);
    assert_eq!((run.state, run.attempts), (OpenState::Running, 1));
}

#[test]
fn an_attempt_that_is_due_already_starts_in_the_same_request() {
    let mut world = queued();
    let failed = RunEnd {
        retry_at: Some(micros(50)),
        ..end(1, Outcome::Failed)
    };
    let ((), answers) = world.request(50, |batch| {
        batch.end(&failed);
        batch.hand_out();
    });
    assert_eq!(answers.handed, [((), ids(&[1]))]);
}

/// `Rows` promises that a store need not read these runs.
#[test]
fn where_nothing_waits_a_start_and_an_end_ask_for_no_other_runs() {
    let mut world = World::new(
        Policies::new()
            .max_instances(2)
            .overlap(Overlap::CancelRunning)
            .build()
            .unwrap(),
    );
    world.run_due(10);
    world.request(15, |batch| {
        batch.end(&end(1, Outcome::Succeeded));
        batch.hand_out();
    });
    assert_eq!((world.counts(), world.asked.get()), ((0, 0), 0));
}

#[test]
fn nothing_that_waits_of_a_paused_job_starts() {
    let mut world = queued();
    world.state.paused = true;
    let (_, answers) = world.request(50, |batch| {
        batch.end(&end(1, Outcome::Succeeded));
        batch.hand_out();
    });
    assert_eq!((answers.handed, world.counts()), (vec![], (0, 2)));
    let (verdict, answers) = promote(&mut world, 60);
    assert!(matches!(verdict, Verdict::AtLimit(())), "{verdict:?}");
    assert_eq!(answers.handed, []);
    world.state.paused = false;
    let (_, answers) = promote(&mut world, 70);
    assert_eq!(answers.handed, [((), ids(&[2, 3]))]);
}
