//! Single rules, each as a short story. The random tests found most of them.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Coalesce, Interval, Job, JobState, Overlap, Policies, Retry};
use punctual_machine::Refusal;
use punctual_store::{
    ClaimAnswer, ClaimKind, ClaimReply, Insert, JobStore, OnConflict, StoredJob, Won,
};

use crate::body::How;
use crate::node::TASK;
use crate::rivals::claim_of;
use crate::world::{Call, SECOND, World, now};

/// Returns a job that is due now, and every `seconds` from then on.
pub(crate) fn every(seconds: u64, world: &World) -> Job {
    let trigger = Interval::every(Duration::from_secs(seconds)).start(world.time());
    let job = Job::new("a".try_into().unwrap(), TASK, trigger.build().unwrap());
    job.with_args_json("\"a\"").unwrap()
}

/// Returns policies by which a run is tried three times, with waits of two seconds.
pub(crate) fn patient() -> Policies {
    let retry = Retry::attempts(3).backoff("2s").cap("2s");
    Policies::new()
        .retry(retry.build().unwrap())
        .build()
        .unwrap()
}

/// Gives a job a name by number.
pub(crate) fn named(number: u32, job: Job) -> Job {
    let id = format!("job-{number}");
    let job = job.with_args_json(&format!("\"{id}\"")).unwrap();
    job.with_id(id.as_str().try_into().unwrap())
}

impl World {
    pub(crate) fn add_job(&self, job: Job) {
        self.add_job_at(job, 0);
    }

    /// Adds a job that is due `after` seconds from now.
    pub(crate) fn add_job_at(&self, job: Job, after: i64) {
        let mut state = JobState::default();
        state.next_run_time = Some(self.time() + chrono::TimeDelta::seconds(after));
        let insert = Insert::new(Arc::new(job), state, self.time()).on_conflict(OnConflict::Refuse);
        now(self.store.add(vec![insert])).unwrap()[0]
            .as_ref()
            .unwrap();
    }

    pub(crate) fn the_job(&self) -> StoredJob {
        self.jobs().into_iter().next().unwrap()
    }

    /// Returns the position of the claim that is on its way.
    pub(crate) fn claim(&self) -> usize {
        let mut calls = self.calls.iter();
        let claim = calls.position(|call| matches!(call, Call::Claim(..)));
        claim.expect("a claim is on its way")
    }
}

/// Another node had queued the fire time, and a lost answer handed the run to this node, which
/// found it. Then the claim of the same fire time is sent again, and the run is there.
#[test]
fn a_run_that_is_known_was_not_opened_by_a_claim_that_is_sent_again() {
    let mut world = World::new();
    world.add_job(every(5, &world));
    world.arrive();
    world.begin_body(0);
    let run = world.open_runs()[0].id;
    world.pass(5 * SECOND);
    let (claim, stored) = (world.claim(), world.the_job());
    let Call::Claim(mut request, _) = world.calls.remove(claim) else {
        unreachable!("it is a claim");
    };
    request.is_repeated = true;
    let ClaimKind::Advance { plan, .. } = &mut request.claims[0].kind else {
        unreachable!("it is due");
    };
    plan.start = vec![stored.state.next_run_time.unwrap()];
    let reply = ClaimReply::new(vec![ClaimAnswer::Won(Won::new(&stored.state, run, 1))]);
    world.reply(punctual_machine::Reply::Claimed(request, reply, Vec::new()));
    assert_eq!(world.machine.under_way(), 1);
    assert_eq!(world.told.get(&run), None, "it goes on");
}

/// The row holds the limit that the store uses. Claims by the old limit would never end.
#[test]
fn a_run_by_hand_goes_by_the_limit_that_an_edit_has_set() {
    let mut world = World::new();
    let wide = Policies::new().max_instances(2).build().unwrap();
    world.add_job(every(3_600, &world).with_policies(wide));
    world.arrive();
    let before = world.the_job();
    let job = (*before.job).clone().with_policies(Policies::default());
    world.update(&before, Arc::new(job), before.state, false);
    world.run_by_hand(before);
    let claim = world.claim();
    world.deliver(claim);
    let claim = world.claim();
    world.deliver(claim);
    let refused = Err(Refusal::Busy(punctual_core::SkipReason::MaxInstances));
    assert_eq!(world.answers.get(&0), Some(&refused));
}

/// The number of instances at the last refused claim has no meaning after the row was read again.
#[test]
fn a_limit_that_was_met_is_forgotten_with_an_edit() {
    let mut world = World::new();
    world.add_job(every(10, &world));
    world.arrive();
    world.meet();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.pass(10 * SECOND);
    // The answer is as if a run by hand of another node had been under way.
    let (claim, stored) = (world.claim(), world.the_job());
    let Call::Claim(request, _) = world.calls.remove(claim) else {
        unreachable!("it is a claim");
    };
    let mut busy = stored;
    busy.state.running = 1;
    let reply = ClaimReply::new(vec![ClaimAnswer::AtLimit(busy)]);
    world.machine.pause();
    world.reply(punctual_machine::Reply::Claimed(request, reply, Vec::new()));
    world.edit_policies(0, 0);
    world.arrive();
    world.tell(|machine| machine.resume());
    world.arrive();
    assert_eq!(world.machine.under_way(), 1, "nothing else is");
}

