//! Runs of nodes that fell silent, and who goes on with them.

use punctual_core::{Coalesce, MissReason, OnLost, Outcome, Overlap, PoliciesBuilder, RunState};
use punctual_store::testing::{Fault, StoreCall};
use punctual_store::{BatchLimits, JobStore, RunFilter};
use punctual_tokio::{EventKind, JobContext, Scheduler};

use crate::desk::{Desk, LOST, PERIOD, SUCCEEDED};
use crate::support::{every, pass, seconds};
use crate::ways::{Way, share, slow_by, way_to};

#[tokio::test(start_paused = true)]
async fn a_lost_run_is_rerun_by_another_node_under_a_greater_number() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::rerun(3)).await.unwrap();
    pass(PERIOD).await;
    let (_two, _) = desk.node("two").await;
    way.set(StoreCall::ALL, Fault::Held);
    pass(14).await;
    let begun = desk.begun.all();
    assert_eq!(
        begun.iter().map(|(node, _)| *node).collect::<Vec<_>>(),
        ["one", "two"]
    );
    assert!(begun[1].1 > begun[0].1);
    way.mend(StoreCall::ALL);
    pass(5).await;
    assert_eq!(desk.log.all(), [("one", 1, true)]);
    desk.go.notify_one();
    pass(1).await;
    assert_eq!(desk.log.all()[1..], [("two", 2, false)]);
    assert_eq!(
        desk.states().await,
        [SUCCEEDED],
        "one outcome for the fire time"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_admitted_under_a_wider_limit_is_rerun() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a").max_instances(2);
    job.on_lost(OnLost::rerun(1)).await.unwrap();
    for _ in 0..2 {
        one.run_job("a").await.unwrap();
        pass(1).await;
    }
    let (two, _) = desk.node("two").await;
    way.set(StoreCall::ALL, Fault::Held);
    let job = two.get_job("a").await.unwrap().unwrap();
    let policies = PoliciesBuilder::from(*job.policies())
        .max_instances(1)
        .build()
        .unwrap();
    two.modify_job("a").policies(policies).await.unwrap();
    pass(14).await;
    assert_eq!(desk.begun.all().len(), 4);
    desk.go.notify_waiters();
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_node_takes_no_runs_over() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::rerun(1)).await.unwrap();
    pass(PERIOD).await;
    let (two, _) = desk.node("two").await;
    two.pause().await.unwrap();
    way.set(StoreCall::ALL, Fault::Held);
    pass(30).await;
    assert_eq!(desk.begun.all().len(), 1);
    assert_eq!(desk.states().await, [RunState::Retrying], "it waits");
    two.resume().await.unwrap();
    pass(10).await;
    assert_eq!(desk.begun.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_removed_takes_no_runs_over() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::rerun(1)).await.unwrap();
    one.add_job("work", every(9 * PERIOD))
        .id("b")
        .await
        .unwrap();
    pass(PERIOD).await;
    let (two, _) = desk.node("two").await;
    two.run_job("b").await.unwrap();
    two.remove_store("default").await.unwrap();
    way.set(StoreCall::ALL, Fault::Held);
    pass(30).await;
    assert_eq!(desk.begun.all().len(), 2, "{:?}", desk.begun.all());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_settles_what_many_dead_ones_left_is_not_taken_for_dead() {
    let desk = Desk::default();
    let mut dying = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        dying.push(desk.node(name).await);
    }
    let (busy, slow) = desk.node("busy").await;
    slow.set(StoreCall::Recover, slow_by(seconds(3)));
    busy.add_job("work", every(PERIOD)).id("a").await.unwrap();
    busy.run_job("a").await.unwrap();
    pass(0).await;
    let (_other, _) = desk.node("other").await;
    pass(10).await;
    for (_, way) in &dying {
        way.set(StoreCall::ALL, Fault::Held);
    }
    pass(60).await;
    assert_eq!(desk.nodes().await, ["busy", "other"]);
    assert_eq!(desk.states().await, [RunState::Running]);
}

