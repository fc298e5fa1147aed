//! The feed of runs, by which other nodes hear of ends.

use punctual_store::{JobStore, OnConflict, RunFeed};

use crate::fixture::{at, insert, job};
use crate::folder::Folder;

/// One transaction replaces three jobs, and decides about the overdue fire times of each.
#[tokio::test]
async fn each_range_of_one_transaction_has_its_own_place() {
    let folder = Folder::new();
    let store = folder.fresh().await;
    let ids = ["one", "two", "three"];
    let overdue = ids.map(|id| insert(job(id)));
    store.add(overdue.to_vec()).await.unwrap();
    let mut since = store.runs_since(RunFeed::default(), 1).await.unwrap().next;
    let replacements = ids.map(|id| {
        let mut new = insert(job(id)).on_conflict(OnConflict::Restart);
        new.now = at(50);
        new.state.next_run_time = Some(at(60));
        new
    });
    store.add(replacements.to_vec()).await.unwrap();
    let mut told = Vec::new();
    loop {
        let page = store.runs_since(since, 1).await.unwrap();
        told.extend(page.runs.iter().map(|run| run.job.to_string()));
        since = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(told, ids);
}
