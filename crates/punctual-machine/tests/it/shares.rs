//! Jobs that are left to other nodes, which do not claim them.

use punctual_store::JobStore as _;

use crate::rules::{every, named};
use crate::world::{World, info, now};

/// The time for which a job is left to its owner, in microseconds.
const PATIENCE: i64 = 666_666;
const MILLISECOND: i64 = 1_000;

/// Returns a world in which other nodes share the store and claim nothing, with jobs that are due
/// in ten seconds.
fn shared(others: &[&str], jobs: u32) -> World {
    let mut world = World::new();
    world.meet();
    for other in others {
        now(world.store.register(info(other))).unwrap();
    }
    world.meet();
    for number in 0..jobs {
        world.add_job_at(named(number, every(3_600, &world)), 10);
    }
    world.arrive();
    world
}

impl World {
    /// Lets time pass in short steps, in which all answers arrive.
    fn pass_slowly(&mut self, span: i64) {
        for _ in 0..span / MILLISECOND / 5 {
            self.pass(5 * MILLISECOND);
            self.arrive();
        }
    }
}

/// Each node looks after half the patience. The third in the order of a job waits a little longer.
#[test]
fn the_nodes_take_a_job_that_was_left_over_in_their_order() {
    for late in 0..8 {
        let mut world = shared(&["three"], 60);
        // The looks of a node are counted from then, so that they are at other times in each round.
        let before_due = (50 + late * 40) * MILLISECOND;
        world.pass(10_000 * MILLISECOND - before_due);
        world.arrive();
        assert!(world.bodies.is_empty());
        world.pass_slowly(before_due + PATIENCE / 2 - 20 * MILLISECOND);
        let own = world.bodies.len();
        assert!((5..40).contains(&own), "its own share: {own}");
        world.pass_slowly(PATIENCE / 6);
        assert!(
            world.bodies.len() < 60,
            "those of which it is the third wait"
        );
        world.pass_slowly(PATIENCE);
        assert_eq!(world.bodies.len(), 60);
    }
}

/// The other node may only be late, and would claim in vain what this one has taken.
#[test]
fn few_of_many_jobs_that_were_left_over_are_taken_at_a_time() {
    let mut world = shared(&[], 800);
    world.pass(9_900 * MILLISECOND);
    world.pass_slowly(100 * MILLISECOND + PATIENCE / 4);
    let own = world.bodies.len();
    assert!((200..500).contains(&own), "its own share: {own}");
    let mut most = 0;
    for _ in 0..5 * PATIENCE / MILLISECOND / 5 {
        let before = world.bodies.len();
        world.pass_slowly(5 * MILLISECOND);
        most = most.max(world.bodies.len() - before);
    }
    assert_eq!(world.bodies.len(), 800);
    assert!((1..=256).contains(&most), "at a time: {most}");
}
