//! Runs by hand, each as a short story.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    CancelReason, Date, Job, Origin, Outcome, Overlap, Policies, PoliciesBuilder, RunId, RunState,
    Unlimited,
};
use punctual_machine::{Refusal, Reply};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimReply, ClaimRequest, JobStore as _, RunFilter,
    RunOverrides, Won,
};

use crate::body::How;
use crate::rules::{every, named, patient};
use crate::world::{Call, SECOND, STORE, World, now};

fn queue() -> Policies {
    Policies::new().overlap(Overlap::queue(1)).build().unwrap()
}

impl World {
    fn take_claim(&mut self) -> Box<ClaimRequest> {
        let claim = self.claim();
        let Call::Claim(request, _) = self.calls.remove(claim) else {
            unreachable!("it is a claim");
        };
        request
    }
}

#[test]
fn a_run_by_hand_that_waits_is_named() {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(queue()));
    world.arrive();
    world.run_by_hand(world.the_job());
    world.arrive();
    assert_eq!(world.answers[&0], Ok(RunId(world.open_runs()[0].id.0 + 1)));
}

#[test]
fn a_run_by_hand_whose_number_is_lost_is_not_refused() {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(queue()));
    world.arrive();
    let stored = world.the_job();
    world.run_by_hand(stored.clone());
    let mut request = world.take_claim();
    request.is_repeated = true;
    let reply = ClaimReply::new(vec![ClaimAnswer::Won(Won::new(
        &stored.state,
        RunId::default(),
        1,
    ))]);
    world.reply(Reply::Claimed(request, reply, Vec::new()));
    assert_eq!(world.answers[&0], Err(Refusal::NumberLost));
}

/// Another node was asked for a run of the same job in the same microsecond.
#[test]
fn a_run_by_hand_is_asked_for_again_if_its_key_was_used() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.meet();
    world.arrive();
    let stored = world.the_job();
    let plan = punctual_core::plan::manual(&stored.job.view(&stored.state), world.time());
    let other =
        ClaimRequest::new(world.rival.clone().unwrap(), world.time()).claims(vec![Claim::new(
            stored.job.id().clone(),
            stored.state.birth,
            ClaimKind::Manual {
                incarnation: stored.state.incarnation,
                plan,
                overrides: RunOverrides::none(),
            },
        )]);
    let reply = now(world.store.claim(&other)).unwrap();
    let ClaimAnswer::Won(won) = &reply.answers[0] else {
        panic!("it is the first: {reply:?}");
    };
    world.rival_runs = vec![won.first];
    world.seen.theirs.insert(won.first);
    world.run_by_hand(stored);
    world.rival_ends();
    world.arrive();
    assert_eq!(world.answers[&0], Ok(RunId(won.first.0 + 1)));
}

#[test]
fn a_run_by_hand_is_not_asked_for_again_of_a_store_that_was_removed() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.run_by_hand(world.the_job());
    let mut request = world.take_claim();
    world.tell(|machine| machine.leave_store(STORE));
    let mut stored = world.the_job();
    stored.state.running = 1;
    request.ends.clear();
    let reply = ClaimReply::new(vec![ClaimAnswer::AtLimit(stored)]);
    world.reply(Reply::Claimed(request, reply, Vec::new()));
    assert_eq!(world.answers[&0], Err(Refusal::NoStore));
}

/// A shutdown may last for hours, and the caller waits for the answer.
#[test]
fn a_run_by_hand_is_not_asked_for_again_during_a_shutdown() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.run_by_hand(world.the_job());
    let mut request = world.take_claim();
    world.begin_shutdown();
    let mut stored = world.the_job();
    stored.state.running = 1;
    request.ends.clear();
    let reply = ClaimReply::new(vec![ClaimAnswer::AtLimit(stored)]);
    world.reply(Reply::Claimed(request, reply, Vec::new()));
    assert_eq!(world.answers[&0], Err(Refusal::IsStopping));
}

#[test]
fn a_run_by_hand_of_an_edited_job_is_not_asked_for_again_during_a_shutdown() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    let stored = world.the_job();
    world.reschedule(0, 0);
    world.run_by_hand(stored);
    let claim = world.claim();
    world.serve(claim);
    world.begin_shutdown();
    let claim = world.claim();
    world.deliver(claim);
    assert_eq!(world.answers[&0], Err(Refusal::IsStopping));
}

