//! What a driver asks the machine besides its effects, above all whether anything goes on.

use crate::body::How;
use crate::rules::{every, named, patient};
use crate::world::{Call, SECOND, STORE, World};

impl World {
    fn is_busy(&self) -> bool {
        let busy: Vec<u32> = self.machine.busy_stores().collect();
        assert!(busy.is_empty() || busy == [STORE], "{busy:?}");
        !busy.is_empty()
    }
}

/// Returns a world with a job that is due each 20 seconds, and whose first run is under way.
fn running() -> World {
    let mut world = World::new();
    world.add_job(every(20, &world));
    world.arrive();
    assert_eq!(world.bodies.len(), 1);
    world
}

#[test]
fn a_store_is_busy_until_it_has_answered_all() {
    let mut world = World::new();
    assert!(world.is_busy(), "the due jobs are read");
    world.tell(|machine| machine.look_again());
    world.deliver(0);
    assert!(world.is_busy(), "they are read again");
    world.deliver(0);
    assert!(!world.is_busy());
    world.add_job(every(20, &world));
    world.watch();
    world.deliver(0);
    world.ring();
    assert!(world.is_busy(), "its claim is on its way");
    world.deliver(0);
    assert!(!world.is_busy(), "a body is no business of the store");
    world.end_body(0, How::Succeeds);
    assert!(world.is_busy(), "its end is on its way");
    world.deliver(0);
    assert!(!world.is_busy());
}

#[test]
fn a_store_is_busy_with_what_gathers_while_it_is_asked() {
    let mut world = running();
    world.run_by_hand(world.the_job());
    world.run_by_hand(world.the_job());
    assert!(world.is_busy());
    let claim = world.claim();
    world.deliver(claim);
    assert!(world.is_busy(), "the second one was asked for meanwhile");
    world.arrive();
    assert!(!world.is_busy());
}

/// What is due waits for the end of the pause, and no answer does.
#[test]
fn a_store_is_quiet_in_a_pause_although_jobs_are_due() {
    let mut world = running();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.tell(|machine| machine.pause());
    world.pass(20 * SECOND);
    assert!(!world.is_busy());
    world.tell(|machine| machine.resume());
    assert!(world.is_busy());
}

#[test]
fn a_store_that_was_removed_is_quiet_when_all_is_recorded() {
    let mut world = running();
    assert!(!world.machine.is_leaving_any());
    world.tell(|machine| machine.look_again());
    world.is_ending = true;
    world.tell(|machine| machine.leave_store(STORE));
    assert!(world.machine.is_leaving_any());
    assert!(!world.is_busy(), "what it reads has no meaning any more");
    world.end_body(0, How::Succeeds);
    assert!(world.is_busy(), "the end is on its way");
    let claim = world.claim();
    world.deliver(claim);
    assert!(world.is_gone && !world.is_busy());
    assert!(!world.machine.is_leaving_any());
}

/// A lost answer handed out the next attempt, and the node reads the job.
#[test]
fn a_store_is_busy_while_a_run_is_looked_for() {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(patient()));
    world.arrive();
    world.end_body(0, How::Fails);
    world.arrive();
    world.pass(2 * SECOND);
    let claim = world.claim();
    world.lose(claim);
    world.deliver(claim);
    let mut calls = world.calls.iter();
    let window = calls.position(|call| matches!(call, Call::Due(..)));
    world.deliver(window.unwrap());
    assert!(matches!(&world.calls[..], [Call::Adopt(..)]));
    assert!(world.is_busy());
    world.deliver(0);
    assert!(!world.is_busy());
    assert_eq!(world.bodies.len(), 1);
}

/// Each node has a share of these jobs.
#[test]
fn the_first_job_that_is_left_to_another_node_is_named() {
    let mut world = World::new();
    assert_eq!(world.machine.first_left(STORE), i64::MAX);
    assert_eq!(world.machine.first_left(9), i64::MAX);
    world.meet();
    let due = world.time().timestamp_micros() + 30 * SECOND;
    for number in 0..16 {
        world.add_job_at(named(number, every(3_600, &world)), 30);
    }
    world.arrive();
    assert_eq!(world.machine.first_left(STORE), due);
}

#[test]
fn the_driver_finds_an_attempt_and_is_told_the_time() {
    let mut world = running();
    let (now, key) = (world.timer.now(), world.bodies[0].key);
    assert_eq!(world.machine.now(), now);
    let active = world.machine.active_mut(key).unwrap();
    assert!(!active.is_told_to_end());
    let run = active.run;
    world.cancel_one(0);
    world.reply(punctual_machine::Reply::Cancel(vec![(
        run,
        punctual_core::CancelReason::User,
    )]));
    assert!(world.machine.active_mut(key).is_none(), "it had not begun");
}
