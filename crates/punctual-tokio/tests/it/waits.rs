//! Runs that wait belong to their job: over all nodes, across edits, shutdowns and deaths.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::try_join_all;
use punctual_core::{CancelReason, OnLost, Outcome, Overlap, Retry, RunState};
use punctual_store::testing::{Fault, Faults, Refusal, StoreCall};
use punctual_store::{JobStore, Retention, RunFilter};
use punctual_tokio::{JobContext, ManualClock, MemoryStore, Scheduler};
use tokio::sync::Notify;

use crate::support::{Log, every, ledger, pass, runs, seconds, started};
use crate::ways::{faulty, slow_by, way_to};

const SUCCEEDED: RunState = RunState::Ended(Outcome::Succeeded);

/// Several schedulers on one store, and what their bodies have noted.
#[derive(Clone)]
struct Fleet {
    store: MemoryStore,
    /// Where a body began, and ended.
    log: Log<(&'static str, &'static str)>,
    go: Arc<Notify>,
}

impl Fleet {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            log: Log::default(),
            go: Arc::default(),
        }
    }

    /// A node whose task `deaf` takes four seconds whatever it is told, `polite` ends when it is told,
    /// `waits` ends when a test says so, and `fails` the first time on each node.
    async fn node(&self, name: &'static str) -> (Scheduler, Faults) {
        let (way, faults) = way_to(&self.store);
        let (log, go) = (self.log.clone(), Arc::clone(&self.go));
        let deaf = {
            let log = log.clone();
            move || {
                let log = log.clone();
                async move {
                    log.push((name, "begins"));
                    tokio::time::sleep(seconds(4)).await;
                    log.push((name, "ends"));
                }
            }
        };
        let polite = {
            let log = log.clone();
            move |context: JobContext| {
                let log = log.clone();
                async move {
                    log.push((name, "begins"));
                    context.cancelled().await;
                    log.push((name, "ends"));
                    Err::<(), _>("told to end")
                }
            }
        };
        let waits = {
            let log = log.clone();
            move || {
                let (log, go) = (log.clone(), Arc::clone(&go));
                async move {
                    log.push((name, "begins"));
                    go.notified().await;
                }
            }
        };
        let fails = move |context: JobContext| {
            log.push((name, "begins"));
            let is_first = context.attempt() == 1;
            async move {
                if is_first {
                    return Err("the mail server is away");
                }
                Ok(())
            }
        };
        let builder = Scheduler::builder().store("default", way).node(name);
        let builder = builder.task("deaf", deaf).task("polite", polite);
        let builder = builder.task("waits", waits).task("fails", fails);
        let scheduler = builder.build().unwrap();
        scheduler.start().await.unwrap();
        (scheduler, faults)
    }

    async fn states(&self) -> Vec<RunState> {
        let mut runs = self.store.runs(RunFilter::default()).await.unwrap();
        runs.sort_by_key(|run| run.id);
        runs.into_iter().map(|run| run.state).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_holds_as_many_as_it_may_over_all_nodes() {
    let fleet = Fleet::new();
    let mut nodes = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        nodes.push(fleet.node(name).await.0);
    }
    let job = nodes[0].add_job("waits", every(600)).id("a");
    job.overlap(Overlap::queue(1)).await.unwrap();
    let mut refused = 0;
    for node in &nodes {
        refused += u32::from(node.run_job("a").await.is_err());
    }
    assert_eq!(refused, 3);
    let row = nodes[0].get_job("a").await.unwrap().unwrap();
    assert_eq!((row.running(), row.state().queued), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn two_nodes_are_asked_for_a_run_in_the_same_microsecond() {
    let store = MemoryStore::new();
    let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let builder = Scheduler::builder().store("default", store.clone());
        let builder = builder.clock(clock.clone()).task("work", async || {});
        let node = builder.build().unwrap();
        node.start().await.unwrap();
        nodes.push(node);
    }
    let job = nodes[0].add_job("work", every(600)).id("a");
    job.max_instances(9).await.unwrap();
    let asked = nodes.iter().map(|node| node.run_job("a").into_future());
    let begun = try_join_all(asked).await.unwrap();
    let numbers = BTreeSet::from_iter(begun.iter().map(|run| run.id()));
    assert_eq!(numbers.len(), 3, "{begun:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_runs_start_in_their_order_on_whichever_node_is_there() {
    let fleet = Fleet::new();
    let (one, _) = fleet.node("one").await;
    let (two, _) = fleet.node("two").await;
    let job = one.add_job("waits", every(600)).id("a");
    job.overlap(Overlap::queue(5)).await.unwrap();
    let mut asked = Vec::new();
    for node in [&one, &two, &one, &two] {
        asked.push(node.run_job("a").await.unwrap().id());
    }
    for done in 1..=4 {
        fleet.go.notify_one();
        pass(3).await;
        let runs = runs(&one, "a").await;
        let ended = runs.iter().filter(|run| run.state == SUCCEEDED);
        let mut ended: Vec<_> = ended.map(|run| run.id).collect();
        ended.sort_unstable();
        assert_eq!(ended, asked[..done]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_run_replaces_the_older_on_another_node_and_never_overlaps_it() {
    let fleet = Fleet::new();
    let (one, _) = fleet.node("one").await;
    let (two, _) = fleet.node("two").await;
    let job = one.add_job("deaf", every(600)).id("a");
    job.overlap(Overlap::CancelRunning).await.unwrap();
    one.run_job("a").await.unwrap();
    one.pause().await.unwrap();
    two.run_job("a").await.unwrap();
    two.run_job("a").await.unwrap();
    pass(10).await;
    let noted = fleet.log.all();
    assert_eq!(
        noted,
        [
            ("one", "begins"),
            ("one", "ends"),
            ("two", "begins"),
            ("two", "ends")
        ]
    );
    // A body that returned has succeeded, though it was told to end.
    let coalesced = RunState::Ended(Outcome::Coalesced);
    assert_eq!(fleet.states().await, [SUCCEEDED, coalesced, SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn a_newer_run_replaces_the_older_across_an_edit() {
    let fleet = Fleet::new();
    let (one, _) = fleet.node("one").await;
    let job = one.add_job("polite", every(600)).id("a");
    job.overlap(Overlap::CancelRunning).await.unwrap();
    one.run_job("a").await.unwrap();
    pass(1).await;
    one.reschedule_job("a", every(60)).await.unwrap();
    pass(61).await;
    let replaced = RunState::Ended(Outcome::Cancelled(CancelReason::Replaced));
    assert_eq!(fleet.states().await, [replaced, RunState::Running]);
    pass(60).await;
    assert_eq!(
        fleet.states().await,
        [replaced, replaced, RunState::Running]
    );
}

#[tokio::test(start_paused = true)]
async fn an_edit_does_not_end_what_waits() {
    let fleet = Fleet::new();
    let (one, _) = fleet.node("one").await;
    let job = one.add_job("waits", every(600)).id("a");
    job.overlap(Overlap::queue(5)).await.unwrap();
    one.run_job("a").await.unwrap();
    one.run_job("a").await.unwrap();
    one.reschedule_job("a", every(6_000)).await.unwrap();
    for _ in 0..2 {
        fleet.go.notify_one();
        pass(1).await;
    }
    assert_eq!(fleet.states().await, [SUCCEEDED, SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn a_graceful_shutdown_keeps_what_waits_for_the_next_start() {
    let fleet = Fleet::new();
    let (one, _) = fleet.node("one").await;
    let job = one.add_job("fails", punctual_core::Date::at(one.now()));
    let retry = Retry::attempts(3)
        .backoff(seconds(60))
        .cap(seconds(60))
        .build()
        .unwrap();
    job.id("mail").retry(retry).await.unwrap();
    let job = one.add_job("waits", every(600)).id("queue");
    job.overlap(Overlap::queue(5)).await.unwrap();
    one.run_job("queue").await.unwrap();
    let queued = one.run_job("queue").await.unwrap();
    pass(1).await;
    fleet.go.notify_one();
    // Of two that are told to end at the same time the second has no one to begin it.
    one.pause().await.unwrap();
    pass(1).await;
    let report = one.shutdown().await.unwrap();
    assert_eq!((report.cancelled.len(), report.handed_on.len()), (0, 2));
    assert!(report.handed_on.iter().any(|own| own.run == queued.id()));
    one.start().await.unwrap();
    pass(1).await;
    assert_eq!(fleet.log.all().len(), 3, "the queue goes on");
    pass(60).await;
    assert_eq!(fleet.log.all().len(), 4, "the mail is tried again");
    assert_eq!(ledger(&one, "mail").await, [(Outcome::Succeeded, 1)]);
    let mail = runs(&one, "mail").await.remove(0);
    assert_eq!(mail.attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn another_node_goes_on_with_what_waits() {
    let fleet = Fleet::new();
    let (one, way) = fleet.node("one").await;
    let job = one.add_job("fails", every(600)).id("mail");
    let retry = Retry::attempts(3)
        .backoff(seconds(60))
        .cap(seconds(60))
        .build()
        .unwrap();
    // A run between two attempts has nothing to lose, whatever the policy says.
    let job = job.retry(retry).on_lost(OnLost::Record);
    job.run_at_start().await.unwrap();
    pass(1).await;
    let (_two, _) = fleet.node("two").await;
    pass(1).await;
    way.set(StoreCall::ALL, Fault::Held);
    pass(65).await;
    assert_eq!(fleet.log.all(), [("one", "begins"), ("two", "begins")]);
    assert_eq!(fleet.states().await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_decides_what_is_overdue() {
    let scheduler = started().await;
    for id in ["rescheduled", "next", "removed", "going"] {
        scheduler
            .add_job(|| async {}, every(10))
            .id(id)
            .await
            .unwrap();
        if id != "going" {
            scheduler.pause_job(id).await.unwrap();
        }
    }
    pass(35).await;
    scheduler
        .reschedule_job("rescheduled", every(600))
        .await
        .unwrap();
    let soon = scheduler.now() + chrono::TimeDelta::seconds(600);
    scheduler
        .modify_job("next")
        .next_run_time(soon)
        .await
        .unwrap();
    scheduler.remove_job("removed").await.unwrap();
    let missed = (Outcome::Missed(punctual_core::MissReason::Paused), 3);
    for id in ["rescheduled", "next", "removed"] {
        assert_eq!(ledger(&scheduler, id).await, [missed], "{id}");
    }
    assert_eq!(
        ledger(&scheduler, "going").await,
        [(Outcome::Succeeded, 1); 3]
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_large_requests_gets_small_ones() {
    let (store, faults) = faulty();
    let scheduler = Scheduler::builder().store("default", store);
    let scheduler = scheduler.build().unwrap();
    scheduler.start().await.unwrap();
    faults.refuse(Refusal::BytesBeyond(100_000));
    let large = || async { Ok::<_, String>("x".repeat(30_000)) };
    for index in 0..40 {
        let job = scheduler
            .add_job(large, every(10))
            .id(format!("large {index}"));
        job.await.unwrap();
    }
    scheduler
        .add_job(|| async {}, every(1))
        .id("tick")
        .await
        .unwrap();
    pass(30).await;
    let ticks = scheduler.statistics("tick").await.unwrap();
    assert_eq!(ticks.succeeded, 30);
    let large = scheduler.statistics("large 7").await.unwrap();
    assert_eq!(large.succeeded, 3);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_a_store_refuses_is_recorded_without_its_text_and_holds_up_nothing() {
    let (store, faults) = faulty();
    let scheduler = Scheduler::builder().store("default", store);
    let scheduler = scheduler.build().unwrap();
    scheduler.start().await.unwrap();
    faults.refuse(Refusal::Text("\0".to_owned()));
    let nul = || async { Err::<(), _>("a dump: \0") };
    scheduler.add_job(nul, every(10)).id("nul").await.unwrap();
    scheduler
        .add_job(|| async {}, every(10))
        .id("good")
        .await
        .unwrap();
    pass(20).await;
    assert_eq!(
        ledger(&scheduler, "good").await,
        [(Outcome::Succeeded, 1); 2]
    );
    assert_eq!(ledger(&scheduler, "nul").await, [(Outcome::Failed, 1); 2]);
    let error = runs(&scheduler, "nul").await.remove(0).error.unwrap();
    assert!(error.contains("was not kept"), "{error}");
    assert!(scheduler.health()[0].is_good());
}

#[tokio::test(start_paused = true)]
async fn the_memory_store_forgets_names_of_nodes_that_nothing_refers_to() {
    let store = MemoryStore::new();
    for round in 0..50 {
        let builder = Scheduler::builder().store("default", store.clone());
        let scheduler = builder.node(format!("node-{round}")).build().unwrap();
        scheduler.start().await.unwrap();
        scheduler.shutdown().await.unwrap();
    }
    assert_eq!(store.nodes().await.unwrap().len(), 0);
    assert_eq!(store.purge(Retention::default(), 9).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_cancelled_by_another_scheduler_of_a_memory_store() {
    let store = MemoryStore::new();
    let node = async |name: &str| {
        let builder = Scheduler::builder().store("default", store.clone());
        let body = |context: JobContext| async move {
            context.cancelled().await;
            Err::<(), _>("told to end")
        };
        let scheduler = builder.node(name).task("work", body).build().unwrap();
        scheduler.start().await.unwrap();
        scheduler
    };
    let one = node("one").await;
    one.add_job("work", every(600)).id("a").await.unwrap();
    let run = one.run_job("a").await.unwrap();
    let two = node("two").await;
    pass(1).await;
    two.cancel_run(&run).await.unwrap();
    pass(1).await;
    let cancelled = (Outcome::Cancelled(CancelReason::User), 1);
    assert_eq!(ledger(&one, "a").await, [cancelled]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_starts_when_an_edit_makes_room() {
    let fleet = Fleet::new();
    let (one, _) = fleet.node("one").await;
    let job = one.add_job("waits", every(600)).id("a");
    job.overlap(Overlap::queue(5)).await.unwrap();
    for _ in 0..3 {
        one.run_job("a").await.unwrap();
    }
    one.modify_job("a").max_instances(2).await.unwrap();
    pass(1).await;
    let running = [RunState::Running, RunState::Running, RunState::Queued];
    assert_eq!(fleet.states().await, running);
}

#[tokio::test(start_paused = true)]
async fn a_retry_far_ahead_is_begun_after_a_restart_and_a_pause() {
    let scheduler = started().await;
    let log = Log::default();
    let begun = log.clone();
    let fails = move |context: JobContext| {
        begun.push(context.attempt());
        std::future::ready(Err::<(), _>("the mail server is away"))
    };
    let now = scheduler.now();
    let job = scheduler.add_job(fails, punctual_core::Date::at(now));
    let retry = Retry::attempts(3)
        .backoff(seconds(3_600))
        .cap(seconds(3_600))
        .build()
        .unwrap();
    job.id("mail").retry(retry).await.unwrap();
    pass(1).await;
    scheduler.shutdown().await.unwrap();
    scheduler.start().await.unwrap();
    pass(3_600).await;
    assert_eq!(log.all(), [1, 2]);
    scheduler.pause().await.unwrap();
    pass(1).await;
    scheduler.resume().await.unwrap();
    pass(3_600).await;
    assert_eq!(log.all(), [1, 2, 3]);
    assert_eq!(ledger(&scheduler, "mail").await, [(Outcome::Failed, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_store_settles_slowly_is_not_taken_for_dead() {
    let fleet = Fleet::new();
    let (dying, dying_way) = fleet.node("dying").await;
    let (_busy, busy_way) = fleet.node("busy").await;
    let (_other, other_way) = fleet.node("other").await;
    dying.add_job("waits", every(600)).id("a").await.unwrap();
    dying.run_job("a").await.unwrap();
    for way in [&busy_way, &other_way] {
        way.set(StoreCall::Recover, slow_by(seconds(12)));
    }
    dying_way.set(StoreCall::ALL, Fault::Held);
    pass(60).await;
    let nodes = fleet.store.nodes().await.unwrap();
    let names: Vec<_> = nodes.iter().map(|peer| &*peer.info.name).collect();
    assert!(
        names.contains(&"busy") && names.contains(&"other"),
        "{names:?}"
    );
    for way in [&busy_way, &other_way] {
        way.set(StoreCall::Recover, slow_by(seconds(1)));
    }
    pass(20).await;
    assert_eq!(fleet.states().await, [RunState::Ended(Outcome::Lost)]);
}
