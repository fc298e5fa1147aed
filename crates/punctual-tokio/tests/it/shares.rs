//! Nodes that share a store divide its jobs among them, and none waits for one that is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use punctual_core::{Date, IntoLimit, Outcome, RunState, Unlimited};
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_store::{ClaimAnswer, JobStore, RunFilter};
use punctual_tokio::{MemoryStore, NewJob, Scheduler};

use crate::support::{every, pass, seconds};
use crate::ways::{slow_by, way_to};

/// What a store has answered to the claims of one node.
#[derive(Clone, Default)]
struct Claims {
    won: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

impl Claims {
    fn count(&self, faults: &Faults) {
        let own = self.clone();
        faults.rewrite_replies(move |reply| {
            for answer in &reply.answers {
                match answer {
                    ClaimAnswer::Won(_) => own.won.fetch_add(1, Ordering::SeqCst),
                    _ => own.lost.fetch_add(1, Ordering::SeqCst),
                };
            }
        });
    }

    fn all(&self) -> (u64, u64) {
        let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (of(&self.won), of(&self.lost))
    }
}

struct Node {
    scheduler: Scheduler,
    faults: Faults,
    claims: Claims,
}

/// So many nodes of a store, which know each other.
async fn fleet(store: &MemoryStore, count: usize) -> Vec<Node> {
    let mut fleet = Vec::new();
    for number in 0..count {
        let (way, faults) = way_to(store);
        let builder = Scheduler::builder().store("default", way);
        let builder = builder.node(format!("node {number}"));
        let scheduler = builder.task("work", || async {}).build().unwrap();
        let claims = Claims::default();
        claims.count(&faults);
        scheduler.start().await.unwrap();
        fleet.push(Node {
            scheduler,
            faults,
            claims,
        });
    }
    pass(5).await;
    fleet
}

async fn add(
    node: &Node,
    count: usize,
    at: DateTime<Utc>,
    grace: impl IntoLimit<Duration> + Clone,
) {
    let jobs =
        (0..count).map(|_| NewJob::new("work", Date::at(at)).misfire_grace_time(grace.clone()));
    let added = node.scheduler.add_jobs(jobs).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
}

/// How many fire times there were, how many of them succeeded, and how late the latest run began,
/// in milliseconds.
async fn ended(store: &MemoryStore) -> (usize, usize, i64) {
    let filter = RunFilter {
        limit: usize::MAX,
        ..RunFilter::default()
    };
    let runs = store.runs(filter).await.unwrap();
    let late = |run: &punctual_core::Run| {
        let started = run.started?;
        Some((started - run.fire_time()).num_milliseconds())
    };
    let latest = runs.iter().filter_map(late).max().unwrap_or(0);
    let is_good = |run: &&punctual_core::Run| run.state == RunState::Ended(Outcome::Succeeded);
    (runs.len(), runs.iter().filter(is_good).count(), latest)
}

/// How late the runs of later fire times than this have begun, in milliseconds.
async fn lateness(store: &MemoryStore, since: DateTime<Utc>) -> Vec<i64> {
    let filter = RunFilter {
        limit: usize::MAX,
        ..RunFilter::default()
    };
    let runs = store.runs(filter).await.unwrap();
    let late = runs.iter().filter(|run| run.fire_time() > since);
    let late = late.filter_map(|run| Some((run.started? - run.fire_time()).num_milliseconds()));
    late.collect()
}

#[tokio::test(start_paused = true)]
async fn eight_nodes_share_a_burst_evenly_and_claim_little_in_vain() {
    let store = MemoryStore::new();
    let fleet = fleet(&store, 8).await;
    let at = fleet[0].scheduler.now() + seconds(20);
    add(&fleet[3], 8_000, at, Unlimited).await;
    pass(30).await;
    let (all, succeeded, late) = ended(&store).await;
    assert_eq!((all, succeeded), (8_000, 8_000));
    assert!(late <= 1_000, "{late} ms late");
    let claims: Vec<_> = fleet.iter().map(|node| node.claims.all()).collect();
    let in_vain: u64 = claims.iter().map(|(_, lost)| lost).sum();
    assert!(in_vain < 800, "{claims:?}");
    assert!(
        claims.iter().all(|(won, _)| (700..1_300).contains(won)),
        "{claims:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_node_does_not_claim_is_not_missed_though_the_grace_time_is_short() {
    let store = MemoryStore::new();
    let fleet = fleet(&store, 4).await;
    let at = fleet[0].scheduler.now() + seconds(20);
    let grace = Duration::from_millis(500);
    add(&fleet[0], 1_000, at, grace).await;
    pass(17).await;
    fleet[1].faults.set(StoreCall::ALL, Fault::Held);
    pass(10).await;
    let (all, succeeded, late) = ended(&store).await;
    assert_eq!((all, succeeded), (1_000, 1_000));
    // A quarter of the grace time.
    assert!((1..=125).contains(&late), "{late} ms late");
}

#[tokio::test(start_paused = true)]
async fn the_jobs_of_a_node_that_stays_paused_are_in_time_before_long() {
    let store = MemoryStore::new();
    let fleet = fleet(&store, 3).await;
    fleet[0].scheduler.pause().await.unwrap();
    for number in 0..30 {
        let job = fleet[1].scheduler.add_job("work", every(1));
        job.id(format!("{number}")).await.unwrap();
    }
    pass(15).await;
    let since = fleet[1].scheduler.now();
    pass(30).await;
    let late = lateness(&store, since).await;
    assert!(late.len() >= 870, "{}", late.len());
    let late: Vec<_> = late.into_iter().filter(|late| *late > 50).collect();
    assert!(late.is_empty(), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_or_comes_changes_who_claims_and_loses_nothing() {
    let store = MemoryStore::new();
    let fleet = fleet(&store, 3).await;
    let start = fleet[0].scheduler.now() + seconds(2);
    for number in 0..50 {
        let job = fleet[0].scheduler.add_job("work", every(1).start(start));
        job.id(format!("{number}")).await.unwrap();
    }
    pass(10).await;
    fleet[1].scheduler.shutdown().await.unwrap();
    pass(10).await;
    let (way, _) = way_to(&store);
    let builder = Scheduler::builder().store("default", way).node("late");
    let late = builder.task("work", || async {}).build().unwrap();
    late.start().await.unwrap();
    pass(10).await;
    let (all, succeeded, latest) = ended(&store).await;
    assert_eq!((all % 50, succeeded), (0, all));
    assert!(all >= 28 * 50, "{all}");
    assert!(latest <= 1_000, "{latest} ms late");
}

/// One that knows the task and cannot run the jobs: their executor is on no node.
#[tokio::test(start_paused = true)]
async fn jobs_that_no_node_can_run_hold_up_no_help_for_others() {
    let store = MemoryStore::new();
    let fleet = fleet(&store, 3).await;
    let gpu = punctual_tokio::Executor::tokio();
    fleet[0].scheduler.add_executor("gpu", gpu).await.unwrap();
    let now = fleet[0].scheduler.now();
    let jobs = (0..6_000).map(|_| NewJob::new("work", Date::at(now + seconds(3))).executor("gpu"));
    let added = fleet[0].scheduler.add_jobs(jobs).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
    fleet[0].scheduler.remove_executor("gpu").await.unwrap();
    pass(5).await;
    let at = fleet[0].scheduler.now() + seconds(10);
    add(&fleet[0], 300, at, Unlimited).await;
    pass(8).await;
    fleet[1].faults.set(StoreCall::ALL, Fault::Held);
    pass(20).await;
    let (_, succeeded, late) = ended(&store).await;
    assert_eq!(succeeded, 300);
    assert!(late <= 3_000, "{late} ms late");
}

#[tokio::test(start_paused = true)]
async fn nodes_with_enough_to_do_help_too() {
    let store = MemoryStore::new();
    let fleet = fleet(&store, 3).await;
    // There is always a request on its way, and always a job that has just become due.
    for node in &fleet {
        node.faults
            .set(StoreCall::Claim, slow_by(Duration::from_millis(150)));
    }
    let start = fleet[0].scheduler.now() + seconds(3);
    let jobs = (0..200).map(|number| {
        let start = start + chrono::TimeDelta::milliseconds(number * 5);
        NewJob::new("work", every(1).start(start))
    });
    let added = fleet[0].scheduler.add_jobs(jobs).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
    pass(10).await;
    fleet[1].faults.set(StoreCall::ALL, Fault::Held);
    let since = fleet[0].scheduler.now();
    pass(6).await;
    let late = lateness(&store, since).await;
    // 200 a second, but for the last second.
    assert!(late.len() >= 900, "{}", late.len());
    assert!(
        late.iter().max() <= Some(&1_100),
        "{:?} ms late",
        late.iter().max()
    );
}
