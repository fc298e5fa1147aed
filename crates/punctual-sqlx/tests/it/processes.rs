//! Several processes on one file.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::{Interval, Job, Outcome, Policies, RunState, Unlimited};
use punctual_sqlx::SqliteStore;
use punctual_store::{ChangedJobs, ClaimAnswer, JobFilter, JobStore, RunFilter};
use tokio::process::{Child, Command};

use crate::fixture::{add, advance, at, due, ended, job, node, recover, request};
use crate::folder::Folder;

const JOBS: i64 = 20;
const TIMES: i64 = 25;
const PROCESSES: u32 = 4;
/// The variable that tells a process of this program that it takes part.
const FILE: &str = "PUNCTUAL_TEST_FILE";

/// Returns a job that fires [`TIMES`] times and then never again.
fn short_lived(id: &str) -> Job {
    let trigger = Interval::every(Duration::from_secs(10))
        .start(at(10))
        .end(at(10 * TIMES));
    let policies = Policies::new().max_instances(Unlimited).build().unwrap();
    Job::new(id.try_into().unwrap(), "task", trigger.build().unwrap()).with_policies(policies)
}

/// Claims and ends due fire times until none is left.
async fn work(store: &SqliteStore, name: &str) {
    let lease = node(store, name).await;
    let mut ends = Vec::new();
    loop {
        let due = due(store, at(100_000)).await;
        let claims = due.jobs.iter().map(|due| {
            let stored = &due.stored;
            // The fire times follow each other whatever the clock shows.
            advance(stored, stored.state.next_run_time.unwrap())
        });
        let claims: Vec<_> = claims.collect();
        if claims.is_empty() && ends.is_empty() {
            return;
        }
        let request = request(&lease, claims, std::mem::take(&mut ends));
        let reply = store.claim(&request).await.unwrap();
        let won = reply.answers.iter().filter_map(|answer| match answer {
            ClaimAnswer::Won(won) => Some(ended(won.first)),
            ClaimAnswer::Lost(_) | ClaimAnswer::AtLimit(_) | ClaimAnswer::NotTried => None,
        });
        ends.extend(won);
    }
}

/// Checks that each fire time of each job was run once on any node, and that the jobs have left.
async fn check(store: &SqliteStore) {
    assert_eq!(store.list(JobFilter::default()).await.unwrap().jobs, vec![]);
    let mut seen: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    for run in store.runs(RunFilter::default()).await.unwrap() {
        assert_eq!(run.state, RunState::Ended(Outcome::Succeeded));
        seen.entry(run.job.to_string())
            .or_default()
            .push(run.fire_time());
    }
    assert_eq!(seen.len() as i64, JOBS);
    for times in seen.values_mut() {
        times.sort();
        let wanted: Vec<_> = (1..=TIMES).map(|time| at(10 * time)).collect();
        assert_eq!(*times, wanted);
    }
}

async fn fill(store: &SqliteStore) {
    for index in 0..JOBS {
        add(store, short_lived(&format!("job {index}")))
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stores_of_one_process_share_a_file() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    fill(&store).await;
    let mut crowd = Vec::new();
    for index in 0..PROCESSES {
        let other = folder.open("jobs.db").await;
        crowd.push(tokio::spawn(async move {
            work(&other, &format!("node {index}")).await;
        }));
    }
    for worker in crowd {
        worker.await.unwrap();
    }
    check(&store).await;
}

/// The part of the other processes. They do nothing unless the variable is set.
#[tokio::test]
async fn child_that_works_on_the_file() {
    let Ok(file) = std::env::var(FILE) else {
        return;
    };
    let store = SqliteStore::open(&file).await.unwrap();
    work(&store, &std::process::id().to_string()).await;
}

fn begin(file: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child_that_works_on_the_file"])
        .env(FILE, file)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn processes_share_a_file() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    fill(&store).await;
    let crowd: Vec<Child> = (0..PROCESSES)
        .map(|_| begin(&folder.url("jobs.db")))
        .collect();
    for mut worker in crowd {
        assert!(worker.wait().await.unwrap().success());
    }
    check(&store).await;
}

/// Claims of a killed process stay claims, and the file stays sound.
#[tokio::test]
async fn a_killed_process_leaves_a_good_file() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    fill(&store).await;
    let mut worker = begin(&folder.url("jobs.db"));
    while store.runs(RunFilter::default()).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    worker.kill().await.unwrap();
    let name = worker_name(&store).await;
    work(&store, "survivor").await;
    let heir = node(&store, "heir").await;
    let lost = recover(&store, &heir, &name, 1_000).await.lost.len();
    let runs = store.runs(RunFilter::default()).await.unwrap();
    assert_eq!(
        runs.len() as i64,
        JOBS * TIMES,
        "each fire time has one run"
    );
    let recorded = runs
        .iter()
        .filter(|run| run.state == RunState::Ended(Outcome::Lost));
    assert_eq!(recorded.count(), lost);
    assert_eq!(store.list(JobFilter::default()).await.unwrap().jobs, vec![]);
}

async fn worker_name(store: &SqliteStore) -> String {
    let peers = store.nodes().await.unwrap();
    peers[0].info.name.to_string()
}

#[tokio::test]
async fn edits_of_another_process_are_noticed() {
    let folder = Folder::new();
    let soon = Duration::from_millis(5);
    let store = folder.options("jobs.db").poll_interval(soon).await.unwrap();
    // Another store cannot tell this one of edits, as if it were in another process.
    let other = folder.open("jobs.db").await;
    add(&other, job("a")).await.unwrap();
    let counter = store.changes(0).await.unwrap().counter;
    let (changes, added) = tokio::join!(store.changes(counter), add(&other, job("b")));
    added.unwrap();
    let ChangedJobs::These(jobs) = changes.unwrap().jobs else {
        panic!("there are few");
    };
    let ids: Vec<_> = jobs.iter().map(|stored| stored.job.id().as_str()).collect();
    assert_eq!(ids, ["b"]);
}

#[tokio::test]
async fn edits_of_this_process_are_told_without_a_poll() {
    let folder = Folder::new();
    let never = TimeDelta::days(1).to_std().unwrap();
    let store = folder
        .options("jobs.db")
        .poll_interval(never)
        .await
        .unwrap();
    let (changes, added) = tokio::join!(store.changes(0), add(&store, job("a")));
    added.unwrap();
    let counter = changes.unwrap().counter;
    let removed = store.remove("a".try_into().unwrap(), at(0));
    let (changes, removed) = tokio::join!(store.changes(counter), removed);
    assert!(removed.unwrap().is_some());
    assert!(matches!(changes.unwrap().jobs, ChangedJobs::These(jobs) if jobs.is_empty()));
}