/// The store never answers.
#[test]
fn a_caller_is_answered_when_a_shutdown_ends_or_its_store_is_gone() {
    for leaves in [false, true] {
        let mut world = World::new();
        world.add_job(every(3_600, &world));
        world.arrive();
        world.end_body(0, How::Succeeds);
        world.arrive();
        world.run_by_hand(world.the_job());
        if leaves {
            world.lose_rows();
            world.leave();
            assert_eq!(world.answers[&0], Err(Refusal::NoStore));
        } else {
            let _unanswered = world.take_claim();
            world.begin_shutdown();
            world.end_shutdown();
            assert_eq!(world.answers[&0], Err(Refusal::IsStopping));
        }
    }
}

/// The caller of `cancel` was faster than the answer that opened the run.
#[test]
fn a_run_that_is_cancelled_before_its_answer_comes_never_begins() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    while world
        .calls
        .iter()
        .all(|call| !matches!(call, Call::Claim(..)))
    {
        world.watch();
        world.deliver(0);
        world.ring();
    }
    let claim = world.claim();
    world.serve(claim);
    let run = world.open_runs()[0].id;
    world.cancel_one(0);
    world.reply(Reply::Cancel(vec![(run, CancelReason::User)]));
    let claim = world.claim();
    world.deliver(claim);
    assert!(world.bodies.is_empty(), "its body does not begin");
    world.arrive();
    let ended = world.seen.counted.values().map(|own| own.outcome);
    let user = Outcome::Cancelled(CancelReason::User);
    assert_eq!(ended.collect::<Vec<_>>(), [user]);
}

/// The first run exists. The request that is sent again must not open another one.
#[test]
fn a_run_by_hand_whose_answer_was_lost_runs_once_although_the_job_was_rescheduled() {
    let mut world = World::new();
    let unlimited = Policies::new().max_instances(Unlimited).build().unwrap();
    world.add_job(every(3_600, &world).with_policies(unlimited));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.run_by_hand(world.the_job());
    let claim = world.claim();
    world.lose(claim);
    world.reschedule(0, 0);
    world.arrive();
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let by_hand = runs.iter().filter(|run| run.key.origin == Origin::Manual);
    assert_eq!(by_hand.count(), 1);
    assert!(world.answers[&0].is_ok());
}

/// The node did not know of the edit when it asked.
#[test]
fn a_run_by_hand_is_asked_for_again_if_the_job_was_rescheduled_just_before() {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(queue()));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    let stored = world.the_job();
    world.reschedule(0, 0);
    world.run_by_hand(stored);
    world.arrive();
    assert!(world.answers[&0].is_ok(), "{:?}", world.answers[&0]);
}

/// All instances are busy, so the request that the edit refuses would only have been recorded.
#[test]
fn a_refused_run_by_hand_is_recorded_at_its_own_time_although_the_job_was_rescheduled() {
    let mut world = World::new();
    let began = world.time();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.run_by_hand(world.the_job());
    let claim = world.claim();
    world.deliver(claim);
    world.reschedule(0, 0);
    world.arrive();
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let by_hand = runs.iter().find(|run| run.key.origin == Origin::Manual);
    assert!(by_hand.unwrap().fire_time() >= began, "{by_hand:?}");
}

/// Another job takes the id of the first one, and its fire time passed just when the run by hand was
/// asked for. The run has nothing to do with that schedule.
#[test]
fn the_lateness_of_a_run_by_hand_is_counted_whatever_the_schedule_has_named() {
    let mut world = World::new();
    world.add_job_at(every(3_600, &world).with_policies(patient()), 3_600);
    world.arrive();
    let asked = world.time();
    world.run_by_hand(world.the_job());
    world.arrive();
    let run = world.open_runs()[0].id;
    world.end_body(0, How::Fails);
    world.pass(SECOND);
    let passed = Date::at(asked).build().unwrap();
    let two = PoliciesBuilder::from(patient())
        .max_instances(2)
        .build()
        .unwrap();
    let job = every(3_600, &world).with_policies(two);
    world.replace(job.with_trigger(passed));
    world.arrive();
    world.pass(SECOND);
    world.arrive();
    while !world.bodies.is_empty() {
        world.end_body(0, How::Succeeds);
        world.arrive();
    }
    assert_eq!(world.seen.counted[&run].late_since, Some(asked));
    let past = world.seen.counted.values().filter(|own| own.run != run);
    assert_eq!(past.map(|own| own.late_since).collect::<Vec<_>>(), [None]);
}

