//! Edits of other processes are found at the next look, and those of this process without one.

use std::time::Duration;

use punctual_store::{ChangedJobs, Changes, JobStore};
use tokio::time::timeout;

use crate::fixture::{add, at, job};
use crate::folder::Folder;

/// The longest wait of a test, which then fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(20);

fn ids(changes: &Changes) -> Vec<&str> {
    let ChangedJobs::These(jobs) = &changes.jobs else {
        panic!("{changes:?}");
    };
    jobs.iter().map(|stored| stored.job.id().as_str()).collect()
}

#[tokio::test]
async fn an_edit_is_told_to_other_processes() {
    let folder = Folder::new();
    let (teller, listener) = folder.two().await;
    let mut since = 0;
    for id in ["a", "b", "c"] {
        let changes = timeout(PATIENCE, listener.changes(since));
        let (told, _) = futures::join!(changes, async { add(&teller, job(id)).await.unwrap() });
        let told = told.expect("it is told").unwrap();
        assert_eq!(ids(&told), [id]);
        since = told.counter;
    }
    // A removal leaves no job, so the change names none.
    let removing = teller.remove("a".try_into().unwrap(), at(0));
    let (told, removed) = futures::join!(timeout(PATIENCE, listener.changes(since)), removing);
    removed.unwrap();
    assert!(ids(&told.expect("it is told").unwrap()).is_empty());
}

/// The next look is an hour away.
#[tokio::test]
async fn an_edit_of_this_process_is_told_without_a_look() {
    let folder = Folder::new();
    let hour = Duration::from_secs(3_600);
    let store = folder.opening("jobs").poll_interval(hour).await.unwrap();
    let add = async {
        // The other call waits for an edit by now.
        tokio::task::yield_now().await;
        add(&store, job("a")).await.unwrap()
    };
    let (told, _) = futures::join!(timeout(PATIENCE, store.changes(0)), add);
    assert_eq!(ids(&told.expect("it is told").unwrap()), ["a"]);
}
