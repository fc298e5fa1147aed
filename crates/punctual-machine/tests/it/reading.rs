//! Reads of due jobs, and what leads to none, each as a short story.

use chrono::TimeDelta;
use punctual_machine::Read;

use crate::body::How;
use crate::rules::{every, named};
use crate::world::{Call, SECOND, World};

/// The time within which a due job is read.
const AHEAD: i64 = 60;

impl World {
    /// Lets the node hear of edits, and returns whether it reads due jobs for them.
    fn reads_after_edits(&mut self) -> bool {
        self.watch();
        let is_edit = |call: &Call| matches!(call, Call::Changes(_));
        let edits = self.calls.iter().position(is_edit);
        self.deliver(edits.expect("there are edits"));
        self.calls.iter().any(|call| matches!(call, Call::Due(..)))
    }

    /// Returns the time through which due jobs are read.
    fn reads_through(&self) -> Option<TimeDelta> {
        let mut reads = self.calls.iter().filter_map(|call| match call {
            Call::Due(Read::Due(request), _) => Some(request.through - self.time()),
            _ => None,
        });
        reads.next()
    }
}

/// Returns a world with a job whose runs have all ended.
fn quiet() -> World {
    let mut world = World::new();
    world.add_job(every(20, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world
}

#[test]
fn edits_of_a_job_that_goes_on_lead_to_no_read() {
    let mut world = quiet();
    for _ in 0..3 {
        world.edit_policies(0, 1);
        assert!(!world.reads_after_edits());
    }
    world.pause_job(0, true);
    assert!(!world.reads_after_edits(), "nothing begins in a pause");
    world.edit_policies(0, 0);
    assert!(!world.reads_after_edits());
    world.pause_job(0, false);
    assert!(world.reads_after_edits(), "a run may have waited");
}

#[test]
fn jobs_that_never_ran_lead_to_no_read() {
    let mut world = World::new();
    world.arrive();
    for (number, after) in [(0, 20), (1, 20), (2, 3_600)] {
        world.add_job_at(named(number, every(20, &world)), after);
        assert!(!world.reads_after_edits());
    }
    world.edit_policies(2, 1);
    assert!(!world.reads_after_edits(), "it is not known here");
}

/// A pause and its end may lie between two revisions of a job.
#[test]
fn two_edits_that_are_reported_together_lead_to_a_read() {
    let mut world = quiet();
    world.edit_policies(0, 1);
    world.edit_policies(0, 2);
    assert!(world.reads_after_edits());
    world.arrive();
    world.edit_policies(0, 1);
    assert!(!world.reads_after_edits(), "it was read since");
}

#[test]
fn all_jobs_are_read_once_when_a_test_clock_asks_for_it() {
    let mut world = World::new();
    world.arrive();
    world.tell(|machine| machine.look_at_all());
    assert!(world.reads_through() > Some(TimeDelta::days(36_000)));
    world.arrive();
    world.tell(|machine| machine.look_again());
    assert_eq!(world.reads_through(), Some(TimeDelta::seconds(AHEAD)));
}

/// Half of the time that is read ahead has passed when the store is asked again.
#[test]
fn a_job_beyond_the_window_is_read_half_a_minute_before_it_is_due() {
    let mut world = World::new();
    world.add_job_at(every(3_600, &world), 100);
    world.arrive();
    world.pass(69 * SECOND);
    assert_eq!(world.reads_through(), None);
    world.pass(SECOND);
    assert!(world.reads_through().is_some());
    world.arrive();
    world.pass(30 * SECOND);
    world.arrive();
    assert_eq!(world.bodies.len(), 1);
}

/// An edit that puts a job off leaves the alarm behind. It must not make the job due.
#[test]
fn the_alarm_of_a_job_that_was_put_off_claims_nothing() {
    let mut world = World::new();
    world.add_job_at(every(3_600, &world), 10);
    world.arrive();
    let stored = world.the_job();
    let mut state = stored.state;
    state.next_run_time = Some(world.time() + TimeDelta::seconds(20));
    world.update(&stored, stored.job.clone(), state, false);
    world.arrive();
    world.pass(10 * SECOND);
    assert!(world.calls.is_empty(), "it is due in ten seconds");
    world.pass(10 * SECOND);
    world.arrive();
    assert_eq!(world.bodies.len(), 1);
}
