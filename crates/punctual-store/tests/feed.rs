//! The memory store reports from every position exactly what it still holds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::executor::block_on;
use punctual_core::plan::plan;
use punctual_core::{Interval, Job, JobState, Outcome, RunId};
use punctual_store::{
    Claim, ClaimAnswer, ClaimKind, ClaimRequest, Insert, JobStore, Lease, LedgerLimits,
    MemoryStore, NodeInfo, OnConflict, RunEnd, RunFeed,
};

const RUNS: u64 = 80;
const KEPT: usize = 25;

fn at(second: u64) -> DateTime<Utc> {
    DateTime::from_timestamp(second.cast_signed(), 0).unwrap()
}

async fn node(store: &MemoryStore) -> Lease {
    let info = NodeInfo::new("one".into()).tasks(vec!["task".into()]);
    store.register(info).await.unwrap()
}

async fn add(store: &MemoryStore) {
    let trigger = Interval::every(Duration::from_secs(10)).start(at(0));
    let id = "a".try_into().unwrap();
    let mut state = JobState::default();
    state.next_run_time = Some(at(10));
    let insert = Insert::new(
        Arc::new(Job::new(id, "task", trigger.build().unwrap())),
        state,
        at(0),
    )
    .on_conflict(OnConflict::Refuse);
    store.add(vec![insert]).await.unwrap().remove(0).unwrap();
}

/// Ends a run, if one is given, and begins the next.
async fn go_on(store: &MemoryStore, lease: &Lease, end: Option<RunId>) -> RunId {
    let stored = store.get("a".try_into().unwrap()).await.unwrap().unwrap();
    let now = stored.state.next_run_time.unwrap();
    let ends = end
        .into_iter()
        .map(|run| RunEnd::new(run, Outcome::Succeeded, now.timestamp_micros(), 1));
    let mut view = stored.job.view(&stored.state);
    view.running = 0;
    let claim = Claim::new(
        stored.job.id().clone(),
        stored.state.birth,
        ClaimKind::Advance {
            revision: stored.state.revision,
            plan: plan(&view, now),
        },
    );
    let request = ClaimRequest::new(lease.clone(), now)
        .ends(ends.collect())
        .claims(vec![claim])
        .takes_waiting(true);
    let reply = store.claim(&request).await.unwrap();
    let [ClaimAnswer::Won(won)] = &reply.answers[..] else {
        panic!("{reply:?}");
    };
    won.first
}

/// Returns the runs that are reported from a position, in pages of this length.
async fn told(store: &MemoryStore, mut from: RunFeed, limit: usize) -> Vec<u64> {
    let mut runs = Vec::new();
    loop {
        let since = store.runs_since(from, limit).await.unwrap();
        assert!(since.runs.len() <= limit);
        runs.extend(since.runs.iter().map(|run| run.id.0));
        from = since.next;
        if !since.more {
            return runs;
        }
    }
}

#[test]
fn each_position_of_a_feed_goes_on_where_it_was() {
    block_on(async {
        let store = MemoryStore::with_ledger(LedgerLimits::new(KEPT, KEPT));
        add(&store).await;
        let lease = node(&store).await;
        let mut positions = vec![RunFeed::default()];
        let mut run = None;
        for _ in 0..RUNS {
            run = Some(go_on(&store, &lease, run).await);
            positions.push(store.runs_since(RunFeed::END, 1).await.unwrap().next);
        }
        let oldest = RUNS - KEPT as u64;
        for (opened, from) in (0..).zip(positions) {
            // The run that was open at the position has ended since. Of the last position nothing
            // is new.
            let first = if opened == RUNS {
                RUNS + 1
            } else {
                opened.max(oldest)
            };
            let wanted: Vec<_> = (first..=RUNS).collect();
            for limit in [1, 7, 1_000] {
                assert_eq!(told(&store, from, limit).await, wanted, "after {opened}");
            }
        }
    });
}
