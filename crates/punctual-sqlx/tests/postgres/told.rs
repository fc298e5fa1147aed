//! Other processes are told of edits and of requests to cancel runs. Here they look once in an hour, so
//! only a notification can be in time.

use std::time::Duration;

use punctual_core::CancelReason;
use punctual_sqlx::PostgresStore;
use punctual_store::{CancelAnswer, CancelRequest, ChangedJobs, Changes, JobStore};

use crate::fixture::{add, at, begun, job, node};
use crate::folder::Folder;
use crate::silent::{CALL, behind, is_answered};

const HOUR: Duration = Duration::from_secs(3_600);
/// The longest wait of a test, which then fails and does not hang.
const PATIENCE: Duration = Duration::from_secs(20);

async fn deaf(folder: &Folder) -> PostgresStore {
    let opening = folder.opening("jobs").poll_interval(HOUR);
    opening.await.unwrap()
}

async fn changes(store: &PostgresStore, since: u64) -> Changes {
    let changes = tokio::time::timeout(PATIENCE, store.changes(since)).await;
    changes.expect("it is told in time").unwrap()
}

fn ids(changes: &Changes) -> Vec<&str> {
    let ChangedJobs::These(jobs) = &changes.jobs else {
        panic!("{changes:?}");
    };
    jobs.iter().map(|stored| stored.job.id().as_str()).collect()
}

/// Waits until the other store listens, which it does a moment after it first asks for changes.
async fn listens(teller: &PostgresStore, listener: &PostgresStore) -> u64 {
    let mut since = 0;
    for number in 0.. {
        let id = format!("probe {number}");
        let (told, _) = futures::join!(
            tokio::time::timeout(Duration::from_millis(200), listener.changes(since)),
            async { add(teller, job(&id)).await.unwrap() },
        );
        // The first answer may come from a look. Later ones come from notifications.
        let is_first = since == 0;
        if let Ok(changes) = told {
            since = changes.unwrap().counter;
            if !is_first {
                break;
            }
        }
    }
    since
}

/// Asks for changes until these are told, and moves the position on.
async fn until(
    store: &PostgresStore,
    since: &mut u64,
    is_wanted: impl Fn(&Changes) -> bool,
) -> Changes {
    loop {
        let changes = changes(store, *since).await;
        assert!(changes.counter != *since);
        *since = changes.counter;
        if is_wanted(&changes) {
            return changes;
        }
    }
}

#[tokio::test]
async fn an_edit_is_told_to_other_processes() {
    let folder = Folder::new();
    let (teller, listener) = (deaf(&folder).await, deaf(&folder).await);
    let mut since = listens(&teller, &listener).await;
    for id in ["a", "b", "c"] {
        let is_told = |changes: &Changes| ids(changes).contains(&id);
        futures::join!(until(&listener, &mut since, is_told), async {
            add(&teller, job(id)).await.unwrap()
        });
    }
    // A removal leaves no job, so the change names none.
    let is_empty = |changes: &Changes| ids(changes).is_empty();
    futures::join!(until(&listener, &mut since, is_empty), async {
        teller.remove("a".try_into().unwrap(), at(0)).await.unwrap()
    });
}

#[tokio::test]
async fn a_request_to_cancel_is_told_to_other_processes() {
    let folder = Folder::new();
    let (teller, listener) = (deaf(&folder).await, deaf(&folder).await);
    let mut since = listens(&teller, &listener).await;
    let lease = node(&listener, "one").await;
    let run = begun(&listener, &lease, job("a")).await;
    let request = CancelRequest::new(run, CancelReason::User, at(11));
    let has_cancel = |changes: &Changes| !changes.cancels.is_empty();
    let told = until(&listener, &mut since, has_cancel);
    let (told, asked) = futures::join!(told, teller.cancel(request));
    assert_eq!(asked.unwrap(), CancelAnswer::Asked);
    assert_eq!(told.cancels, [(run, CancelReason::User)]);
    // The request is told once.
    let has_b = |changes: &Changes| ids(changes).contains(&"b");
    let (next, _) = futures::join!(until(&listener, &mut since, has_b), async {
        add(&teller, job("b")).await.unwrap()
    });
    assert_eq!(next.cancels, []);
}

/// A call looks when it begins, and then once in an hour. So only a notification on a new connection can
/// end a call that found nothing when it began.
#[tokio::test]
async fn edits_are_heard_again_after_a_silence() {
    let folder = Folder::new();
    let teller = folder.opening("jobs").await.unwrap();
    let (opening, silence) = behind(&folder).await;
    let listener = opening.poll_interval(HOUR).await.unwrap();
    let mut since = listens(&teller, &listener).await;
    silence.send(1).unwrap();
    is_answered(&listener).await;
    while let Ok(changes) = tokio::time::timeout(CALL, listener.changes(since)).await {
        since = changes.unwrap().counter;
    }
    let mut told = std::pin::pin!(tokio::time::timeout(PATIENCE, listener.changes(since)));
    for number in 0.. {
        tokio::select! {
            told = &mut told => {
                told.expect("an edit is told on a new connection").unwrap();
                return;
            }
            () = tokio::time::sleep(CALL) => {
                let id = format!("after {number}");
                add(&teller, job(&id)).await.unwrap();
            }
        }
    }
}
