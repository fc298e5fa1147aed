//! Several nodes on one store, each rule as a short story.

use punctual_core::{Coalesce, Overlap, Policies};

use crate::body::How;
use crate::rules::{every, named};
use crate::world::{SECOND, World};

/// Adds as many jobs that are due now.
fn jobs(world: &World, count: u32) {
    for number in 0..count {
        world.add_job(named(number, every(3_600, world)));
    }
}

#[test]
fn a_node_claims_its_share_and_soon_what_the_other_nodes_do_not_claim() {
    let mut world = World::new();
    world.meet();
    world.arrive();
    let due = punctual_core::Interval::every(std::time::Duration::from_secs(3_600));
    let due = due.start(world.time() + chrono::TimeDelta::seconds(10));
    let due = due.build().unwrap();
    for number in 0..40 {
        let job = every(3_600, &world).with_trigger(due.clone());
        world.add_job_at(named(number, job), 10);
    }
    world.arrive();
    world.pass(10 * SECOND);
    world.arrive();
    let own = world.bodies.len();
    assert!((8..=32).contains(&own), "its share: {own}");
    for _ in 0..10 {
        world.pass(SECOND / 10);
        world.arrive();
    }
    assert_eq!(world.bodies.len(), 40);
}

/// A node that claims nothing for some seconds is left out.
#[test]
fn a_node_that_claims_none_of_its_jobs_has_no_share() {
    let mut world = World::new();
    world.meet();
    jobs(&world, 6);
    for _ in 0..80 {
        world.arrive();
        while !world.bodies.is_empty() {
            world.end_body(0, How::Succeeds);
        }
        let at = (world.timer.passed() / SECOND % 6) as u8;
        world.reschedule(at, 0);
        world.pass(SECOND / 10);
    }
    assert!(world.seen.heard.left_out > 0);
}

/// Another node decides about all runs of the instance.
#[test]
fn no_later_fire_time_of_an_instance_begins_that_was_taken_over() {
    let mut world = World::new();
    world.meet();
    let all = Policies::new()
        .coalesce(Coalesce::all(3))
        .overlap(Overlap::Skip)
        .build()
        .unwrap();
    world.add_job(every(10, &world).with_policies(all));
    world.tell(|machine| machine.pause());
    world.arrive();
    world.pass(21 * SECOND);
    world.renew();
    world.tell(|machine| machine.resume());
    for _ in 0..10 {
        world.arrive();
        world.pass(SECOND / 10);
    }
    assert_eq!(world.bodies.len(), 1, "one after another");
    world.begin_body(0);
    world.tell(|machine| machine.pause());
    world.fence();
    world.renew();
    assert!(
        world.bodies[0].told.is_some(),
        "it does not belong to this node"
    );
    world.end_body(0, How::Succeeds);
    assert!(world.bodies.is_empty());
}

/// The answer was made under a lease that has ended.
#[test]
fn runs_that_an_outdated_answer_has_opened_do_not_begin() {
    let mut world = World::new();
    world.meet();
    world.add_job(every(3_600, &world));
    for _ in 0..1_000 {
        if world
            .calls
            .iter()
            .any(|call| matches!(call, crate::world::Call::Claim(..)))
        {
            break;
        }
        world.watch();
        if world.calls.is_empty() {
            world.pass(SECOND / 10);
        } else {
            world.deliver(0);
        }
        world.ring();
    }
    let claim = world.claim();
    world.serve(claim);
    world.fence();
    world.renew();
    let claim = world.claim();
    world.deliver(claim);
    assert!(world.bodies.is_empty());
}
