//! Nodes whose clocks differ, and what looks like it and is not.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_tokio::{ClockOffset, ManualClock, MemoryStore, Scheduler, SchedulerBuilder};

use crate::support::{pass, seconds};
use crate::ways::{slow_by, way_to};

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn minute() -> TimeDelta {
    TimeDelta::seconds(60)
}

fn builder(store: &MemoryStore, name: &str) -> (SchedulerBuilder, Faults) {
    let (way, faults) = way_to(store);
    let builder = Scheduler::builder().node(name).store("default", way);
    (builder, faults)
}

/// A node whose clock is moved by hand.
async fn node(store: &MemoryStore, name: &str, clock: &ManualClock) -> (Scheduler, Faults) {
    let (builder, faults) = builder(store, name);
    let node = builder.clock(clock.clone()).build().unwrap();
    node.start().await.unwrap();
    (node, faults)
}

fn offset(node: &Scheduler) -> Option<ClockOffset> {
    node.health().remove(0).clock
}

/// By how many seconds which clock is told to be ahead.
fn told(node: &Scheduler) -> Option<(String, i64)> {
    offset(node).map(|offset| (offset.node, offset.ahead.num_seconds()))
}

#[tokio::test(start_paused = true)]
async fn nodes_whose_clocks_differ_tell_of_each_other_until_they_agree() {
    let store = MemoryStore::new();
    let (right, wrong) = (ManualClock::at(noon()), ManualClock::at(noon() + minute()));
    let (one, _) = node(&store, "one", &right).await;
    let (two, _) = node(&store, "two", &wrong).await;
    pass(30).await;
    assert_eq!((told(&one), told(&two)), (None, None), "not yet");
    pass(20).await;
    assert_eq!(told(&one), Some(("two".into(), 60)));
    assert_eq!(told(&two), Some(("one".into(), -60)));
    let seen = offset(&one).unwrap();
    assert_eq!((seen.differing, seen.others), (1, 1));
    assert!(one.health()[0].is_good(), "the store can do nothing for it");
    wrong.set(noon());
    pass(50).await;
    assert_eq!((told(&one), told(&two)), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_clock_is_wrong_finds_that_all_others_differ() {
    let store = MemoryStore::new();
    let (right, wrong) = (ManualClock::at(noon()), ManualClock::at(noon() - minute()));
    let (one, _) = node(&store, "one", &right).await;
    let (_two, _) = node(&store, "two", &right).await;
    let (three, _) = node(&store, "three", &wrong).await;
    pass(60).await;
    let seen = offset(&three).unwrap();
    assert_eq!((seen.differing, seen.others), (2, 2));
    let seen = offset(&one).unwrap();
    assert_eq!((&*seen.node, seen.differing, seen.others), ("three", 1, 2));
    three.shutdown().await.unwrap();
    pass(5).await;
    assert_eq!((told(&one), told(&three)), (None, None), "it has left");
}

#[tokio::test(start_paused = true)]
async fn clocks_that_are_set_one_after_the_other_do_not_differ() {
    let store = MemoryStore::new();
    let clocks = [ManualClock::at(noon()), ManualClock::at(noon())];
    let (one, _) = node(&store, "one", &clocks[0]).await;
    let (two, _) = node(&store, "two", &clocks[1]).await;
    for hours in [1, 0, 5] {
        pass(60).await;
        for clock in &clocks {
            clock.set(noon() + TimeDelta::hours(hours));
            pass(20).await;
            assert_eq!((told(&one), told(&two)), (None, None));
        }
    }
}

/// Two nodes whose clocks go with tokio's.
async fn in_step(store: &MemoryStore) -> [(Scheduler, Faults); 2] {
    let nodes = ["one", "two"].map(|name| {
        let (builder, faults) = builder(store, name);
        (builder.build().unwrap(), faults)
    });
    for (node, _) in &nodes {
        node.start().await.unwrap();
    }
    nodes
}

/// Looks every second whether a clock is told to differ.
async fn none_differs(nodes: &[(Scheduler, Faults); 2], for_seconds: u64) {
    for second in 0..for_seconds {
        tokio::time::sleep(seconds(1)).await;
        let told = [told(&nodes[0].0), told(&nodes[1].0)];
        assert_eq!(told, [None, None], "after {second} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_makes_no_clock_wrong() {
    let nodes = in_step(&MemoryStore::new()).await;
    let almost_too_slow = std::time::Duration::from_millis(1_999);
    for slow in &nodes {
        slow.1.set(StoreCall::Renew, slow_by(almost_too_slow));
        none_differs(&nodes, 100).await;
    }
    for fast in &nodes {
        fast.1.mend(StoreCall::Renew);
        none_differs(&nodes, 100).await;
    }
}

#[tokio::test(start_paused = true)]
async fn outages_and_lost_answers_make_no_clock_wrong() {
    let nodes = in_step(&MemoryStore::new()).await;
    for fault in [Fault::Held, Fault::LostAnswer, Fault::Failed] {
        for (_, way) in &nodes {
            way.set(StoreCall::Renew, fault.clone());
        }
        none_differs(&nodes, 60).await;
        for (_, way) in &nodes {
            way.mend(StoreCall::Renew);
        }
        none_differs(&nodes, 60).await;
    }
}