#[tokio::test(start_paused = true)]
async fn counts_are_compared_after_the_runs_of_a_dead_node_are_settled() {
    let desk = Desk::default();
    let (one, dead) = desk.node("one").await;
    let (two, way) = desk.node("two").await;
    two.pause().await.unwrap();
    let job = one.add_job("work", every(600)).id("a");
    job.run_at_start().await.unwrap();
    pass(5).await;
    two.resume().await.unwrap();
    assert_eq!(desk.begun.all().len(), 1);
    assert_eq!(way.begun(StoreCall::Recount), 0);
    dead.set(StoreCall::ALL, Fault::Held);
    pass(20).await;
    assert_eq!(way.begun(StoreCall::Recount), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_goes_on_as_soon_as_the_run_of_a_dead_node_is_settled() {
    let desk = Desk::default();
    let (one, dead) = desk.node("one").await;
    let (_two, way) = desk.node("two").await;
    let job = one.add_job("work", every(600)).id("a");
    job.overlap(Overlap::queue(5)).await.unwrap();
    one.run_job("a").await.unwrap();
    one.run_job("a").await.unwrap();
    pass(1).await;
    let before = way.begun(StoreCall::Recover);
    dead.set(StoreCall::ALL, Fault::Held);
    way.until_begun(StoreCall::Recover, before + 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let nodes: Vec<_> = desk.begun.all().into_iter().map(|(node, _)| node).collect();
    assert_eq!(nodes, ["one", "two"]);
}

/// A node whose bodies do not listen when they are told to end.
async fn stubborn(desk: &Desk, store: Way) -> Scheduler {
    let body = desk.clone();
    let work = move |context: JobContext| {
        let desk = body.clone();
        async move {
            desk.begun.push(("one", context.fencing_token()));
            desk.go.notified().await;
        }
    };
    let one = Scheduler::builder().store("default", store);
    let one = one.node("one").task("work", work).build().unwrap();
    one.start().await.unwrap();
    one
}

/// A node that settles what others leave, and has no task to begin it.
async fn heir(desk: &Desk) -> Scheduler {
    let heir = Scheduler::builder().store("default", way_to(&desk.store).0);
    let heir = heir.node("heir").build().unwrap();
    heir.start().await.unwrap();
    heir
}

/// A rerun keeps the number of its run. What its node could not tell before it was taken for dead is
/// not about the new attempt.
#[tokio::test(start_paused = true)]
async fn an_end_from_before_a_lease_was_lost_does_not_end_the_rerun() {
    let desk = Desk::default();
    let (way, faults) = way_to(&desk.store);
    // One end a request, so the ends of three runs are sent one after another.
    let mut limits = BatchLimits::default();
    limits.ends = 1;
    let capabilities = way.capabilities().shared(true).limits(limits);
    let one = stubborn(&desk, way.with_capabilities(capabilities)).await;
    let _heir = heir(&desk).await;
    for id in ["a", "b", "c"] {
        let job = one.add_job("work", every(600)).id(id);
        job.on_lost(OnLost::rerun(3)).await.unwrap();
        one.run_job(id).await.unwrap();
    }
    pass(1).await;
    faults.set(StoreCall::ALL, Fault::Held);
    desk.go.notify_waiters();
    pass(20).await;
    let states = async || {
        let runs = desk.store.runs(RunFilter::default()).await.unwrap();
        runs.iter().map(|run| run.state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [RunState::Retrying; 3]);
    faults.mend(StoreCall::ALL);
    faults.set(StoreCall::Claim, slow_by(seconds(1)));
    pass(10).await;
    assert_eq!(desk.begun.all().len(), 6);
    assert_eq!(states().await, [RunState::Running; 3]);
    desk.go.notify_waiters();
    pass(10).await;
    assert_eq!(states().await, [RunState::Ended(Outcome::Succeeded); 3]);
}

/// The body of the attempt before does not end when it is told to, so the run is there twice for a while.
#[tokio::test(start_paused = true)]
async fn a_rerun_begins_on_the_node_that_had_the_run_though_the_answer_is_lost() {
    let desk = Desk::default();
    let (way, faults) = way_to(&desk.store);
    let one = stubborn(&desk, way).await;
    let _heir = heir(&desk).await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::rerun(3)).await.unwrap();
    one.run_job("a").await.unwrap();
    pass(1).await;
    faults.set(StoreCall::ALL, Fault::Held);
    pass(20).await;
    assert_eq!(desk.states().await, [RunState::Retrying]);
    faults.mend(StoreCall::ALL);
    faults.next([StoreCall::Claim], Fault::LostAnswer);
    pass(20).await;
    assert_eq!(desk.states().await, [RunState::Running]);
    assert_eq!(desk.begun.all().len(), 2, "{:?}", desk.begun.all());
    desk.go.notify_waiters();
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED]);
}

/// Whatever it knows of them: what it begins now another node may have begun before.
#[tokio::test(start_paused = true)]
async fn a_node_that_may_be_taken_for_dead_begins_no_further_fire_time_of_an_instance() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    let job = job.coalesce(Coalesce::all(9));
    job.on_lost(OnLost::rerun(3)).await.unwrap();
    one.pause().await.unwrap();
    pass(2 * PERIOD).await;
    one.resume().await.unwrap();
    pass(0).await;
    let (_two, _) = desk.node("two").await;
    pass(5).await;
    way.set(StoreCall::ALL, Fault::Held);
    pass(14).await;
    assert_eq!(nodes_that_began(&desk), ["one", "two"]);
    // The first to wait is the body on the first node.
    desk.go.notify_one();
    pass(1).await;
    assert_eq!(desk.log.all(), [("one", 1, false)]);
    assert_eq!(nodes_that_began(&desk), ["one", "two"]);
    way.mend(StoreCall::ALL);
    pass(10).await;
    for _ in 0..2 {
        desk.go.notify_one();
        pass(1).await;
    }
    assert_eq!(nodes_that_began(&desk), ["one", "two", "two"]);
    assert_eq!(desk.states().await, [SUCCEEDED; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_may_be_taken_for_dead_begins_nothing_that_it_claimed_before() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::rerun(3)).await.unwrap();
    pass(PERIOD - 3).await;
    way.set([StoreCall::Renew], Fault::Held);
    way.set([StoreCall::Claim], Fault::HeldAnswer);
    way.until_begun(StoreCall::Claim, 1).await;
    let (_two, _) = desk.node("two").await;
    pass(9).await;
    assert_eq!(nodes_that_began(&desk), ["two"]);
    way.mend([StoreCall::Claim]);
    pass(1).await;
    assert_eq!(nodes_that_began(&desk), ["two"]);
    way.mend(StoreCall::ALL);
    desk.go.notify_one();
    pass(10).await;
    assert_eq!(nodes_that_began(&desk), ["two"]);
    assert_eq!(desk.states().await, [SUCCEEDED]);
}

/// The claim is answered within the grace time, but too late to begin; then the store is away.
#[tokio::test(start_paused = true)]
async fn what_was_put_off_for_longer_than_its_grace_time_is_missed() {
    let desk = Desk::default();
    share(&desk.store).await;
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.misfire_grace_time(seconds(20)).await.unwrap();
    pass(PERIOD - 3).await;
    way.set([StoreCall::Renew], Fault::Held);
    way.set([StoreCall::Claim], Fault::HeldAnswer);
    way.until_begun(StoreCall::Claim, 1).await;
    pass(8).await;
    way.set([StoreCall::Claim], Fault::Held);
    pass(60).await;
    way.mend(StoreCall::ALL);
    pass(5).await;
    let missed = Outcome::Missed(MissReason::Grace);
    assert_eq!(desk.states().await, [RunState::Ended(missed)]);
    assert!(desk.begun.all().is_empty());
}

/// What was put off goes on when the store is back, here if no other node has taken it.
#[tokio::test(start_paused = true)]
async fn the_rest_of_an_instance_waits_for_a_store_that_is_away() {
    let desk = Desk::default();
    share(&desk.store).await;
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.coalesce(Coalesce::all(9)).await.unwrap();
    one.pause().await.unwrap();
    pass(3 * PERIOD).await;
    one.resume().await.unwrap();
    pass(5).await;
    way.set(StoreCall::ALL, Fault::Held);
    pass(14).await;
    desk.go.notify_one();
    pass(60).await;
    assert_eq!(desk.begun.all().len(), 1);
    way.mend(StoreCall::ALL);
    pass(5).await;
    assert_eq!(desk.begun.all().len(), 2);
    for _ in 0..2 {
        desk.go.notify_one();
        pass(1).await;
    }
    assert_eq!(desk.states().await, [SUCCEEDED; 3]);
    assert_eq!(desk.begun.all().len(), 3);
}

fn nodes_that_began(desk: &Desk) -> Vec<&'static str> {
    desk.begun.all().into_iter().map(|(node, _)| node).collect()
}

#[tokio::test(start_paused = true)]
async fn a_lost_run_says_which_node_died() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    one.add_job("work", every(PERIOD)).id("a").await.unwrap();
    pass(PERIOD).await;
    let (two, _) = desk.node("two").await;
    let mut heard = two.events();
    way.set(StoreCall::ALL, Fault::Held);
    pass(14).await;
    assert_eq!(desk.states().await, [LOST]);
    let why = Some("the process of node `one` died, or its lease ended");
    let run = two.runs().job("a").ended().await.unwrap().remove(0);
    assert_eq!(run.error.as_deref(), why);
    let told = loop {
        let event = heard.next().await.unwrap().unwrap();
        if let EventKind::JobError(run) = &event.kind {
            break run.clone();
        }
    };
    assert_eq!(told.error.as_deref(), why);
}
