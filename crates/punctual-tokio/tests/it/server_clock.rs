//! Nodes whose machines have wrong clocks, on a store whose server has a clock of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::Date;
use punctual_store::{JobStore, Layered, MemoryStore, StoreFuture, StoreLayer};
use punctual_tokio::testing::WrongClock;
use punctual_tokio::{EventKind, Scheduler};
use tokio::time::{Instant, sleep};

use crate::support::{every, runs, seconds};
use crate::ways::share;

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A clock that shows noon when it is made, and the time by which the next answers are wrong.
#[derive(Debug, Clone)]
struct ServerClock {
    since: Instant,
    wrong: Arc<AtomicI64>,
}

impl ServerClock {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            wrong: Arc::default(),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        noon() + TimeDelta::from_std(self.since.elapsed()).unwrap()
    }

    /// Lets the clock be wrong by some seconds from now on.
    fn is_wrong_by(&self, seconds: i64) {
        self.wrong.store(seconds, Ordering::SeqCst);
    }
}

/// A store on a server with a clock.
#[derive(Debug)]
struct OnServer {
    store: MemoryStore,
    clock: ServerClock,
}

impl StoreLayer for OnServer {
    fn inner(&self) -> &dyn JobStore {
        &self.store
    }

    fn time(&self) -> StoreFuture<'_, Option<DateTime<Utc>>> {
        let wrong = TimeDelta::seconds(self.clock.wrong.load(Ordering::SeqCst));
        StoreFuture::ready(Ok(Some(self.clock.now() + wrong)))
    }
}

struct Fleet {
    store: MemoryStore,
    server: ServerClock,
}

impl Fleet {
    async fn new() -> Self {
        let store = MemoryStore::new();
        share(&store).await;
        Self {
            store,
            server: ServerClock::new(),
        }
    }

    /// Starts a node whose machine's clock is ahead of the server's by some seconds.
    async fn node(&self, name: &str, ahead: i64) -> (Scheduler, WrongClock) {
        let clock = WrongClock::at(self.server.now() + TimeDelta::seconds(ahead), 0);
        let store = Layered(OnServer {
            store: self.store.clone(),
            clock: self.server.clone(),
        });
        let node = Scheduler::builder()
            .node(name)
            .clock(clock.clone())
            .store("default", store)
            .task("work", async || {})
            .build()
            .unwrap();
        node.start().await.unwrap();
        // The node has joined the server after a moment.
        sleep(seconds(1)).await;
        (node, clock)
    }
}

fn told(node: &Scheduler) -> Option<i64> {
    let clock = node.health().remove(0).server_clock;
    clock.map(|ahead| ahead.num_seconds())
}

#[tokio::test(start_paused = true)]
async fn nodes_whose_clocks_differ_run_jobs_by_the_clock_of_the_server() {
    let fleet = Fleet::new().await;
    let (fast, _) = fleet.node("fast", 60).await;
    let (slow, _) = fleet.node("slow", -60).await;
    assert_eq!((told(&fast), told(&slow)), (Some(-60), Some(60)));
    let date = Date::at(noon() + TimeDelta::seconds(30));
    fast.add_job("work", date).id("once").await.unwrap();
    slow.add_job("work", every(10)).id("often").await.unwrap();
    sleep(seconds(60)).await;
    for id in ["once", "often"] {
        let runs = runs(&fast, id).await;
        assert!(!runs.is_empty());
        for run in runs {
            let began = run.started.unwrap() - run.fire_time();
            assert!(began < TimeDelta::seconds(2), "{began} late");
        }
    }
    assert_eq!(runs(&fast, "once").await.len(), 1);
    let apart = fast.now() - slow.now();
    assert!(apart.abs() < TimeDelta::milliseconds(100), "{apart}");
    assert_eq!(fast.health()[0].clock, None);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_right_is_not_told_of() {
    let fleet = Fleet::new().await;
    let (node, _) = fleet.node("one", 0).await;
    let mut events = node.events();
    sleep(seconds(100)).await;
    assert_eq!(told(&node), Some(0));
    node.pause().await.unwrap();
    let next = events.next().await.unwrap().unwrap();
    assert!(matches!(next.kind, EventKind::SchedulerPaused), "{next:?}");
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_clock_is_set_goes_on_by_the_server() {
    let fleet = Fleet::new().await;
    let (node, clock) = fleet.node("one", 0).await;
    let mut events = node.events();
    clock.set(TimeDelta::hours(1));
    sleep(seconds(20)).await;
    let wrong = (node.now() - fleet.server.now()).abs();
    assert!(wrong < TimeDelta::milliseconds(100), "{wrong}");
    assert_eq!(told(&node), Some(-3_600));
    let event = events.next().await.unwrap().unwrap();
    let EventKind::ClockDiffers { store, ahead, .. } = &event.kind else {
        panic!("{event:?}");
    };
    assert_eq!((&**store, ahead.num_hours()), ("default", -1));
    clock.set(TimeDelta::hours(-1));
    sleep(seconds(20)).await;
    assert_eq!(told(&node), Some(0));
}

#[tokio::test(start_paused = true)]
async fn one_wrong_answer_moves_no_clock_and_two_do() {
    let fleet = Fleet::new().await;
    let (node, _) = fleet.node("one", 0).await;
    let ahead = || (node.now() - fleet.server.now()).num_seconds();
    fleet.server.is_wrong_by(100);
    // The looks are ten seconds apart, and one second after one that found a difference.
    sleep(seconds(9) + seconds(1) / 2).await;
    fleet.server.is_wrong_by(0);
    sleep(seconds(30)).await;
    assert_eq!(ahead(), 0);
    fleet.server.is_wrong_by(100);
    sleep(seconds(30)).await;
    assert_eq!(ahead(), 100);
}

/// A node alone whose clock is set back by an hour lets all jobs go on by the new time. Here the clock
/// was never right, and the jobs are as the other nodes left them.
#[tokio::test(start_paused = true)]
async fn a_node_that_joins_with_a_wrong_clock_changes_no_job() {
    let fleet = Fleet::new().await;
    let (first, _) = fleet.node("first", 0).await;
    let later = noon() + TimeDelta::minutes(30);
    let date = first.add_job("work", Date::at(later)).id("once");
    date.await.unwrap();
    let postponed = first.add_job("work", every(60)).id("postponed");
    postponed.next_run_time(later).await.unwrap();
    first.shutdown().await.unwrap();
    let revisions = async || {
        let mut revisions = Vec::new();
        for id in ["once", "postponed"] {
            let stored = fleet.store.get(id.try_into().unwrap()).await.unwrap();
            let state = stored.unwrap().state;
            revisions.push((state.revision, state.next_run_time));
        }
        revisions
    };
    let before = revisions().await;
    let (_second, _) = fleet.node("second", 3_600).await;
    sleep(seconds(120)).await;
    assert_eq!(revisions().await, before);
}
