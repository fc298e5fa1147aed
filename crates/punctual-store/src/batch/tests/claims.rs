//! Claims that are won or lost.

use std::time::Duration;

use punctual_core::plan::Next;
use punctual_core::{
    CancelReason, Coalesce, FireRange, MissReason, Outcome, Overlap, Policies, PoliciesBuilder,
    RunId, SkipReason, Unlimited,
};

use super::world::{World, at, end, ids, micros, times};
use crate::batch::{Owner, Verdict};
use crate::{OpenState, RunEnd, Won};

fn all_of_a_backlog() -> Policies {
    Policies::new().coalesce(Coalesce::all(9)).build().unwrap()
}

fn won(verdict: Verdict<()>) -> Won {
    match verdict {
        Verdict::Won((), won) => won,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_backlog_is_opened_as_one_instance() {
    let mut world = World::new(all_of_a_backlog());
    world.state.token = 5;
    let won = won(world.run_due(35));
    assert_eq!((won.first, won.token, won.revision), (RunId(1), 6, 2));
    assert_eq!((won.running, won.queued), (1, 0));
    let seen = |id| {
        let run = world.run_of(id);
        (run.token, run.state, run.owner, run.ends_instance)
    };
    let (state, owner) = (OpenState::Running, Owner::Own);
    assert_eq!(seen(1), (6, state, owner, false));
    assert_eq!(seen(2), (7, state, owner, false));
    assert_eq!(seen(3), (8, state, owner, true));
    assert_eq!((world.state.token, world.counts()), (8, (1, 0)));
    assert!(world.opened.values().all(|opened| *opened == at(35)));
    let fire_times: Vec<_> = world.keys.iter().map(|key| key.fire_time).collect();
    assert_eq!(fire_times, times(&[10, 20, 30]));
    assert!(world.keys.iter().all(|key| key.incarnation == 8));
}

#[test]
fn a_run_that_waits_is_counted_among_those_that_wait() {
    let overlap = Overlap::queue(9);
    let mut world = World::new(
        PoliciesBuilder::from(all_of_a_backlog())
            .overlap(overlap)
            .build()
            .unwrap(),
    );
    won(world.run_due(10));
    let won = won(world.run_due(35));
    assert_eq!((won.first, won.running, won.queued), (RunId(2), 1, 1));
    let run = world.run_of(3);
    assert_eq!((run.state, run.owner), (OpenState::Queued, Owner::Free));
    assert_eq!((won.revision, won.token, run.token), (3, 2, 3));
}

#[test]
fn a_claim_on_what_has_changed_is_lost() {
    let mut world = World::new(all_of_a_backlog());
    let claim = world.advance(world.plan(10));
    let (revision, birth) = (world.state.revision, world.state.birth);
    world.state.revision += 1;
    assert_eq!(world.claim(10, &claim), Verdict::Lost(Some(())));
    (world.state.revision, world.state.birth) = (revision, birth + 1);
    assert_eq!(world.claim(10, &claim), Verdict::Lost(Some(())));
    world.has_left = true;
    assert_eq!(world.claim(10, &claim), Verdict::Lost(None));
    (world.has_left, world.state.birth, world.is_readable) = (false, birth, false);
    assert_eq!(world.claim(10, &claim), Verdict::Lost(None));
    assert!(world.open.is_empty());
    world.is_readable = true;
    won(world.claim(10, &claim));
}

/// A request whose answer was lost comes again after an edit that began the fire times anew.
#[test]
fn a_run_by_hand_is_opened_once_although_the_job_has_another_incarnation_now() {
    let mut world = World::new(Policies::new().max_instances(Unlimited).build().unwrap());
    let by_hand = world.manual(world.by_hand(&[10]));
    won(world.claim(10, &by_hand));
    world.state.incarnation += 1;
    assert!(matches!(world.claim(11, &by_hand), Verdict::Lost(Some(_))));
}

#[test]
fn a_run_by_hand_leaves_the_schedule_and_is_opened_once() {
    let mut world = World::new(Policies::new().max_instances(Unlimited).build().unwrap());
    let plan = world.by_hand(&[10]);
    let by_hand = world.manual(plan);
    won(world.claim(10, &by_hand));
    assert_eq!(world.state.next_run_time, Some(at(10)));
    assert_eq!(world.claim(10, &by_hand), Verdict::Lost(Some(())));
    assert_eq!(world.open.len(), 1);
    // The scheduled run of the same fire time has a key of its own.
    won(world.run_due(10));
    assert_eq!(world.open.len(), 2);
}

/// Returns a job whose trigger is finished, and a plan that only records.
fn last_fire_time_is_missed() -> (World, crate::Claim) {
    let world = World::new(
        Policies::new()
            .misfire_grace_time(Duration::from_secs(1))
            .build()
            .unwrap(),
    );
    let mut plan = world.plan(15);
    assert!(plan.start.is_empty());
    plan.next = Next::Finished;
    let claim = world.advance(plan);
    (world, claim)
}

#[test]
fn a_job_whose_last_fire_time_is_missed_leaves() {
    let (mut world, claim) = last_fire_time_is_missed();
    let won = won(world.claim(15, &claim));
    assert_eq!((won.first, won.revision), (RunId::default(), 2));
    let range = &world.ranges[0];
    assert_eq!(range.outcome, Outcome::Missed(MissReason::Grace));
    assert_eq!((range.id, range.decided), (RunId(1), at(15)));
    assert!(world.has_left);
}

#[test]
fn a_job_with_an_open_run_stays() {
    let (mut world, claim) = last_fire_time_is_missed();
    world.state.running = 1;
    won(world.claim(15, &claim));
    assert!(!world.has_left);
}

#[test]
fn a_job_whose_last_fire_time_was_decided_before_leaves() {
    let (mut world, claim) = last_fire_time_is_missed();
    won(world.claim(15, &claim));
    world.has_left = false;
    world.state.finished = false;
    let claim = world.advance(claim.kind.plan().unwrap().clone());
    assert_eq!(world.claim(15, &claim), Verdict::Lost(Some(())));
    assert_eq!((world.state.revision, world.ranges.len()), (3, 1));
    assert!(world.has_left);
}

#[test]
fn what_an_edit_passes_over_is_recorded_unless_it_was_decided() {
    let mut world = World::new(Policies::default());
    let edited = Outcome::Skipped(SkipReason::Edited);
    let ten = FireRange::single(at(10));
    for _ in 0..2 {
        world.request(15, |batch| batch.record_decided((), ten, edited));
        assert_eq!(world.ranges.len(), 1);
    }
    assert_eq!(world.ranges[0].outcome, edited);
}

fn replacing(limit: u32) -> World {
    World::new(
        Policies::new()
            .max_instances(limit)
            .overlap(Overlap::CancelRunning)
            .misfire_grace_time(Duration::from_secs(1))
            .build()
            .unwrap(),
    )
}

#[test]
fn what_comes_too_late_replaces_nothing() {
    let mut world = replacing(1);
    won(world.run_due(10));
    won(world.run_due(20));
    assert_eq!(world.counts(), (1, 1));
    let cancels = world.run_of(1).cancel;
    assert!(cancels.is_some());
    let open = world.open.clone();
    won(world.run_due(35));
    assert_eq!((world.ranges.len(), world.open), (1, open));
}

#[test]
fn a_fire_time_that_is_missed_tells_no_run_to_end() {
    let mut world = replacing(1);
    won(world.run_due(10));
    let open = world.open.clone();
    won(world.run_due(25));
    assert_eq!((world.ranges.len(), world.open), (1, open));
}

#[test]
fn a_run_that_finds_room_takes_the_place_of_what_waits() {
    let mut world = replacing(1);
    won(world.run_due(10));
    won(world.run_due(20));
    world.request(21, |batch| batch.end(&end(1, Outcome::Succeeded)));
    assert_eq!(world.counts(), (0, 1));
    won(world.run_due(30));
    assert_eq!(world.counts(), (1, 0));
    let outcomes = [
        (RunId(1), Outcome::Succeeded),
        (RunId(2), Outcome::Coalesced),
    ];
    assert_eq!(world.closed, outcomes);
    assert_eq!(world.run_of(3).cancel, None);
}

#[test]
fn a_run_that_is_replaced_is_told_once() {
    let mut world = replacing(1);
    won(world.run_due(10));
    let told = |world: &mut World, second| {
        let claim = world.advance(world.plan(second));
        world.request(second, |batch| batch.claim(&claim)).1.cancels
    };
    let first = told(&mut world, 20);
    let first: Vec<_> = first.into_iter().map(|(id, _)| id).collect();
    assert_eq!(first, ids(&[1]));
    assert_eq!(told(&mut world, 30), []);
}

#[test]
fn the_owner_of_a_run_that_is_replaced_reads_it_with_its_lease() {
    let mut world = replacing(1);
    won(world.run_due(10));
    world.give_away();
    let claim = world.advance(world.plan(20));
    let (_, answers) = world.request(20, |batch| batch.claim(&claim));
    assert_eq!(answers.cancels, []);
    assert!(world.run_of(1).cancel.is_some());
}

#[test]
fn a_run_between_two_attempts_ends_when_it_is_replaced() {
    let mut world = replacing(1);
    won(world.run_due(10));
    let failed = RunEnd {
        retry_at: Some(micros(60)),
        ..end(1, Outcome::Failed)
    };
    world.request(15, |batch| batch.end(&failed));
    let claim = world.advance(world.plan(20));
    let (_, answers) = world.request(20, |batch| {
        let verdict = batch.claim(&claim);
        batch.hand_out();
        verdict
    });
    let replaced = Outcome::Cancelled(CancelReason::Replaced);
    assert_eq!(world.closed, [(RunId(1), replaced)]);
    assert_eq!(answers.cancels, []);
    assert_eq!(answers.handed, [((), ids(&[2]))]);
    assert_eq!(world.counts(), (1, 0));
}

#[test]
fn the_oldest_that_has_begun_makes_room_between_two_attempts_too() {
    let mut world = replacing(2);
    won(world.run_due(10));
    won(world.run_due(20));
    let failed = RunEnd {
        retry_at: Some(micros(60)),
        ..end(1, Outcome::Failed)
    };
    world.request(25, |batch| batch.end(&failed));
    won(world.run_due(30));
    let replaced = Outcome::Cancelled(CancelReason::Replaced);
    assert_eq!(world.closed, [(RunId(1), replaced)]);
    assert_eq!(world.run_of(2).cancel, None);
}
