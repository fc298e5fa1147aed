//! The arguments of runs, compared with what callers have asked for.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{JobId, Origin, Overlap, Policies, Retry, Run, RunId, SkipReason};
use punctual_machine::Refusal;
use punctual_store::{JobStore as _, RunFilter, RunOverrides};

use crate::body::How;
use crate::rules::every;
use crate::world::{SECOND, World, now};

impl World {
    /// Returns the arguments that a run has to begin with.
    pub(crate) fn args_of(&self, job: &JobId, run: RunId) -> String {
        let filter = RunFilter {
            id: Some(run),
            ..RunFilter::job(job.clone())
        };
        let runs = now(self.store.runs(filter)).unwrap();
        let own = runs.first().and_then(|run| run.args.as_ref());
        own.map_or(format!("\"{job}\""), ToString::to_string)
    }

    /// Checks that the runs by hand have the arguments that callers gave them, and no other runs.
    pub(crate) fn check_args(&self, ledger: &[Run]) {
        let answered = self.answers.iter().filter_map(|(ticket, answer)| {
            let run = answer.ok()?;
            Some((run, self.seen.asked[ticket].as_deref()))
        });
        let answered: BTreeMap<RunId, _> = answered.collect();
        // A node that was taken for dead cannot tell what became of its requests.
        let is_told = self.lease.epoch == 1;
        let refused = self.answers.iter().filter(|(_, answer)| match answer {
            Err(Refusal::Lost) => is_told,
            Err(refusal) => matches!(refusal, Refusal::NoStore | Refusal::Lacks(_)),
            Ok(_) => false,
        });
        let refused: BTreeSet<_> = refused
            .filter_map(|(ticket, _)| self.seen.asked[ticket].as_deref())
            .collect();
        let mut given = BTreeSet::new();
        for run in ledger {
            let own = run.args.as_ref().map(ToString::to_string);
            let is_by_hand = run.key.origin == Origin::Manual;
            assert!(
                is_by_hand || own.is_none(),
                "it is of the schedule: {run:?}"
            );
            if let Some(wanted) = answered.get(&run.id) {
                assert_eq!(own.as_deref(), *wanted, "{run:?}");
            }
            let is_refused = own.as_deref().is_some_and(|own| refused.contains(own));
            let never_begins = run.started.is_none() && !run.is_open();
            assert!(
                never_begins || !is_refused,
                "its caller was told that it does not exist: {run:?}"
            );
            let is_first = own.is_none_or(|own| given.insert(own));
            assert!(is_first, "another run has the same: {run:?}");
        }
    }
}

fn own() -> RunOverrides {
    RunOverrides::none()
        .args(Some("[\"own\"]".into()))
        .overlap(Some(Overlap::queue(1)))
}

/// Returns the arguments of the only attempt under way.
fn args_under_way(world: &World) -> Vec<String> {
    let active = world.machine.active();
    let args = active.map(|(_, active)| active.job.args_json().to_owned());
    args.collect()
}

#[test]
fn a_run_by_hand_has_its_own_arguments_after_the_queue_and_at_its_next_attempt() {
    let mut world = World::new();
    let policies = Policies::new()
        .retry(Retry::attempts(2).build().unwrap())
        .build()
        .unwrap();
    world.add_job(every(3_600, &world).with_policies(policies));
    world.arrive();
    let of_job = args_under_way(&world);
    world.run_otherwise(world.the_job(), own());
    world.arrive();
    assert!(world.answers[&0].is_ok(), "its own overlap lets it wait");
    world.end_body(0, How::Succeeds);
    world.arrive();
    assert_eq!(args_under_way(&world), ["[\"own\"]"]);
    world.end_body(0, How::Fails);
    for _ in 0..60 {
        world.pass(SECOND);
        world.arrive();
    }
    assert_eq!(args_under_way(&world), ["[\"own\"]"], "at the next attempt");
    world.end_body(0, How::Succeeds);
    world.pass(3_600 * SECOND);
    world.arrive();
    assert_eq!(args_under_way(&world), of_job, "the schedule has the job's");
}

#[test]
fn a_run_by_hand_whose_answer_was_lost_has_its_own_arguments() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.run_otherwise(world.the_job(), own());
    let claim = world.claim();
    world.lose(claim);
    world.arrive();
    assert_eq!(args_under_way(&world), ["[\"own\"]"]);
}

#[test]
fn a_run_by_hand_that_is_asked_for_again_keeps_what_it_has_of_its_own() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    let stored = world.the_job();
    world.reschedule(0, 0);
    world.run_otherwise(stored, own());
    world.arrive();
    assert!(world.answers[&0].is_ok(), "{:?}", world.answers[&0]);
    world.end_body(0, How::Succeeds);
    world.arrive();
    assert_eq!(args_under_way(&world), ["[\"own\"]"]);
}

/// The run exists although the edit refuses the request that is sent again.
#[test]
fn a_run_by_hand_that_waits_is_named_although_its_answer_was_lost_and_the_job_rescheduled() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.run_otherwise(world.the_job(), own());
    let claim = world.claim();
    world.lose(claim);
    world.reschedule(0, 0);
    world.arrive();
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let mut by_hand = runs.iter().filter(|run| run.key.origin == Origin::Manual);
    assert_eq!(world.answers[&0], Ok(by_hand.next().unwrap().id));
    assert!(by_hand.next().is_none());
}

#[test]
fn a_run_by_hand_that_was_skipped_is_told_although_its_answer_was_lost_and_the_job_rescheduled() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.run_by_hand(world.the_job());
    let claim = world.claim();
    world.lose(claim);
    world.reschedule(0, 0);
    world.arrive();
    let busy = Refusal::Busy(SkipReason::MaxInstances);
    assert_eq!(world.answers[&0], Err(busy));
}

/// Another job has taken the id, and the caller did not mean that one.
#[test]
fn a_run_by_hand_of_a_job_that_was_replaced_is_lost() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    let stored = world.the_job();
    world.remove(0);
    world.add_job_at(every(3_600, &world), 3_600);
    world.run_otherwise(stored, own());
    world.arrive();
    assert_eq!(world.answers[&0], Err(Refusal::Lost));
    assert!(world.bodies.is_empty());
}