#[test]
fn an_executor_that_comes_back_while_the_store_is_asked_revives_its_jobs() {
    let mut world = World::new();
    world.add_job(every(5, &world));
    world.arrive();
    // There is no room for the next fire time, so a claim need not start anything.
    world.pass(5 * SECOND);
    world.claim();
    world.has_executor.set(false);
    world.tell(|machine| machine.park("default"));
    world.has_executor.set(true);
    world.tell(|machine| machine.look_again());
    let window = world
        .calls
        .iter()
        .position(|call| matches!(call, Call::Due(..)));
    world.deliver(window.unwrap());
    world.arrive();
    let held = world.machine.held(world.latest, &world.timer);
    assert!(held.stores[0].parked.is_empty());
    world.end_body(0, How::Succeeds);
    world.pass(5 * SECOND);
    world.arrive();
    assert_eq!(world.machine.under_way(), 1);
}

/// A job was rescheduled while its backlog was claimed, and the answer was lost. The new schedule
/// has a fire time in common with the old one.
#[test]
fn no_fire_time_begins_twice_when_the_answer_to_two_claims_is_lost() {
    let mut world = World::new();
    let all = Policies::new()
        .coalesce(Coalesce::all(5))
        .overlap(Overlap::Skip)
        .build()
        .unwrap();
    world.add_job(every(10, &world).with_policies(all));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    let old = world.the_job();
    world.pass(30 * SECOND);
    let claim = world.claim();
    let Call::Claim(mut request, _) = world.calls.remove(claim) else {
        unreachable!("it is a claim");
    };
    // The edit was made before the claim, and is claimed with it.
    let mut state = old.state;
    state.next_run_time = Some(world.time() - chrono::TimeDelta::seconds(30));
    world.update(&old, Arc::clone(&old.job), state, true);
    let new = world.the_job();
    request.claims.push(claim_of(&new, request.now));
    let mut reply = now(world.store.claim(&request)).unwrap();
    request.is_repeated = true;
    let own = world.open_runs();
    assert!(own.len() > 1, "the new schedule was claimed: {own:?}");
    let again = punctual_machine::repeated::again(&request, world.time());
    reply.answers = now(world.store.claim(&again)).unwrap().answers;
    punctual_machine::repeated::find_won(&request, &mut reply, &own);
    let won = |answer: &&ClaimAnswer| matches!(answer, ClaimAnswer::Won(_));
    assert_eq!(reply.answers.iter().filter(won).count(), 1);
}

/// The limit is a span of time, and not a time on the wall clock.
#[test]
fn a_clock_that_is_set_back_does_not_lengthen_the_time_of_a_body() {
    let mut world = World::new();
    let limited = Policies::new()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    world.add_job(every(3_600, &world).with_policies(limited));
    world.arrive();
    world.begin_body(0);
    world.set_clock(-3_600 * SECOND);
    world.pass(5 * SECOND);
    // The body may have waited for its place until the clock was set.
    assert_eq!(world.bodies[0].told, None);
    world.pass(5 * SECOND);
    assert!(world.bodies[0].told.is_some(), "its time is over");
}

/// A sole node hears of waiting runs only when it reads due jobs. The answer to such a reading was
/// made before the store knew that the run waits.
#[test]
fn a_run_that_was_left_to_other_nodes_goes_on_here_if_there_are_none() {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(patient()));
    world.arrive();
    world.end_body(0, How::Fails);
    world.arrive();
    world.pass(2 * SECOND);
    world.has_executor.set(false);
    world.tell(|machine| machine.park("default"));
    let claim = world.claim();
    world.deliver(claim);
    world.has_executor.set(true);
    world.tell(|machine| machine.look_again());
    let mut calls = world.calls.iter();
    let window = calls.position(|call| matches!(call, Call::Due(..)));
    world.deliver(window.unwrap());
    for _ in 0..61 {
        world.arrive();
        world.pass(SECOND);
    }
    world.arrive();
    assert_eq!(world.machine.under_way(), 1, "its second attempt");
}

/// The request that asks for the next attempt waits for the one before it, and goes to the store at an
/// earlier time than the attempt is due.
#[test]
fn a_retry_is_not_forgotten_when_the_clock_is_set_back_as_it_is_asked_for() {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(patient()));
    world.add_job(named(1, every(30, &world)));
    world.arrive();
    world.end_body(0, How::Fails);
    world.arrive();
    world.tell(|machine| machine.look_again());
    world.run_by_hand(world.the_job());
    world.pass(2 * SECOND);
    world.set_clock(-SECOND);
    world.arrive();
    world.pass(SECOND);
    world.arrive();
    let attempts = world.open_runs().into_iter().map(|run| run.attempts).max();
    assert_eq!(attempts, Some(1));
    assert!(world.machine.under_way() >= 2, "its second attempt");
}
