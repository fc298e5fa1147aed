//! Schedulers that share a store, and what becomes of the runs of those that fall silent.

use std::sync::Arc;

use punctual_core::{
    CancelReason, Coalesce, MaxInstances, MissReason, OnLost, Outcome, Overlap, Policies, RunState,
    SkipReason,
};
use punctual_store::testing::{Call, Fault, Faults};
use punctual_store::{BatchLimits, JobStore, NodeInfo, RunFilter};
use punctual_tokio::{
    ErrorKind, EventKind, EventMask, JobContext, JobStatus, MemoryStore, NewJob, Scheduler,
};
use tokio::sync::Notify;

use crate::support::{Log, every, pass, seconds};
use crate::ways::{slow_by, way_to};

/// What the jobs of all nodes have in common.
#[derive(Clone, Default)]
struct Desk {
    store: MemoryStore,
    /// Node, attempt and whether it was told to end, at the end of each run.
    log: Log<(&'static str, u32, bool)>,
    begun: Log<(&'static str, u64)>,
    go: Arc<Notify>,
}

impl Desk {
    /// A scheduler with a way of its own to the store.
    async fn node(&self, name: &'static str) -> (Scheduler, Faults) {
        let (way, faults) = way_to(&self.store);
        let desk = self.clone();
        let work = move |context: JobContext| {
            let desk = desk.clone();
            async move {
                desk.begun.push((name, context.fencing_token()));
                let is_told = tokio::select! {
                    () = desk.go.notified() => false,
                    () = context.cancelled() => true,
                };
                desk.log.push((name, context.attempt(), is_told));
                if is_told { Err("told to end") } else { Ok(()) }
            }
        };
        let scheduler = Scheduler::builder()
            .node(name)
            .store("default", way)
            .task("work", work)
            .build()
            .unwrap();
        scheduler.start().await.unwrap();
        (scheduler, faults)
    }

    async fn states(&self) -> Vec<RunState> {
        let mut runs = self.store.runs(RunFilter::default()).await.unwrap();
        runs.sort_by_key(|run| run.id);
        runs.into_iter().map(|run| run.state).collect()
    }

    async fn nodes(&self) -> Vec<String> {
        let peers = self.store.nodes().await.unwrap();
        peers
            .iter()
            .map(|peer| peer.info.name.to_string())
            .collect()
    }
}

const LOST: RunState = RunState::Ended(Outcome::Lost);
const SUCCEEDED: RunState = RunState::Ended(Outcome::Succeeded);

/// Far enough apart that only the first fire time comes into these tests.
const PERIOD: u64 = 600;

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
    way.set(Call::ALL, Fault::Failed);
    pass(5).await;
    assert_eq!(desk.states().await, [RunState::Running], "not yet");
    pass(6).await;
    assert_eq!(desk.states().await, [LOST]);
    assert_eq!(events.all(), [Outcome::Lost]);
    assert_eq!(desk.nodes().await, ["two"]);
    assert!(desk.log.all().is_empty(), "it does not know yet");
    way.mend(Call::ALL);
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
async fn a_lost_run_is_rerun_by_another_node_under_a_greater_number() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::Rerun { at_most: 3 }).await.unwrap();
    pass(PERIOD).await;
    let (_two, _) = desk.node("two").await;
    way.set(Call::ALL, Fault::Held);
    pass(14).await;
    let begun = desk.begun.all();
    assert_eq!(
        begun.iter().map(|(node, _)| *node).collect::<Vec<_>>(),
        ["one", "two"]
    );
    assert!(begun[1].1 > begun[0].1);
    way.mend(Call::ALL);
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
    job.on_lost(OnLost::Rerun { at_most: 1 }).await.unwrap();
    for _ in 0..2 {
        one.run_job("a").await.unwrap();
        pass(1).await;
    }
    let (two, _) = desk.node("two").await;
    way.set(Call::ALL, Fault::Held);
    let job = two.get_job("a").await.unwrap().unwrap().job;
    let policies = Policies {
        max_instances: MaxInstances::ONE,
        ..*job.policies()
    };
    two.modify_job("a").policies(policies).await.unwrap();
    pass(14).await;
    assert_eq!(desk.begun.all().len(), 4);
    desk.go.notify_waiters();
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED; 2]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_store_kills_nobody() {
    let desk = Desk::default();
    let ((one, way), (_two, other)) = (desk.node("one").await, desk.node("two").await);
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.await.unwrap();
    pass(PERIOD).await;
    for node in [&way, &other] {
        node.set(Call::ALL, Fault::Held);
    }
    pass(30).await;
    for node in [&way, &other] {
        node.mend(Call::ALL);
    }
    pass(30).await;
    desk.go.notify_one();
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED]);
    assert_eq!(desk.nodes().await, ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn claims_whose_answers_are_lost_run_once() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    let job = job.overlap(Overlap::Queue { at_most: 9 });
    job.await.unwrap();
    // The claim of the fire time; a run by hand, which is queued; its promotion.
    way.next(Call::Claim, Fault::LostAnswer);
    pass(PERIOD).await;
    assert_eq!(desk.begun.all().len(), 1);
    way.next(Call::Claim, Fault::LostAnswer);
    one.run_job("a").await.unwrap();
    way.next(Call::Claim, Fault::LostAnswer);
    desk.go.notify_one();
    pass(5).await;
    assert_eq!(desk.begun.all().len(), 2);
    let tokens = desk.begun.all();
    assert!(tokens[0].1 < tokens[1].1, "{tokens:?}");
    desk.go.notify_one();
    pass(5).await;
    assert_eq!(desk.states().await, [SUCCEEDED, SUCCEEDED]);
    assert_eq!(desk.begun.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_that_was_refused_says_so_though_the_answer_was_lost() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    one.add_job("work", every(PERIOD)).id("a").await.unwrap();
    pass(PERIOD).await;
    way.next(Call::Claim, Fault::LostAnswer);
    let error = one.run_job("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    let skipped = RunState::Ended(Outcome::Skipped(SkipReason::MaxInstances));
    assert_eq!(desk.states().await, [RunState::Running, skipped]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_late_through_an_outage_is_missed_and_not_run() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.misfire_grace_time(seconds(3)).await.unwrap();
    pass(PERIOD - 1).await;
    way.set(Call::ALL, Fault::Failed);
    pass(20).await;
    way.mend(Call::ALL);
    pass(20).await;
    let missed = RunState::Ended(Outcome::Missed(MissReason::Grace));
    assert_eq!(desk.states().await, [missed]);
    assert!(desk.begun.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_takeover_whose_answer_is_lost_is_found() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    let job = job.on_lost(OnLost::Rerun { at_most: 1 });
    job.coalesce(Coalesce::Latest).await.unwrap();
    pass(PERIOD).await;
    let (_two, other) = desk.node("two").await;
    pass(1).await;
    way.set(Call::ALL, Fault::Held);
    other.next(Call::Recover, Fault::LostAnswer);
    pass(16).await;
    desk.go.notify_waiters();
    let begun = desk.begun.all();
    assert_eq!(
        begun.iter().map(|(node, _)| *node).collect::<Vec<_>>(),
        ["one", "two"]
    );
    pass(1).await;
    assert_eq!(desk.states().await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_node_takes_no_runs_over() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::Rerun { at_most: 1 }).await.unwrap();
    pass(PERIOD).await;
    let (two, _) = desk.node("two").await;
    two.pause().await.unwrap();
    way.set(Call::ALL, Fault::Held);
    pass(30).await;
    assert_eq!(desk.begun.all().len(), 1);
    assert_eq!(desk.states().await, [RunState::Retrying], "it waits");
    two.resume().await.unwrap();
    pass(10).await;
    assert_eq!(desk.begun.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_cancelled_from_another_node() {
    let desk = Desk::default();
    let ((one, _), (two, _)) = (desk.node("one").await, desk.node("two").await);
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.await.unwrap();
    let run = one.run_job("a").await.unwrap();
    pass(1).await;
    two.cancel_run(run).await.unwrap();
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
    job.on_lost(OnLost::Rerun { at_most: 1 }).await.unwrap();
    pass(PERIOD).await;
    // The process is gone as far as anybody can tell.
    way.set(Call::ALL, Fault::Held);
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
    way.set(Call::ALL, Fault::Held);
    tokio::spawn(async move {
        tokio::time::sleep(seconds(1) / 2).await;
        way.mend(Call::ALL);
    });
    one.shutdown().await.unwrap();
    assert_eq!(desk.nodes().await, ["two"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_holds_up_the_shutdown_for_a_moment_only() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    pass(1).await;
    way.set(Call::ALL, Fault::Held);
    let begun = tokio::time::Instant::now();
    one.shutdown().await.unwrap();
    assert!(begun.elapsed() <= seconds(1));
}

#[tokio::test(start_paused = true)]
async fn runs_by_hand_that_are_asked_for_at_once_are_each_told_their_own_answer() {
    let desk = Desk::default();
    let ((one, _), (two, _)) = (desk.node("one").await, desk.node("two").await);
    for id in ["busy", "free"] {
        one.add_job("work", every(PERIOD)).id(id).await.unwrap();
    }
    one.run_job("busy").await.unwrap();
    let (busy, free) = tokio::join!(two.run_job("busy"), two.run_job("free"));
    assert!(busy.is_err(), "{busy:?}");
    let runs = desk.store.runs(RunFilter::default()).await.unwrap();
    let run = runs.iter().find(|run| run.job.as_str() == "free");
    assert_eq!(free.unwrap(), run.unwrap().id);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_cannot_be_read_does_not_hold_up_what_was_taken_over_unheard() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    for id in ["bad", "good"] {
        let job = one.add_job("work", every(PERIOD)).id(id);
        job.on_lost(OnLost::Rerun { at_most: 1 }).await.unwrap();
    }
    pass(PERIOD).await;
    let (_two, other) = desk.node("two").await;
    pass(1).await;
    way.set(Call::ALL, Fault::Held);
    // Those of the recovery, of what is due, and of the claim that hands the runs out.
    other.next(Call::Recover, Fault::LostAnswer);
    for _ in 0..5 {
        other.next(Call::Claim, Fault::LostAnswer);
    }
    other.damage("bad");
    pass(20).await;
    let begun = desk.begun.all().into_iter().map(|(node, _)| node);
    assert_eq!(begun.collect::<Vec<_>>(), ["one", "one", "two"]);
    assert!(desk.states().await.contains(&LOST));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_removed_takes_no_runs_over() {
    let desk = Desk::default();
    let (one, way) = desk.node("one").await;
    let job = one.add_job("work", every(PERIOD)).id("a");
    job.on_lost(OnLost::Rerun { at_most: 1 }).await.unwrap();
    one.add_job("work", every(9 * PERIOD))
        .id("b")
        .await
        .unwrap();
    pass(PERIOD).await;
    let (two, _) = desk.node("two").await;
    two.run_job("b").await.unwrap();
    two.remove_jobstore("default").await.unwrap();
    way.set(Call::ALL, Fault::Held);
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
    slow.set(Call::Recover, slow_by(seconds(3)));
    busy.add_job("work", every(PERIOD)).id("a").await.unwrap();
    busy.run_job("a").await.unwrap();
    pass(0).await;
    let (_other, _) = desk.node("other").await;
    pass(10).await;
    for (_, way) in &dying {
        way.set(Call::ALL, Fault::Held);
    }
    pass(60).await;
    assert_eq!(desk.nodes().await, ["busy", "other"]);
    assert_eq!(desk.states().await, [RunState::Running]);
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
        let node = NodeInfo { name, tasks, zones };
        desk.store.register(node).await.unwrap();
    }
    let builder = Scheduler::builder().node("clerk");
    let (way, _) = way_to(&desk.store);
    let clerk = builder.store("default", way).build().unwrap();
    let job = clerk.add_job("work", every(PERIOD)).id("a").await.unwrap();
    let snapshot = job.get_job().await.unwrap().unwrap();
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
    let before = way.begun(Call::Renew);
    for number in 0..100 {
        two.modify_job("a").name(format!("{number}")).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let renewals = way.begun(Call::Renew) - before;
    assert!((4..=6).contains(&renewals), "{renewals} in ten seconds");
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
    assert_eq!(way.begun(Call::Recount), 0);
    dead.set(Call::ALL, Fault::Held);
    pass(20).await;
    assert_eq!(way.begun(Call::Recount), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_goes_on_as_soon_as_the_run_of_a_dead_node_is_settled() {
    let desk = Desk::default();
    let (one, dead) = desk.node("one").await;
    let (_two, way) = desk.node("two").await;
    let job = one.add_job("work", every(600)).id("a");
    job.overlap(Overlap::Queue { at_most: 5 }).await.unwrap();
    one.run_job("a").await.unwrap();
    one.run_job("a").await.unwrap();
    pass(1).await;
    let before = way.begun(Call::Recover);
    dead.set(Call::ALL, Fault::Held);
    way.until_begun(Call::Recover, before + 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let nodes: Vec<_> = desk.begun.all().into_iter().map(|(node, _)| node).collect();
    assert_eq!(nodes, ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_told_of_the_others_is_not_taken_for_dead() {
    for call in [Call::Nodes, Call::Due] {
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

/// A rerun keeps the number of its run. What its node could not tell before it was taken for dead is
/// not about the new attempt.
#[tokio::test(start_paused = true)]
async fn an_end_from_before_a_lease_was_lost_does_not_end_the_rerun() {
    let desk = Desk::default();
    let (way, faults) = way_to(&desk.store);
    // One end a request, so the ends of three runs are sent one after another.
    let mut limits = BatchLimits::default();
    limits.ends = 1;
    let capabilities = way.capabilities().limits(limits);
    let body = desk.clone();
    let work = move |context: JobContext| {
        let desk = body.clone();
        async move {
            desk.begun.push(("one", context.fencing_token()));
            desk.go.notified().await;
        }
    };
    let one = Scheduler::builder().store("default", way.with_capabilities(capabilities));
    let one = one.node("one").task("work", work).build().unwrap();
    one.start().await.unwrap();
    let heir = Scheduler::builder().store("default", way_to(&desk.store).0);
    let heir = heir.node("heir").build().unwrap();
    heir.start().await.unwrap();
    for id in ["a", "b", "c"] {
        let job = one.add_job("work", every(600)).id(id);
        job.on_lost(OnLost::Rerun { at_most: 3 }).await.unwrap();
        one.run_job(id).await.unwrap();
    }
    pass(1).await;
    faults.set(Call::ALL, Fault::Held);
    desk.go.notify_waiters();
    pass(20).await;
    let states = async || {
        let runs = desk.store.runs(RunFilter::default()).await.unwrap();
        runs.iter().map(|run| run.state).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [RunState::Retrying; 3]);
    faults.mend(Call::ALL);
    faults.set(Call::Claim, slow_by(seconds(1)));
    pass(10).await;
    assert_eq!(desk.begun.all().len(), 6);
    assert_eq!(states().await, [RunState::Running; 3]);
    desk.go.notify_waiters();
    pass(10).await;
    assert_eq!(states().await, [RunState::Ended(Outcome::Succeeded); 3]);
}
