//! Purges of the ledger, which are as fast as it grows and do not read all of it.

use chrono::{DateTime, Utc};
use punctual_store::{JobStore, Lease, Retention, RunFilter};

use crate::fixture::{add, advance, at, ended, insert, job, node, request};
use crate::folder::{Folder, Store};
use crate::opening::{connect, run};
use crate::work::{Watched, is_no_scan};

/// Adds this number of jobs.
async fn fill(store: &Store, count: usize) -> Vec<punctual_store::StoredJob> {
    let jobs = (0..count).map(|id| insert(job(&format!("job {id:04}"))));
    let added = store.add(jobs.collect()).await.unwrap();
    added.into_iter().map(Result::unwrap).collect()
}

/// Runs each of these jobs at this second, and ends the run a second later.
async fn round(store: &Store, lease: &Lease, jobs: &[&str], second: i64) {
    let mut claims = Vec::new();
    for id in jobs {
        let stored = store.get((*id).try_into().unwrap()).await.unwrap().unwrap();
        claims.push(advance(&stored, at(second)));
    }
    let reply = store.claim(&request(lease, claims, vec![])).await.unwrap();
    let won = reply.answers.iter().map(|answer| match answer {
        punctual_store::ClaimAnswer::Won(won) => won.first,
        other => panic!("{other:?}"),
    });
    let ends = won.map(|run| ended(run).finished(at(second + 1).timestamp_micros()));
    let ends = request(lease, vec![], ends.collect());
    store.claim(&ends).await.unwrap();
}

fn newest(per_job: usize) -> Retention {
    Retention::default().per_job(Some(per_job))
}

fn before(time: DateTime<Utc>) -> Retention {
    Retention::default().ended_before(Some(time))
}

async fn numbers(store: &Store) -> Vec<u64> {
    let runs = store.runs(RunFilter::default()).await.unwrap();
    runs.iter().map(|run| run.id.0).collect()
}

/// Entries that have to stay are not looked at again and again.
#[tokio::test]
async fn a_purge_costs_the_same_however_many_jobs_there_are() {
    let folder = Folder::new();
    let mut costs = Vec::new();
    for (name, count) in [("few.db", 20), ("many.db", 500)] {
        let watched = Watched::open(&folder, name).await;
        let store = &watched.store;
        let lease = node(store, "one").await;
        fill(store, count).await;
        let all: Vec<_> = (0..count).map(|id| format!("job {id:04}")).collect();
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        for second in [10, 20, 30] {
            round(store, &lease, &all, second).await;
        }
        // By now, all recorded entries were looked at.
        assert_eq!(store.purge(newest(3), 100).await.unwrap(), 0);
        let by_count = watched.steps(store.purge(newest(3), 100)).await;
        let by_age = watched.steps(store.purge(before(at(5)), 100)).await;
        round(store, &lease, &["job 0003", "job 0007"], 40).await;
        let of_two = watched.steps(store.purge(newest(3), 100)).await;
        let answers = [by_count.0, by_age.0, of_two.0].map(Result::unwrap);
        assert_eq!(answers, [0, 0, 2]);
        costs.push([by_count.1, by_age.1, of_two.1]);
    }
    for (few, many) in costs[0].into_iter().zip(costs[1]) {
        is_no_scan(few, many);
    }
}

#[tokio::test]
async fn retention_keeps_the_newest_runs_of_each_job_as_they_come() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    fill(&store, 2).await;
    for second in [10, 20, 30, 40] {
        round(&store, &lease, &["job 0000"], second).await;
    }
    round(&store, &lease, &["job 0001"], 10).await;
    // The batches are smaller than the number of entries to purge.
    for gone in [1, 1, 0] {
        assert_eq!(store.purge(newest(2), 1).await.unwrap(), gone);
    }
    assert_eq!(numbers(&store).await, [5, 4, 3]);
    round(&store, &lease, &["job 0000"], 50).await;
    round(&store, &lease, &["job 0001"], 20).await;
    assert_eq!(store.purge(newest(2), 9).await.unwrap(), 1);
    assert_eq!(numbers(&store).await, [7, 6, 5, 4]);
    // Fewer entries are to stay from now on, then more.
    assert_eq!(store.purge(newest(1), 9).await.unwrap(), 2);
    assert_eq!(numbers(&store).await, [7, 6]);
    round(&store, &lease, &["job 0000"], 60).await;
    assert_eq!(store.purge(newest(3), 9).await.unwrap(), 0);
    assert_eq!(store.purge(newest(1), 9).await.unwrap(), 1);
    assert_eq!(store.purge(newest(0), 9).await.unwrap(), 2);
    assert_eq!(numbers(&store).await, [] as [u64; 0]);
}

/// An id that is used again is the same job for the ledger.
#[tokio::test]
async fn runs_of_a_job_that_was_removed_count_for_the_next_of_its_id() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    fill(&store, 1).await;
    round(&store, &lease, &["job 0000"], 10).await;
    round(&store, &lease, &["job 0000"], 20).await;
    let id = || "job 0000".try_into().unwrap();
    store.remove(id(), at(21)).await.unwrap();
    add(&store, job("job 0000")).await.unwrap();
    round(&store, &lease, &["job 0000"], 10).await;
    assert_eq!(store.purge(newest(2), 9).await.unwrap(), 1);
    assert_eq!(numbers(&store).await, [3, 2]);
}

/// Open runs stay, and do not protect the entries behind them.
#[tokio::test]
async fn retention_steps_over_open_runs() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    fill(&store, 1).await;
    for second in [10, 20, 30] {
        round(&store, &lease, &["job 0000"], second).await;
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_runs SET finished = NULL WHERE id = 1",
    )
    .await;
    assert_eq!(store.purge(newest(1), 9).await.unwrap(), 1);
    assert_eq!(numbers(&store).await, [3, 1]);
    run(
        &mut other,
        "UPDATE punctual_runs SET finished = 1 WHERE id = 1",
    )
    .await;
    round(&store, &lease, &["job 0000"], 40).await;
    assert_eq!(store.purge(newest(1), 9).await.unwrap(), 2);
    assert_eq!(numbers(&store).await, [4]);
}

/// Two nodes that purge at the same time do not take each other's deletions for the end of the
/// work.
#[tokio::test]
async fn several_nodes_may_purge_at_the_same_time() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let other = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    fill(&store, 1).await;
    for second in 1..=40 {
        round(&store, &lease, &["job 0000"], 10 * second).await;
    }
    let forget = async |store: &Store| {
        while store.purge(newest(4), 3).await.unwrap() == 3 {}
    };
    tokio::join!(forget(&store), forget(&other));
    assert_eq!(numbers(&store).await, [40, 39, 38, 37]);
}
