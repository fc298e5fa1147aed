//! Two schedulers on one store.

use punctual_core::Outcome;
use punctual_tokio::{MemoryStore, Scheduler};

use crate::support::{Counter, every, ledger, pass, seconds};

#[tokio::test(start_paused = true)]
async fn two_nodes_run_every_fire_time_once_and_share_the_limit() {
    let store = MemoryStore::new();
    let counter = Counter::default();
    let node = || {
        let seen = counter.clone();
        let body = move || {
            let seen = seen.clone();
            async move {
                seen.enter();
                tokio::time::sleep(seconds(3)).await;
                seen.leave();
            }
        };
        let builder = Scheduler::builder().store("default", store.clone());
        builder
            .task("slow", body)
            .task("quick", || async {})
            .build()
            .unwrap()
    };
    let (one, two) = (node(), node());
    one.start().await.unwrap();
    two.start().await.unwrap();
    one.add_job("quick", every(1)).id("quick").await.unwrap();
    two.add_job("slow", every(2)).id("slow").await.unwrap();
    pass(60).await;
    assert_eq!(ledger(&one, "quick").await, [(Outcome::Succeeded, 1); 60]);
    assert_eq!(counter.most(), 1);
    let slow = two.statistics("slow").await.unwrap();
    // The last one is still under way.
    assert_eq!(slow.succeeded + slow.skipped + 1, 30, "{slow:?}");
    assert_eq!(slow.skipped, 15);
    one.pause_job("quick").await.unwrap();
    pass(10).await;
    assert_eq!(two.statistics("quick").await.unwrap().succeeded, 60);
}
