//! Closures end with their last job, and with those that were never added.

use std::sync::Arc;

use punctual_core::OnLost;
use punctual_store::testing::{Fault, StoreCall};
use punctual_tokio::{MemoryStore, Scheduler};

use crate::support::{every, pass, started};
use crate::ways::faulty;

/// A closure that holds on to what is counted.
fn holding(held: &Arc<()>) -> impl Fn() -> std::future::Ready<()> + Clone + Send + Sync + 'static {
    let held = Arc::clone(held);
    move || {
        let _ = &held;
        std::future::ready(())
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_adds_that_were_refused() {
    let builder = Scheduler::builder().store("other", MemoryStore::new());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let held = Arc::new(());
    scheduler
        .add_job(|| async {}, every(600))
        .id("a")
        .await
        .unwrap();
    for _ in 0..100 {
        let taken = scheduler.add_job(holding(&held), every(600)).id("a");
        assert!(taken.await.is_err());
        let elsewhere = scheduler
            .add_job(holding(&held), every(600))
            .id("a")
            .store("other");
        assert!(elsewhere.await.is_err());
        let nowhere = scheduler
            .add_job(holding(&held), every(600))
            .executor("none");
        assert!(nowhere.await.is_err());
        let none = scheduler
            .add_job(holding(&held), every(600))
            .max_instances(0);
        assert!(none.await.is_err());
    }
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_jobs_that_were_replaced_or_removed() {
    let scheduler = started().await;
    let held = Arc::new(());
    for _ in 0..100 {
        let job = scheduler.add_job(holding(&held), every(600)).id("a");
        job.replace_existing().await.unwrap();
    }
    assert_eq!(Arc::strong_count(&held), 2);
    pass(600).await;
    scheduler.remove_job("a").await.unwrap();
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
    for id in ["b", "c"] {
        let job = scheduler.add_job(holding(&held), every(600)).id(id);
        job.on_lost(OnLost::Record).await.unwrap();
    }
    scheduler.remove_all_jobs().await.unwrap();
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_adds_that_a_store_has_not_answered() {
    let (bad, faults) = faulty();
    let builder = Scheduler::builder().store("bad", bad);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let held = Arc::new(());
    faults.set(StoreCall::ALL, Fault::Failed);
    let job = |store: &str| {
        let job = punctual_tokio::NewJob::new(holding(&held), every(600));
        job.store(store)
    };
    // Whether the id is free in the other store cannot be known.
    assert!(scheduler.add_jobs([job("default")]).await.is_err());
    assert_eq!(Arc::strong_count(&held), 1);
    // The jobs of the second store are not reached.
    let both = scheduler.add_jobs([job("bad"), job("default"), job("default")]);
    assert!(both.await.is_err());
    assert_eq!(Arc::strong_count(&held), 1);
}
