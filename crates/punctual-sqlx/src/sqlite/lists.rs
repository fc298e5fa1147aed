//! Tests that long lists do not hold up a scheduler.

use std::sync::Arc;

use chrono::DateTime;
use punctual_store::{DueRequest, JobStore, NodeInfo, OpenRequest, RenewRequest};
use tempfile::TempDir;

use super::SqliteStore;

#[tokio::test]
async fn lists_that_take_long_hold_up_no_scheduler() {
    let folder = TempDir::new().expect("there is a folder");
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let store = SqliteStore::open(&url).await.expect("it opens");
    // While they are held, all connections for lists are in use.
    let mut lists = Vec::new();
    for _ in 0..store.0.pools.listers() {
        lists.push(store.0.lister().await.expect("there is one"));
    }
    let node = NodeInfo::new(Arc::from("one"));
    let lease = store.register(node).await.expect("it is entered");
    let now = DateTime::UNIX_EPOCH;
    let renewal = RenewRequest::new(lease.clone(), now);
    store.renew(renewal).await.expect("it goes on");
    store.nodes().await.expect("all are told");
    let open = OpenRequest::new(lease, 10);
    store.open_runs(open).await.expect("it has none");
    let due = store.due(DueRequest::through(now, 10)).await;
    due.expect("they are told");
    store
        .changes(1)
        .await
        .expect("an older file was put in place");
}
