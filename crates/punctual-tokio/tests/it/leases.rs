//! Schedulers that share a store, and what becomes of those that fall silent.

use std::sync::Arc;

use punctual_core::{CancelReason, OnLost, Outcome, RunState};
use punctual_store::testing::{Fault, StoreCall};
use punctual_store::{JobStore, NodeInfo};
use punctual_tokio::{ErrorKind, EventKind, EventMask, JobStatus, NewJob, Scheduler};

use crate::desk::{Desk, LOST, PERIOD, SUCCEEDED};
use crate::support::{Log, every, pass, seconds};
use crate::ways::{slow_by, way_to};

#[tokio::test(start_paused = true)]
async fn runs_of_a_node_that_falls_silent_are_lost_and_it_hears_of_it() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.await.unwrap();
    pass(PERIOD).await;
    let (two, _) = desk.node("two").await;
    let events = Log::default();
    let heard = events.clone();
    let listener = move |event: Arc<punctual_tokio::Event>| {
        if let EventKind::JobError(run) = &event.kind {
            heard.push(run.outcome);
        }
    };
    two.add_listener(EventMask::JOB_ERROR, listener).unwrap();
    way.set(StoreCall::ALL, Fault::Failed);
    pass(5).await;
    assert_eq!(desk.states().await, [RunState::Running], "not yet");
    pass(6).await;
    assert_eq!(desk.states().await, [LOST]);
    assert_eq!(events.all(), [Outcome::Lost]);
    assert_eq!(desk.nodes().await, ["two"]);
    assert!(desk.log.all().is_empty(), "it does not know yet");
    way.mend(StoreCall::ALL);
    pass(20).await;
    assert_eq!(desk.log.all(), [("one", 1, true)]);
    assert_eq!(desk.states().await, [LOST], "what it says does not count");
    let names = desk.nodes().await;
    assert!(
        names.iter().any(|name| name.starts_with("one~")),
        "{names:?}"
    );
    // It goes on as a node like others.
    one.run_job("a").await.unwrap();
    desk.go.notify_one();
    pass(1).await;
    assert_eq!(desk.states().await, [LOST, SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_store_makes_no_node_dead() {
    let desk = Desk::default();
    let ((one, way), (_two, other)) = (desk.node("one").await, desk.node("two").await);
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.await.unwrap();
    pass(PERIOD).await;
    for node in [&way, &other] {
        node.set(StoreCall::ALL, Fault::Held);
    }
    pass(30).await;
    for node in [&way, &other] {
        node.mend(StoreCall::ALL);
    }
    pass(30).await;
    desk.go.notify_one();
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED]);
    assert_eq!(desk.nodes().await, ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_cancelled_from_another_node() {
    let desk = Desk::default();
    let ((one, _), (two, _)) = (desk.node("one").await, desk.node("two").await);
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.await.unwrap();
    let run = one.run_job("a").await.unwrap();
    pass(1).await;
    two.cancel_run(&run).await.unwrap();
    pass(3).await;
    assert_eq!(desk.log.all(), [("one", 1, true)]);
    let cancelled = RunState::Ended(Outcome::Cancelled(CancelReason::User));
    assert_eq!(desk.states().await, [cancelled]);
}

#[tokio::test(start_paused = true)]
async fn two_processes_of_one_name_do_not_fence_each_other_forever() {
    let desk = Desk::default();
    let ((one, _), (_other, _)) = (desk.node("same").await, desk.node("same").await);
    pass(60).await;
    let before = desk.nodes().await;
    assert_eq!(before.len(), 2, "{before:?}");
    pass(60).await;
    assert_eq!(desk.nodes().await, before);
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.await.unwrap();
    one.run_job("a").await.unwrap();
    desk.go.notify_one();
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_back_under_its_name_settles_its_past() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::rerun(1)).await.unwrap();
    pass(PERIOD).await;
    // The process is gone as far as anybody can tell.
    way.set(StoreCall::ALL, Fault::Held);
    let (_again, _) = desk.node("one").await;
    pass(1).await;
    desk.go.notify_waiters();
    pass(1).await;
    assert_eq!(
        desk.begun.all().len(),
        2,
        "at once, without waiting for its death"
    );
    assert_eq!(desk.states().await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn one_fire_time_of_many_nodes_runs_once() {
    let desk = Desk::default();
    let mut nodes = Vec::new();
    for name in ["a", "b", "c", "d"] {
        nodes.push(desk.node(name).await);
    }
    let job = nodes[0].0.add_job("work", every(10)).id("a");
    job.await.unwrap();
    // Never just when it is due.
    tokio::time::sleep(seconds(5)).await;
    for _ in 0..12 {
        pass(9).await;
        desk.go.notify_waiters();
        tokio::time::sleep(seconds(1) / 2).await;
    }
    let states = desk.states().await;
    assert_eq!(states, [SUCCEEDED; 12]);
    assert_eq!(desk.begun.all().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_shut_down_has_left() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let (_two, _) = desk.node("two").await;
    pass(1).await;
    way.set(StoreCall::ALL, Fault::Held);
    tokio::spawn(async move {
        tokio::time::sleep(seconds(1) / 2).await;
        way.mend(StoreCall::ALL);
    });
    one.shutdown().await.unwrap();
    assert_eq!(desk.nodes().await, ["two"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_holds_up_the_shutdown_for_a_moment_only() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    pass(1).await;
    way.set(StoreCall::ALL, Fault::Held);
    let begun = tokio::time::Instant::now();
    one.shutdown().await.unwrap();
    assert!(begun.elapsed() <= seconds(1));
}

#[tokio::test(start_paused = true)]
async fn a_node_without_tasks_adds_jobs_of_those_that_others_list() {
    let desk = Desk::default();
    let (one, _) = desk.node("one").await;
    pass(1).await;
    let lists = [
        ("programs", vec!["punctual.program".into(), "~1:f".into()]),
        ("clerk", vec!["of an earlier process".into()]),
    ];
    for (name, tasks) in lists {
        let zones = String::new();
        let name = name.into();
        let node = NodeInfo::new(name).tasks(tasks).zones(zones);
        desk.store.register(node).await.unwrap();
    }
    let builder = Scheduler::builder().node("clerk");
    let (way, _) = way_to(&desk.store);
    let clerk = builder.store("default", way).build().unwrap();
    let job = clerk.add_job("work", every(PERIOD)).id("a").await.unwrap();
    let snapshot = job.get().await.unwrap().unwrap();
    assert_eq!(snapshot.status(), JobStatus::Parked, "it runs elsewhere");
    let stale = "of an earlier process";
    let names = ["work", "wok", "punctual.program", "~1:f", stale];
    let jobs = names.map(|task| NewJob::new(task, every(PERIOD)));
    let answers = clerk.add_jobs(jobs).await.unwrap();
    let kinds = answers
        .iter()
        .map(|answer| answer.as_ref().err().map(|error| error.kind()));
    let unknown = Some(ErrorKind::UnknownTask);
    assert!(
        kinds.eq([None, unknown, unknown, unknown, unknown]),
        "{answers:?}"
    );
    desk.go.notify_one();
    pass(PERIOD).await;
    desk.go.notify_one();
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED; 2]);
    // It would be started here.
    assert!(clerk.run_job("a").await.unwrap_err().is_not_running());
    clerk.start().await.unwrap();
    let error = clerk.run_job("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    clerk.modify_job("a").name("A").await.unwrap();
    one.shutdown().await.unwrap();
    let error = clerk.add_job("work", every(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask, "nobody lists it");
}

#[tokio::test(start_paused = true)]
async fn a_job_is_given_a_task_that_only_another_node_knows() {
    let desk = Desk::default();
    let (_one, _) = desk.node("one").await;
    pass(1).await;
    let builder = Scheduler::builder().task("own", || async {});
    let (way, _) = way_to(&desk.store);
    let clerk = builder.store("default", way).build().unwrap();
    clerk.add_job("own", every(PERIOD)).id("a").await.unwrap();
    let error = clerk.modify_job("a").task("wok").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    clerk.modify_job("a").task("work").await.unwrap();
    desk.go.notify_one();
    pass(PERIOD).await;
    assert_eq!(desk.states().await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn edits_bring_no_renewals() {
    let desk = Desk::default();
    let (_one, way) = desk.node("one").await;
    let (two, _) = desk.node("two").await;
    two.add_job("work", every(600)).id("a").await.unwrap();
    pass(10).await;
    let before = way.begun(StoreCall::Renew);
    for number in 0..100 {
        two.modify_job("a").name(format!("{number}")).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let renewals = way.begun(StoreCall::Renew) - before;
    assert!((4..=6).contains(&renewals), "{renewals} in ten seconds");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_told_of_the_others_is_not_taken_for_dead() {
    for call in [StoreCall::Nodes, StoreCall::Due] {
        let desk = Desk::default();
        let (one, way) = desk.node("one").await;
        let job = one.add_job("work", every(600)).id("a");
        job.run_at_start().await.unwrap();
        pass(5).await;
        way.set(call, Fault::Silent);
        let (_two, _) = desk.node("two").await;
        pass(60).await;
        let peers = desk.store.nodes().await.unwrap();
        let mut names: Vec<_> = peers.iter().map(|peer| &*peer.info.name).collect();
        names.sort_unstable();
        assert_eq!(names, ["one", "two"], "{call:?}");
        desk.go.notify_one();
        pass(5).await;
        assert_eq!(desk.log.all().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_live_on_beside_each_other_after_one_was_taken_for_dead() {
    for away in [12, 30, 200] {
        let desk = Desk::default();
        let (_one, way) = desk.node("one").await;
        let (two, _) = desk.node("two").await;
        let job = two.add_job("brief", every(60)).id("a");
        job.await.unwrap();
        pass(100).await;
        way.set(StoreCall::ALL, Fault::Failed);
        pass(away).await;
        way.mend(StoreCall::ALL);
        pass(20).await;
        let names = desk.nodes().await;
        assert_eq!(names.len(), 2, "{names:?}");
        for _ in 0..60 {
            pass(10).await;
            assert_eq!(desk.nodes().await, names, "away for {away} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_alone_for_a_while_renews_when_another_one_comes() {
    let desk = Desk::default();
    let node = async |name: &'static str| {
        let go = Arc::clone(&desk.go);
        let work = move || {
            let go = Arc::clone(&go);
            async move { go.notified().await }
        };
        let node = Scheduler::builder().store("default", desk.store.clone());
        let node = node.node(name).task("work", work).build().unwrap();
        node.start().await.unwrap();
        node
    };
    let (one, two) = (node("one").await, node("two").await);
    one.add_job("work", every(PERIOD)).id("a").await.unwrap();
    one.run_job("a").await.unwrap();
    pass(5).await;
    two.shutdown().await.unwrap();
    pass(30).await;
    let _three = node("three").await;
    pass(30).await;
    assert_eq!(desk.nodes().await, ["one", "three"]);
    assert_eq!(desk.states().await, [RunState::Running]);
}

/// Renewals take too long for their time, and claims do not: no other node is there to begin anything.
#[tokio::test(start_paused = true)]
async fn a_store_that_answers_slowly_makes_runs_late_and_stops_none() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    for id in ["a", "b", "c"] {
        one.add_job("work", every(20)).id(id).await.unwrap();
    }
    pass(5).await;
    way.set(StoreCall::ALL, slow_by(seconds(3)));
    pass(60).await;
    assert!(desk.begun.all().len() >= 3, "{:?}", desk.begun.all());
    let before = way.begun(StoreCall::Claim);
    pass(60).await;
    let claims = way.begun(StoreCall::Claim) - before;
    assert!(claims < 40, "{claims} claims in a minute");
}
