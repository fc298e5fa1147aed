//! Copies of the file alone, as people make them.

use std::fs;

use punctual_sqlx::SqliteStore;
use punctual_store::{JobFilter, JobStore};

use crate::fixture::{add, job, node};
use crate::folder::Folder;

/// Returns the number of jobs in a copy of the file without its log.
async fn copied(folder: &Folder, name: &str) -> usize {
    fs::copy(folder.path("jobs.db"), folder.path(name)).unwrap();
    let copy = folder.open(name).await;
    let jobs = copy.list(JobFilter::default()).await.unwrap().jobs.len();
    copy.close().await;
    jobs
}

async fn filled(folder: &Folder) -> SqliteStore {
    let store = folder.open("jobs.db").await;
    for id in ["a", "b", "c"] {
        add(&store, job(id)).await.unwrap();
    }
    store
}

/// A scheduler that shuts down leaves the store, and keeps it open for other callers in the
/// process.
#[tokio::test]
async fn a_copy_of_the_file_after_a_clean_end_has_all_jobs() {
    let folder = Folder::new();
    let store = filled(&folder).await;
    let other = folder.open("jobs.db").await;
    other.list(JobFilter::default()).await.unwrap();
    let lease = node(&store, "one").await;
    assert_eq!(copied(&folder, "early.db").await, 0, "all is in the log");
    store.leave(lease).await.unwrap();
    assert_eq!(copied(&folder, "left.db").await, 3);
    let log = fs::metadata(folder.path("jobs.db-wal")).unwrap();
    assert_eq!(log.len(), 0);
    // All stores go on.
    add(&store, job("d")).await.unwrap();
    add(&other, job("e")).await.unwrap();
    other.close().await;
    store.close().await;
    assert_eq!(copied(&folder, "closed.db").await, 5);
    assert!(!folder.path("jobs.db-wal").exists());
}
