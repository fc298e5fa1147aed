//! Files that are deleted or replaced while a store is open.

use std::fs;
use std::os::unix::fs::symlink;

use chrono::DateTime;
use punctual_core::JobId;
use punctual_sqlx::SqliteStore;
use punctual_store::{
    DueRequest, Error, JobFilter, JobStore, Lease, OpenRequest, RecentRequest, Retention, RunFeed,
    RunFilter,
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::fixture::{add, job};
use crate::folder::Folder;

/// Returns the answer of each call that reads, and of each kind of call that writes.
async fn asked(store: &SqliteStore) -> Vec<(&'static str, Result<(), Error>)> {
    let id = || JobId::new("a").unwrap();
    let lease = Lease::new("one".into(), 1);
    let open = OpenRequest::new(lease, 10);
    let all = Retention::default().per_job(Some(0));
    let recent = RecentRequest::new(vec![id()], 3);
    vec![
        ("add", add(store, job("b")).await.map(drop)),
        ("forget", store.forget_removed(id()).await),
        ("purge", store.purge(all, 10).await.map(drop)),
        ("get", store.get(id()).await.map(drop)),
        ("list", store.list(JobFilter::default()).await.map(drop)),
        ("unreadable", store.unreadable(10).await.map(drop)),
        (
            "due",
            store
                .due(DueRequest::through(DateTime::UNIX_EPOCH, 10))
                .await
                .map(drop),
        ),
        ("removed", store.removed(id()).await.map(drop)),
        ("nodes", store.nodes().await.map(drop)),
        ("open runs", store.open_runs(open).await.map(drop)),
        ("runs", store.runs(RunFilter::default()).await.map(drop)),
        ("recent", store.recent(recent).await.map(drop)),
        (
            "feed",
            store.runs_since(RunFeed::default(), 10).await.map(drop),
        ),
        ("statistics", store.statistics(id()).await.map(drop)),
        ("changes", store.changes(0).await.map(drop)),
    ]
}

async fn all_say(store: &SqliteStore, what: &str) {
    for (call, answer) in asked(store).await {
        let told = answer.expect_err(call).to_string();
        assert!(told.contains(what), "{call}: {told}");
    }
}

async fn ids(store: &SqliteStore) -> Vec<String> {
    let page = store.list(JobFilter::default()).await.unwrap();
    page.jobs
        .iter()
        .map(|stored| stored.job.id().to_string())
        .collect()
}

const GONE: &str = "was deleted or replaced while it was open";

/// Makes a file of a store with a job of this id, which no process has open.
async fn file_with(folder: &Folder, name: &str, id: &str) {
    let store = folder.open(name).await;
    add(&store, job(id)).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_file_that_is_deleted_or_replaced_while_it_is_open_is_noticed_by_every_call() {
    let folder = Folder::new();
    file_with(&folder, "other.db", "of the other").await;
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    let file = folder.path("jobs.db");
    let elsewhere = folder.path("elsewhere.db");
    fs::rename(&file, &elsewhere).unwrap();
    all_say(&store, GONE).await;
    all_say(&store, "restart this process").await;
    fs::copy(folder.path("other.db"), &file).unwrap();
    all_say(&store, GONE).await;
    fs::write(&file, "").unwrap();
    all_say(&store, GONE).await;
    // No process has opened the file that was there in between.
    fs::rename(&elsewhere, &file).unwrap();
    add(&store, job("b")).await.unwrap();
    for _ in 0..8 {
        assert_eq!(ids(&store).await, ["a", "b"]);
    }
}

#[tokio::test]
async fn a_link_that_leads_to_another_file_is_noticed() {
    let folder = Folder::new();
    file_with(&folder, "first.db", "a").await;
    file_with(&folder, "second.db", "b").await;
    let link = folder.path("jobs.db");
    symlink(folder.path("first.db"), &link).unwrap();
    let store = folder.open("jobs.db").await;
    assert_eq!(ids(&store).await, ["a"]);
    fs::remove_file(&link).unwrap();
    symlink(folder.path("second.db"), &link).unwrap();
    all_say(&store, GONE).await;
}

/// SQLite looks for the log beside the file that the link leads to.
#[tokio::test]
async fn a_link_in_the_place_of_the_file_that_was_moved_is_noticed() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    let (file, moved) = (folder.path("jobs.db"), folder.path("moved.db"));
    fs::rename(&file, &moved).unwrap();
    symlink(&moved, &file).unwrap();
    all_say(&store, GONE).await;
    fs::remove_file(&file).unwrap();
    fs::rename(&moved, &file).unwrap();
    add(&store, job("b")).await.unwrap();
}

/// Processes share the log by its index. Two processes with an index each overwrite each other's
/// pages.
#[tokio::test]
async fn an_index_of_the_log_that_is_deleted_is_noticed() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    fs::remove_file(folder.path("jobs.db-shm")).unwrap();
    all_say(&store, "jobs.db-shm` was deleted or replaced").await;
}

#[tokio::test]
async fn a_log_that_is_deleted_is_noticed_by_calls_that_only_read() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    fs::remove_file(folder.path("jobs.db-wal")).unwrap();
    let read = store.get(JobId::new("a").unwrap()).await;
    let told = read.unwrap_err().to_string();
    assert!(told.contains("jobs.db-wal` was deleted"), "{told}");
}

/// The connections of the pool come and go as the application asks.
#[tokio::test]
async fn a_pool_of_the_application_that_finds_another_file_is_noticed() {
    let folder = Folder::new();
    file_with(&folder, "other.db", "of the other").await;
    file_with(&folder, "jobs.db", "a").await;
    let file = folder.path("jobs.db");
    let connect = SqliteConnectOptions::new().filename(&file);
    let pool = SqlitePoolOptions::new().connect_lazy_with(connect);
    let store = SqliteStore::open_in(pool).await.unwrap();
    fs::rename(folder.path("other.db"), &file).unwrap();
    all_say(&store, GONE).await;
}

/// The processes that have the log open would go on writing into a file that no other process can
/// open.
#[tokio::test]
async fn a_log_that_is_deleted_or_replaced_while_it_is_open_is_noticed() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    add(&store, job("a")).await.unwrap();
    let log = folder.path("jobs.db-wal");
    let elsewhere = folder.path("elsewhere-wal");
    fs::rename(&log, &elsewhere).unwrap();
    all_say(&store, "jobs.db-wal` was deleted or replaced").await;
    fs::write(&log, "").unwrap();
    all_say(&store, "restart this process").await;
    fs::rename(&elsewhere, &log).unwrap();
    add(&store, job("b")).await.unwrap();
    // Other connections come and go.
    let other = folder.open("jobs.db").await;
    add(&other, job("c")).await.unwrap();
    other.close().await;
    add(&store, job("d")).await.unwrap();
}
