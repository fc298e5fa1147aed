//! A disk that is full.

use punctual_sqlx::SqliteStore;
use punctual_store::{ErrorKind, JobFilter, JobStore};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::fixture::{add, at, job};
use crate::folder::Folder;

/// A little more than the empty tables take.
const PAGES: &str = "60";
const MORE_THAN_FIT: usize = 1_000;

#[tokio::test]
async fn a_full_disk_loses_no_job() {
    let folder = Folder::new();
    let options = SqliteConnectOptions::new()
        .filename(folder.path("jobs.db"))
        .create_if_missing(true)
        .pragma("max_page_count", PAGES);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let store = SqliteStore::open_in(pool).await.unwrap();
    let mut added = 0;
    let error = loop {
        let large = job(&format!("job {added}")).with_args(&json!("x".repeat(1_000)));
        match add(&store, large).await {
            Ok(_) => added += 1,
            Err(error) => break error,
        }
        assert!(added < MORE_THAN_FIT, "the disk has no end");
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let source = error.to_string();
    assert!(source.contains("disk is full"), "{source}");
    let listed = store.list(JobFilter::default()).await.unwrap().jobs;
    assert_eq!(listed.len(), added);
    store
        .remove("job 0".try_into().unwrap(), at(0))
        .await
        .unwrap()
        .unwrap();
    add(&store, job("small")).await.unwrap();
}
