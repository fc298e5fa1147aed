//! An instance of several runs whose node lets go of it between two attempts.

use punctual_core::{CancelReason, Coalesce, Job, Outcome, Overlap, Policies, RunId, RunState};
use punctual_store::{CancelRequest, ClaimAnswer, JobStore, Lease, MemoryStore, RunFilter};

use crate::fixture::{add, advance, at, ended, job, node, request};
use crate::folder::Folder;

fn all_together(id: &str) -> Job {
    job(id).with_policies(Policies::new().coalesce(Coalesce::all(10)).build().unwrap())
}

/// Begins the fire times of seconds 10, 20 and 30 as one instance, and returns the number of the
/// first.
async fn begun(store: &dyn JobStore, lease: &Lease) -> RunId {
    let stored = add(store, all_together("a")).await.unwrap();
    let claims = vec![advance(&stored, at(30))];
    let reply = store.claim(&request(lease, claims, vec![])).await.unwrap();
    let [ClaimAnswer::Won(won)] = &reply.answers[..] else {
        panic!("{reply:?}");
    };
    won.first
}

/// Fails an attempt that another one is to follow.
async fn fail(store: &dyn JobStore, lease: &Lease, run: RunId) {
    let end = ended(run)
        .outcome(Outcome::Failed)
        .retry_at(Some(at(40).timestamp_micros()));
    store
        .claim(&request(lease, vec![], vec![end]))
        .await
        .unwrap();
}

/// Returns the states of all runs, the oldest first.
async fn states(store: &dyn JobStore) -> Vec<RunState> {
    let runs = store.runs(RunFilter::default()).await.unwrap();
    runs.iter().rev().map(|run| run.state).collect()
}

async fn of_a_removed_job(store: &dyn JobStore) {
    let lease = node(store, "one").await;
    let first = begun(store, &lease).await;
    store.remove("a".try_into().unwrap(), at(31)).await.unwrap();
    fail(store, &lease, first).await;
    let cancelled = RunState::Ended(Outcome::Cancelled(CancelReason::User));
    let failed = RunState::Ended(Outcome::Failed);
    assert_eq!(states(store).await, [failed, cancelled, cancelled]);
}

async fn of_a_cancelled_run(store: &dyn JobStore) {
    let lease = node(store, "one").await;
    let first = begun(store, &lease).await;
    let asked = CancelRequest::new(first, CancelReason::User, at(31));
    store.cancel(asked).await.unwrap();
    fail(store, &lease, first).await;
    let cancelled = RunState::Ended(Outcome::Cancelled(CancelReason::User));
    assert_eq!(states(store).await, [cancelled; 3]);
    let stored = store.get("a".try_into().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.state.running, 0);
}

/// Otherwise no node would begin the next attempt.
#[tokio::test]
async fn attempts_of_a_job_that_is_gone_are_the_last() {
    of_a_removed_job(&MemoryStore::new()).await;
    of_a_removed_job(&Folder::new().open("jobs.db").await).await;
}

/// The node has let go of the whole instance.
#[tokio::test]
async fn runs_after_one_that_was_cancelled_between_attempts_end() {
    of_a_cancelled_run(&MemoryStore::new()).await;
    of_a_cancelled_run(&Folder::new().open("jobs.db").await).await;
}

/// A run between two attempts belongs to no node, even if it ends in the request that says so.
async fn replaced_between_attempts(store: &dyn JobStore) {
    let lease = node(store, "one").await;
    let replacing = job("a").with_policies(
        Policies::new()
            .overlap(Overlap::CancelRunning)
            .build()
            .unwrap(),
    );
    let run = crate::fixture::begun(store, &lease, replacing).await;
    let stored = store.get("a".try_into().unwrap()).await.unwrap().unwrap();
    let failed = ended(run)
        .outcome(Outcome::Failed)
        .retry_at(Some(at(40).timestamp_micros()));
    let mut newer = request(&lease, vec![advance(&stored, at(20))], vec![failed]);
    newer.takes_waiting = false;
    store.claim(&newer).await.unwrap();
    let by_number = RunFilter {
        id: Some(run),
        ..RunFilter::default()
    };
    let over = store.runs(by_number).await.unwrap().remove(0);
    let replaced = Outcome::Cancelled(CancelReason::Replaced);
    assert_eq!(over.state, RunState::Ended(replaced));
    assert_eq!(over.node, None);
}

#[tokio::test]
async fn a_run_that_is_replaced_between_attempts_belongs_to_no_node() {
    replaced_between_attempts(&MemoryStore::new()).await;
    replaced_between_attempts(&Folder::new().open("jobs.db").await).await;
}
