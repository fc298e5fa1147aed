//! Runs and counts of jobs that cannot be decoded.

use punctual_core::{Job, OnLost, Policies};
use punctual_sqlx::SqliteStore;
use punctual_store::{JobStore, RecountRequest, WaitingJob};

use crate::fixture::{add, advance, at, begun, due, insert, job, node, recover, renew, request};
use crate::folder::Folder;
use crate::opening::{connect, run};

fn rerunning(id: &str) -> Job {
    job(id).with_policies(Policies::new().on_lost(OnLost::rerun(3)).build().unwrap())
}

#[tokio::test]
async fn a_run_of_a_dead_node_is_lost_if_its_job_cannot_be_read() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let dead = node(&store, "dead").await;
    for id in ["damaged", "good", "newer"] {
        begun(&store, &dead, rerunning(id)).await;
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET trigger_json = '?' WHERE id = 'damaged'; \
         UPDATE punctual_jobs SET version = 2 WHERE id = 'newer'",
    )
    .await;
    let heir = node(&store, "heir").await;
    let recovered = recover(&store, &heir, "dead", 10).await;
    let lost = recovered.lost.iter().map(|run| run.job.as_str());
    let waiting = recovered.waiting.iter().map(|job| job.id.as_str());
    assert_eq!(lost.collect::<Vec<_>>(), ["damaged", "newer"]);
    assert_eq!(waiting.collect::<Vec<_>>(), ["good"]);
    assert_eq!(recovered.removed, vec![]);
}

/// Returns the ids of the jobs whose counts a recount by pages has corrected.
async fn recounted(store: &SqliteStore, limit: usize) -> Vec<String> {
    let mut request = RecountRequest::new(limit);
    let mut mended = Vec::new();
    for _ in 0..9 {
        let some = store.recount(request.clone()).await.unwrap();
        mended.extend(some.mended.iter().map(|drift| drift.job.to_string()));
        request.after = some.next;
        if request.after.is_none() {
            return mended;
        }
    }
    panic!("the recount does not end");
}

#[tokio::test]
async fn a_damaged_row_does_not_stop_a_recount() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    for id in ["a", "b", "c"] {
        add(&store, job(id)).await.unwrap();
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET token = -1 WHERE id = 'a'; \
         UPDATE punctual_jobs SET birth = -7 WHERE id = 'b'; \
         UPDATE punctual_jobs SET running = 5",
    )
    .await;
    assert_eq!(recounted(&store, 2).await, ["a", "b", "c"]);
    assert_eq!(recounted(&store, 2).await, Vec::<String>::new());
}

#[tokio::test]
async fn ids_that_cannot_be_read_do_not_end_a_recount() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    for id in ["a", "b", "c", "d"] {
        add(&store, job(id)).await.unwrap();
    }
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_jobs SET id = CAST(x'62' || x'ff' AS TEXT) WHERE id = 'b'; \
         UPDATE punctual_jobs SET id = CAST(x'63' || x'ff' AS TEXT) WHERE id = 'c'; \
         UPDATE punctual_jobs SET running = 5",
    )
    .await;
    assert_eq!(recounted(&store, 1).await, ["a", "d"]);
    run(&mut other, "UPDATE punctual_jobs SET running = 5").await;
    assert_eq!(recounted(&store, 2).await, ["a", "d"]);
}

/// More than one answer names, and more than one page holds.
const HEAP: usize = 600;

/// Begins a run of each of many jobs that will be damaged, and one of a sound job, which is the
/// last.
async fn heap_and_good(store: &SqliteStore) {
    let lease = node(store, "one").await;
    let heap = (0..HEAP).map(|index| insert(job(&format!("heap {index}"))));
    let jobs = heap.chain([insert(job("good"))]).collect();
    let added = store.add(jobs).await.unwrap();
    for some in added.chunks(500) {
        let claims = some.iter().flatten().map(|stored| advance(stored, at(10)));
        let claims = request(&lease, claims.collect(), vec![]);
        store.claim(&claims).await.unwrap();
    }
}

/// Damages of all kinds, except those that show in counts.
const DAMAGES: &str = "UPDATE punctual_jobs SET version = 2 WHERE birth % 4 = 0; \
     UPDATE punctual_jobs SET trigger_json = '?' WHERE birth % 4 = 1; \
     UPDATE punctual_jobs SET args_json = '[' WHERE birth % 4 = 2; \
     UPDATE punctual_jobs SET args_json = '[' || hex(zeroblob(600)) WHERE birth % 4 = 3; \
     UPDATE punctual_jobs SET version = 1, args_json = NULL, trigger_json = \
     '{\"type\":\"interval\",\"seconds\":9}' WHERE id = 'good'";

fn named(waiting: &[WaitingJob]) -> Vec<&str> {
    waiting.iter().map(|job| job.id.as_str()).collect()
}

#[tokio::test]
async fn damaged_jobs_with_waiting_runs_do_not_hide_others() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    heap_and_good(&store).await;
    let mut other = connect(&folder, "jobs.db").await;
    run(&mut other, DAMAGES).await;
    for statement in [
        "UPDATE punctual_jobs SET queued = 1, running = 0",
        "UPDATE punctual_jobs SET queued = 0; \
         UPDATE punctual_runs SET state = 'retrying', due = id, node = NULL, epoch = NULL",
    ] {
        run(&mut other, statement).await;
        assert_eq!(named(&due(&store, at(20)).await.waiting), ["good"]);
        let observer = node(&store, "observer").await;
        let renewal = renew(&store, &observer, at(20)).await;
        assert_eq!(named(&renewal.waiting), ["good"]);
    }
}

/// Other nodes have to see the beats of a node, even if the rest of its row cannot be decoded.
#[tokio::test]
async fn a_node_whose_tasks_cannot_be_read_is_seen() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    node(&store, "damaged").await;
    let mut other = connect(&folder, "jobs.db").await;
    run(
        &mut other,
        "UPDATE punctual_nodes SET tasks_json = CAST(x'ff' AS TEXT), zones = CAST(x'ff' AS TEXT), \
         clock = 9223372036854775807 WHERE name = 'damaged'",
    )
    .await;
    let beats = renew(&store, &lease, at(0)).await.beats;
    let names: Vec<_> = beats.iter().map(|beat| &*beat.node.node).collect();
    assert_eq!(names, ["damaged", "one"]);
    let peers = store.nodes().await.unwrap();
    assert_eq!(&*peers[0].info.name, "damaged");
    assert_eq!(peers[0].info.tasks.len(), 0);
}
