//! Room for claims of nodes that have seen an older state.

use punctual_core::{Overlap, Policies};

use super::world::{World, times};
use crate::batch::Verdict;

/// Returns whether a job with room for two instances takes a run by hand that starts, and one that
/// waits.
fn takes(overlap: Overlap, running: u32, queued: u32) -> (bool, bool) {
    let try_plan = |starts: bool| {
        let mut world = World::new(
            Policies::new()
                .max_instances(2)
                .overlap(overlap)
                .build()
                .unwrap(),
        );
        let mut plan = world.by_hand(&[5]);
        if !starts {
            (plan.start, plan.queue) = (Vec::new(), times(&[5]));
        }
        (world.state.running, world.state.queued) = (running, queued);
        let claim = world.manual(plan);
        match world.claim(5, &claim) {
            Verdict::Won(..) => true,
            Verdict::AtLimit(()) => false,
            Verdict::Lost(_) => panic!("it is not lost"),
        }
    };
    (try_plan(true), try_plan(false))
}

#[test]
fn a_run_starts_where_an_instance_is_free_and_waits_where_there_is_a_queue() {
    assert_eq!(takes(Overlap::Skip, 1, 0), (true, false));
    assert_eq!(takes(Overlap::Skip, 2, 0), (false, false));
    assert_eq!(takes(Overlap::CancelRunning, 1, 0), (true, true));
    assert_eq!(takes(Overlap::CancelRunning, 2, 0), (false, true));
    let queue = Overlap::queue(2);
    assert_eq!(takes(queue, 1, 0), (true, true));
    assert_eq!(takes(queue, 2, 0), (false, true));
}

#[test]
fn a_free_instance_of_a_queue_belongs_to_the_one_that_waits() {
    let queue = Overlap::queue(2);
    assert_eq!(takes(queue, 1, 1), (false, true));
    assert_eq!(takes(queue, 1, 2), (false, false));
    assert_eq!(takes(queue, 1, 3), (false, false));
    // Waiting runs do not hold up a policy without a queue.
    assert_eq!(takes(Overlap::Skip, 1, 1), (true, false));
    assert_eq!(takes(Overlap::CancelRunning, 1, 1), (true, true));
}