/// The store names only the head of the job. Another job takes its id before the lost answer is
/// looked for, and its definition is not that of the run or of the fire time that is armed.
#[test]
fn a_job_that_replaces_another_one_tells_nothing_about_it_by_a_lost_answer() {
    let mut world = World::new();
    world.names_heads = true;
    let spread = |seconds| {
        Policies::new()
            .jitter(Duration::from_secs(seconds))
            .build()
            .unwrap()
    };
    world.add_job_at(every(3_600, &world).with_policies(spread(2)), 20);
    world.deliver(0);
    world.run_by_hand(world.the_job());
    let claim = world.claim();
    world.lose(claim);
    world.replace(every(3_600, &world).with_policies(spread(20)));
    let claim = world.claim();
    world.deliver(claim);
    let held = world.machine.held(world.latest, &world.timer);
    assert!(held.wrong.is_empty(), "{:?}", held.wrong);
    world.settle();
    assert!(world.answers[&0].is_ok());
    let mut running = world.machine.active().map(|(_, own)| own.attempts);
    assert_eq!(running.next(), Some(1), "the run begins with arguments");
}

/// Only the store knows the number of the run. Two other runs by hand came before it.
#[test]
fn a_run_by_hand_that_waits_is_named_although_its_answer_was_lost() {
    let mut world = World::new();
    let long = Policies::new().overlap(Overlap::queue(3)).build().unwrap();
    world.add_job(every(3_600, &world).with_policies(long));
    world.arrive();
    for _ in 0..2 {
        world.end_body(0, How::Succeeds);
        world.arrive();
        world.pass(SECOND);
        world.run_by_hand(world.the_job());
        world.arrive();
    }
    world.pass(SECOND);
    world.run_by_hand(world.the_job());
    let claim = world.claim();
    world.lose(claim);
    let waiting = now(world.store.runs(RunFilter::default())).unwrap();
    let waiting = waiting.iter().find(|run| run.state == RunState::Queued);
    let id = waiting.unwrap().id;
    world.arrive();
    assert_eq!(world.answers[&2], Ok(id));
}

/// The store takes a part of the request that is sent again, and the claim is not in that part.
#[test]
fn a_run_by_hand_whose_answer_was_lost_runs_once_although_it_is_not_tried_again() {
    let mut world = World::new();
    for number in 0..3 {
        world.add_job(named(number, every(3_600, &world)));
    }
    world.arrive();
    let stored = world.the_job();
    for _ in 0..3 {
        world.end_body(0, How::Succeeds);
    }
    world.run_by_hand(stored);
    // The first end is on its way. The others go with the claim.
    let claim = world.claim();
    world.deliver(claim);
    let claim = world.claim();
    world.lose(claim);
    world.is_full = true;
    world.arrive();
    assert!(!world.is_full, "a part was taken");
    let runs = now(world.store.runs(RunFilter::default())).unwrap();
    let by_hand: Vec<_> = runs
        .iter()
        .filter(|run| run.key.origin == Origin::Manual)
        .map(|run| Ok(run.id))
        .collect();
    assert_eq!(by_hand, [world.answers[&0]]);
}

/// No run of the job ends in between, which would hand the waiting one out as well.
#[test]
fn a_run_that_waits_begins_when_an_edit_makes_room() {
    let mut world = World::new();
    world.add_job(every(3_600, &world).with_policies(queue()));
    world.arrive();
    world.run_by_hand(world.the_job());
    world.arrive();
    assert_eq!(world.bodies.len(), 1);
    let stored = world.the_job();
    let wider = Policies::new().overlap(Overlap::queue(1)).max_instances(2);
    let job = Job::clone(&stored.job).with_policies(wider.build().unwrap());
    world.update(&stored, Arc::new(job), stored.state, false);
    world.arrive();
    assert_eq!(world.bodies.len(), 2);
}

/// The store has begun the run, and a renewal tells that it is to end before the answer to the claim does.
#[test]
fn a_run_that_is_cancelled_before_the_answer_to_its_claim_never_begins() {
    let mut world = World::new();
    world.add_job(every(3_600, &world));
    world.arrive();
    world.end_body(0, How::Succeeds);
    world.arrive();
    world.run_by_hand(world.the_job());
    let request = world.take_claim();
    let reply = now(world.store.claim(&request)).unwrap();
    let [ClaimAnswer::Won(won)] = &reply.answers[..] else {
        panic!("{reply:?}");
    };
    let run = won.first;
    world.reply(Reply::Cancel(vec![(run, CancelReason::User)]));
    world.reply(Reply::Claimed(request, reply, Vec::new()));
    world.arrive();
    assert!(world.bodies.is_empty());
    let filter = RunFilter {
        id: Some(run),
        ..RunFilter::default()
    };
    let ended = now(world.store.runs(filter)).unwrap().remove(0);
    let cancelled = Outcome::Cancelled(CancelReason::User);
    assert_eq!(ended.outcome(), Some(cancelled));
}
