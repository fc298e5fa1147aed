//! Schedules that were set back onto decided fire times.

use punctual_core::{Coalesce, Origin, Outcome, Policies, RunKey, SkipReason, Unlimited};

use super::world::{World, at, times};
use crate::batch::Verdict;

/// Returns a job with a backlog from second 10 on, of which one fire time was decided before.
fn used(second: i64) -> World {
    let mut world = World::new(
        Policies::new()
            .coalesce(Coalesce::all(9))
            .max_instances(Unlimited)
            .build()
            .unwrap(),
    );
    world.keys.push(RunKey {
        incarnation: world.state.incarnation,
        origin: Origin::Scheduled,
        fire_time: at(second),
    });
    world
}

fn keys_from(world: &World, from: usize) -> Vec<chrono::DateTime<chrono::Utc>> {
    world.keys[from..].iter().map(|key| key.fire_time).collect()
}

#[test]
fn what_comes_after_a_used_fire_time_is_planned_anew_and_runs() {
    let mut world = used(10);
    assert_eq!(world.run_due(35), Verdict::Lost(Some(())));
    assert_eq!(world.state.next_run_time, Some(at(20)));
    assert_eq!((world.state.revision, world.ranges.len()), (2, 0));
    assert!(matches!(world.run_due(35), Verdict::Won(..)));
    assert_eq!(keys_from(&world, 1), times(&[20, 30]));
}

#[test]
fn a_fire_time_before_a_used_one_is_skipped_and_what_comes_after_runs() {
    let mut world = used(20);
    assert_eq!(world.run_due(35), Verdict::Lost(Some(())));
    assert_eq!(world.state.next_run_time, Some(at(30)));
    let range = &world.ranges[0];
    assert_eq!(range.range.first, at(10));
    assert_eq!(range.outcome, Outcome::Skipped(SkipReason::Edited));
    assert!(matches!(world.run_due(35), Verdict::Won(..)));
    assert_eq!(keys_from(&world, 2), times(&[30]));
}
