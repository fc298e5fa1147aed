//! Numbers that no row has find nothing.

use punctual_core::RunId;
use punctual_store::{DueCursor, DueRequest, JobStore, OpenRequest};

use crate::fixture::{at, begun, job, node};
use crate::folder::Folder;

#[tokio::test]
async fn a_page_after_the_greatest_numbers_is_empty() {
    let folder = Folder::new();
    let store = folder.open("jobs.db").await;
    let lease = node(&store, "one").await;
    begun(&store, &lease, job("a")).await;
    let open = OpenRequest::new(lease, 9).after(Some(RunId(u64::MAX)));
    assert_eq!(store.open_runs(open).await.unwrap(), vec![]);
    let after = DueCursor::new(at(20), u64::MAX);
    let due = DueRequest::through(at(20), 9).after(Some(after));
    assert!(store.due(due).await.unwrap().jobs.is_empty());
}
