//! Clients, which change the jobs of a store and run none.

use punctual_core::{CancelReason, Outcome};
use punctual_store::MemoryStore;
use punctual_tokio::{Client, ErrorKind, Scheduler};

use crate::support::{given_up, ledger, pass};

/// Returns a scheduler that knows the tasks `count` and `wait`, and a client of its store.
async fn both() -> (Scheduler, Client) {
    let store = MemoryStore::new();
    let scheduler = Scheduler::builder()
        .store("default", store.clone())
        .task("count", || async {})
        .task("wait", given_up);
    let scheduler = scheduler.build().unwrap();
    scheduler.start().await.unwrap();
    pass(1).await;
    (scheduler, Client::new(store).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_job_of_a_client_runs_on_a_node_that_knows_its_task() {
    let (scheduler, client) = both().await;
    client.add_job("count", "@every 10s").id("a").await.unwrap();
    pass(20).await;
    assert_eq!(ledger(&scheduler, "a").await.len(), 2);
    client.pause_job("a").await.unwrap();
    pass(20).await;
    assert_eq!(client.runs().job("a").await.unwrap().len(), 2);
    client.resume_job("a").await.unwrap();
    client.reschedule_job("a", "@every 1s").await.unwrap();
    pass(5).await;
    assert!(client.statistics("a").await.unwrap().succeeded >= 6);
    client.remove_job("a").await.unwrap();
    assert!(scheduler.get_job("a").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_client_cancels_a_run_and_waits_for_its_end() {
    let (scheduler, client) = both().await;
    client.add_job("wait", "@yearly").id("long").await.unwrap();
    let run = scheduler.run_job("long").await.unwrap();
    let seen = client.run(run.id()).await.unwrap();
    client.cancel_run(run.id()).await.unwrap();
    let ended = seen.wait().await.unwrap();
    let user = Outcome::Cancelled(CancelReason::User);
    assert_eq!(ended.outcome(), Some(user));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_no_node_knows_is_refused() {
    let (_scheduler, client) = both().await;
    let error = client.add_job("cuont", "@daily").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    let message = error.to_string();
    assert!(message.contains("known to no node"), "{message}");
}
