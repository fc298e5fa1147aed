//! Calls that touch many jobs hold a part of them in memory, however large the jobs are.

use std::process::Stdio;

use punctual_core::{Job, OnLost, Policies};
use punctual_sqlx::SqliteStore;
use punctual_store::{ChangedJobs, Error, Insert, JobStore, StoredJob};
use serde_json::json;
use tokio::process::Command;

use crate::fixture::{add, advance, at, insert, job, node, recover, request};
use crate::folder::Folder;

/// Returns a job that is almost as large as a job may be.
fn large(id: &str) -> Job {
    job(id).with_args(&json!("x".repeat(900_000)))
}

async fn edited(store: &SqliteStore, since: u64) -> Option<usize> {
    match store.changes(since).await.unwrap().jobs {
        ChangedJobs::These(jobs) => Some(jobs.len()),
        ChangedJobs::Many => None,
    }
}

#[tokio::test]
async fn edited_jobs_that_are_large_are_too_many_to_list() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    for id in ["a", "b", "c", "d"] {
        add(&store, large(id)).await.unwrap();
    }
    let counter = store.changes(0).await.unwrap().counter;
    assert_eq!(edited(&store, 0).await, Some(4));
    add(&store, large("e")).await.unwrap();
    assert_eq!(edited(&store, 0).await, None);
    assert_eq!(edited(&store, counter).await, Some(1));
}

/// All columns that are written count, and not the arguments alone.
#[tokio::test]
async fn large_jobs_are_added_a_few_at_a_time() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let name = "x".repeat(900_000);
    let jobs = (0..9).map(|id| insert(job(&format!("job {id}")).with_name(Some(&name))));
    let added = store.add(jobs.collect()).await.unwrap();
    assert_eq!(added.iter().filter(|answer| answer.is_ok()).count(), 9);
    // Four of the jobs fit into one statement. Each transaction counts as one edit.
    let counter = store.changes(0).await.unwrap().counter;
    assert_eq!(counter, 3);
}

/// The variable that tells a process of this program that its memory is watched.
const FILE: &str = "PUNCTUAL_TEST_BYTES";
const JOBS: usize = 64;
/// The size of a part of the 64 large jobs.
const SOME: u64 = 24 << 20;

/// Returns the greatest resident memory since the last call, and begins anew.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    kilobytes.parse::<u64>().unwrap() << 10
}

async fn bounded<T>(what: &str, call: impl Future<Output = T>) -> T {
    peak();
    let before = peak();
    let answer = call.await;
    let grown = peak().saturating_sub(before);
    assert!(grown < SOME, "{what}: {} MiB", grown >> 20);
    answer
}

fn again(id: usize) -> Insert {
    insert(job(&format!("job {id}")))
}

/// The part of the other process. It does nothing unless the variable is set.
#[tokio::test]
async fn child_that_recovers_many_large_jobs() {
    let Ok(file) = std::env::var(FILE) else {
        return;
    };
    let store = SqliteStore::open(&file).await.unwrap();
    let dead = node(&store, "dead").await;
    for id in 0..JOBS {
        let rerunning = large(&format!("job {id}"))
            .with_policies(Policies::new().on_lost(OnLost::rerun(1)).build().unwrap());
        let stored = add(&store, rerunning).await.unwrap();
        let claims = vec![advance(&stored, at(10))];
        store.claim(&request(&dead, claims, vec![])).await.unwrap();
    }
    let many = bounded("changes", edited(&store, 0)).await;
    assert_eq!(many, None);
    let there = bounded("add", store.add((0..JOBS).map(again).collect()));
    let there: Vec<Result<StoredJob, Error>> = there.await.unwrap();
    assert!(there.iter().all(Result::is_err));
    let heir = node(&store, "heir").await;
    let recovered = bounded("recover", recover(&store, &heir, "dead", JOBS)).await;
    assert_eq!(recovered.waiting.len(), JOBS);
    let cleared = bounded("clear", store.clear(at(11))).await;
    assert_eq!(cleared.unwrap(), JOBS as u64);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn many_large_jobs_are_not_held_together() {
    let folder = Folder::new();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bytes::child_that_recovers_many_large_jobs"])
        .env(FILE, folder.url("jobs.db"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = child.await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
}
