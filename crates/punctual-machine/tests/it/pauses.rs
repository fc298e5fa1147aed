//! Pauses of jobs in which a next attempt is due, each as a short story.

use crate::body::How;
use crate::rules::{every, patient};
use crate::world::{SECOND, World};

/// Returns a world whose one run has failed once, every `seconds`, and waits for its next attempt.
fn failed_once(seconds: u64) -> World {
    let mut world = World::new();
    world.add_job(every(seconds, &world).with_policies(patient()));
    world.arrive();
    world.end_body(0, How::Fails);
    world.arrive();
    world
}

impl World {
    /// Lets the next attempt be due in a pause of the job, in which the store refuses it.
    fn refuse_in_a_pause(&mut self) {
        self.pass(2 * SECOND);
        let claim = self.claim();
        self.deliver(claim);
        assert!(self.bodies.is_empty());
    }

    fn check_second_attempt(&mut self) {
        self.arrive();
        let running = self.machine.running();
        let attempts = running.iter().map(|own| own.attempts);
        assert_eq!(attempts.collect::<Vec<_>>(), [2]);
    }
}

/// The node hears of the pause and of its end together, after it had asked for the next attempt.
#[test]
fn a_run_whose_next_attempt_was_due_in_a_pause_goes_on_after_it() {
    let mut world = failed_once(30);
    world.pause_job(0, true);
    world.refuse_in_a_pause();
    world.pause_job(0, false);
    world.check_second_attempt();
}

/// The answer to the claim holds the row after the pause. When the node hears of the edit, the row
/// tells nothing new. A report of the edit before, which was on its way, changes nothing about that.
#[test]
fn a_pause_whose_end_is_told_by_a_lost_claim_hides_no_next_attempt() {
    for is_pause_on_its_way in [false, true] {
        let mut world = failed_once(10);
        world.pause_job(0, true);
        world.refuse_in_a_pause();
        world.pass(8 * SECOND);
        if is_pause_on_its_way {
            world.watch();
        }
        world.pause_job(0, false);
        let claim = world.claim();
        world.deliver(claim);
        world.check_second_attempt();
    }
}

/// The caller of `run_job` has read the row after the pause.
#[test]
fn a_pause_whose_end_is_told_by_a_run_by_hand_hides_no_next_attempt() {
    let mut world = failed_once(3_600);
    world.pause_job(0, true);
    world.arrive();
    world.refuse_in_a_pause();
    world.pause_job(0, false);
    world.run_by_hand(world.the_job());
    world.check_second_attempt();
}
