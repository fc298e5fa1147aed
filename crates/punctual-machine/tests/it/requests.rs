//! Requests to a store and what their answers lead to, each as a short story.

use std::time::Duration;

use punctual_core::{Coalesce, MissReason, Outcome, Overlap, Policies};
use punctual_store::{BatchLimits, ClaimKind, JobStore as _, RunFilter};

use crate::body::How;
use crate::rules::{every, named};
use crate::world::{Call, SECOND, World, now};

impl World {
    fn is_reading(&self) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| matches!(call, Call::Due(..)))
    }

    fn is_claiming(&self) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| matches!(call, Call::Claim(..)))
    }

    fn deliver_claim(&mut self) {
        let claim = self.claim();
        self.deliver(claim);
    }
}

#[test]
fn a_claim_that_is_won_leads_to_no_other_request() {
    let mut world = World::new();
    world.add_job(every(20, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.pass(20 * SECOND);
    world.deliver_claim();
    assert_eq!(world.machine.under_way(), 1);
    world.ring();
    assert!(!world.is_reading() && !world.is_claiming());
}

#[test]
fn due_jobs_are_read_again_after_an_answer_was_lost() {
    let mut world = World::new();
    world.add_job(every(20, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    let claim = world.claim();
    world.lose(claim);
    world.deliver_claim();
    assert!(world.is_reading());
}

/// A place became free in a pause, and the pause was over when the store said so.
#[test]
fn a_place_that_became_free_as_a_pause_ended_is_taken() {
    let mut world = World::new();
    let queue = Policies::new().overlap(Overlap::queue(1)).build().unwrap();
    world.add_job(every(20, &world).with_policies(queue));
    world.arrive();
    world.pass(20 * SECOND);
    world.arrive();
    world.tell(|machine| machine.pause());
    world.end_body(0, How::Succeeds);
    world.tell(|machine| machine.resume());
    let mut calls = world.calls.iter();
    let window = calls.position(|call| matches!(call, Call::Due(..)));
    world.deliver(window.unwrap());
    world.arrive();
    assert_eq!(world.machine.under_way(), 1, "the one that waited");
}

/// The number of waiting instances in the row is as old as the last claim.
#[test]
fn a_queue_that_has_emptied_since_the_last_claim_has_room() {
    let mut world = World::new();
    let queue = Policies::new().overlap(Overlap::queue(1)).build().unwrap();
    world.add_job(every(20, &world).with_policies(queue));
    world.arrive();
    world.pass(20 * SECOND);
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    assert_eq!(world.machine.under_way(), 1);
    world.pass(20 * SECOND);
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    assert_eq!(
        world.machine.under_way(),
        1,
        "the third one had room to wait"
    );
}

#[test]
fn an_edit_that_is_heard_of_before_the_answer_to_a_claim_is_not_lost() {
    for is_won in [true, false] {
        let mut world = World::new();
        world.meet();
        world.add_job(every(20, &world));
        world.settle();
        world.end_body(0, How::Succeeds);
        world.arrive();
        world.pass(20 * SECOND);
        world.pass(SECOND);
        assert!(world.is_claiming());
        if !is_won {
            world.rival_claims(1);
        }
        let claim = world.claim();
        world.serve(claim);
        world.pause_job(0, true);
        world.watch();
        let mut calls = world.calls.iter();
        let changes = calls.position(|call| matches!(call, Call::Changes(_)));
        world.deliver(changes.unwrap());
        world.deliver_claim();
        let held = world.machine.held(world.latest, &world.timer);
        assert!(held.stores[0].sees_to.is_empty(), "it is paused: {held:?}");
    }
}

#[test]
fn a_job_of_which_only_the_head_was_read_begins_with_its_first_claim() {
    let mut world = World::new();
    world.names_heads = true;
    world.add_job(every(20, &world));
    world.arrive();
    assert_eq!(world.bodies.len(), 1);
}

/// Due jobs and runs by hand take turns, as many as the store takes in one request.
#[test]
fn neither_due_jobs_nor_runs_by_hand_hold_up_the_others() {
    let mut world = World::new();
    let limits = &world.machine.node_mut().limits;
    limits.set(Some(BatchLimits::new(4, 512, 1 << 20)));
    for number in 0..4 {
        world.add_job(named(number, every(3_600, &world)));
    }
    let by_hand = world.jobs();
    world.add_job(every(3_600, &world));
    // The first request holds what is due first. The others gather meanwhile.
    world.tell(|machine| machine.pause());
    world.arrive();
    for job in by_hand {
        world.run_by_hand(job);
    }
    world.tell(|machine| machine.resume());
    let claim = world.claim();
    world.deliver(claim);
    let Call::Claim(request, _) = &world.calls[world.claim()] else {
        unreachable!("it is a claim");
    };
    let is_due = |kind: &ClaimKind| matches!(kind, ClaimKind::Advance { .. });
    let kinds: Vec<bool> = request.claims.iter().map(|own| is_due(&own.kind)).collect();
    assert_eq!(kinds, [false, true, false, true]);
}

/// The store took so long that the first of two fire times is too late.
#[test]
fn a_fire_time_whose_grace_time_passed_before_the_answer_is_missed() {
    let mut world = World::new();
    let graceful = Policies::new()
        .misfire_grace_time(Duration::from_secs(7))
        .coalesce(Coalesce::all(5))
        .build()
        .unwrap();
    world.add_job(every(5, &world).with_policies(graceful));
    world.tell(|machine| machine.pause());
    world.arrive();
    world.pass(6 * SECOND);
    world.tell(|machine| machine.resume());
    world.pass(3 * SECOND);
    world.deliver_claim();
    let running = world.machine.running();
    assert_eq!(running.len(), 1);
    assert_eq!(
        running[0].fire_time,
        world.time() - chrono::TimeDelta::seconds(4)
    );
    world.arrive();
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let missed = runs.iter().filter(|run| run.id < running[0].run);
    assert_eq!(missed.count(), 1, "{runs:?}");
}

/// The driver keeps data of its own about a job while any of its runs is under way.
#[test]
fn the_data_of_the_driver_lasts_until_the_last_run_of_a_job_ends() {
    let mut world = World::new();
    let two = Policies::new().max_instances(2).build().unwrap();
    world.add_job(every(20, &world).with_policies(two));
    world.arrive();
    world.pass(20 * SECOND);
    world.arrive();
    let key = world.bodies[0].key;
    let (_, gate) = world.machine.active_and_gate(key).unwrap();
    *gate = 7;
    world.end_body(0, How::Succeeds);
    assert!(world.machine.gates().any(|(_, gate)| *gate == 7));
    world.end_body(0, How::Succeeds);
    assert!(world.machine.gates().all(|(_, gate)| *gate == 0));
}

/// Only an edit gives a run that waits a grace time.
#[test]
fn a_run_that_has_waited_for_longer_than_its_new_grace_time_is_missed() {
    let mut world = World::new();
    let queue = Policies::new().overlap(Overlap::queue(1)).build().unwrap();
    world.add_job(every(20, &world).with_policies(queue));
    world.arrive();
    world.pass(20 * SECOND);
    world.arrive();
    let before = world.the_job();
    let hurried = Policies::new()
        .misfire_grace_time(Duration::from_secs(7))
        .build()
        .unwrap();
    let job = (*before.job).clone().with_policies(hurried);
    world.update(&before, job.into(), before.state, false);
    world.arrive();
    world.pass(8 * SECOND);
    world.end_body(0, How::Succeeds);
    world.arrive();
    assert!(world.bodies.is_empty());
    let late = Outcome::Missed(MissReason::Grace);
    let mut ended = world.seen.counted.values().map(|own| own.outcome);
    assert!(ended.any(|outcome| outcome == late));
}
