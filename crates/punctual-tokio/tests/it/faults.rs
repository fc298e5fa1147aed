//! Jobs, stores and users at their worst: nothing ends the scheduler, nothing is lost.

use std::sync::atomic::Ordering;

use punctual_core::{Outcome, RunId};
use punctual_store::JobStore;
use punctual_tokio::Scheduler;

use crate::moody::Moody;
use crate::support::{every, ledger, pass, runs, seconds, started};

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_outcome_with_its_message_and_the_next_run_happens() {
    let scheduler = started().await;
    scheduler
        .add_job(
            || async {
                if true {
                    panic!("number {}", 7)
                }
            },
            every(1),
        )
        .id("async")
        .await
        .unwrap();
    // A closure may panic before there is a future.
    scheduler
        .add_job(|| -> std::future::Ready<()> { panic!("early") }, every(1))
        .id("early")
        .await
        .unwrap();
    pass(3).await;
    assert_eq!(
        ledger(&scheduler, "async").await,
        [(Outcome::Panicked, 1); 3]
    );
    assert_eq!(
        runs(&scheduler, "async").await[0].error.as_deref(),
        Some("number 7")
    );
    assert_eq!(
        runs(&scheduler, "early").await[0].error.as_deref(),
        Some("early")
    );
    assert_eq!(
        ledger(&scheduler, "early").await,
        [(Outcome::Panicked, 1); 3]
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_adds_ten_thousand_jobs() {
    let scheduler = started().await;
    scheduler
        .add_job(
            |context: punctual_tokio::JobContext| async move {
                let scheduler = context.scheduler().upgrade().ok_or("gone")?;
                for index in 0..10_000 {
                    let id = format!("child-{index}");
                    scheduler.add_job(|| async {}, every(3_600)).id(id).await?;
                }
                Ok::<(), punctual_tokio::BoxError>(())
            },
            every(100),
        )
        .id("parent")
        .run_at_start()
        .await
        .unwrap();
    pass(5).await;
    let jobs = scheduler
        .get_jobs(punctual_tokio::JobFilter::default())
        .await
        .unwrap();
    assert_eq!(jobs.len(), 10_001);
}

#[tokio::test(start_paused = true)]
async fn unknown_jobs_and_ids_are_told() {
    let scheduler = started().await;
    for error in [
        scheduler.pause_job("nobody").await.unwrap_err(),
        scheduler.remove_job("nobody").await.unwrap_err(),
        scheduler.run_job("nobody").await.unwrap_err(),
        scheduler.cancel_run(RunId(99)).await.unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    let error = scheduler
        .add_job(|| async {}, every(1))
        .id("a\nb")
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("id: "), "{error}");
    let error = scheduler
        .add_job(|| async {}, every(1))
        .executor("gpu")
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

async fn with_moody() -> (Scheduler, Moody) {
    let moody = Moody::new();
    let scheduler = Scheduler::builder()
        .store("moody", moody.clone())
        .build()
        .unwrap();
    scheduler.start().await.unwrap();
    scheduler
        .add_job(|| async {}, every(1))
        .id("good")
        .await
        .unwrap();
    scheduler
        .add_job(|| async {}, every(1))
        .id("moody")
        .store("moody")
        .await
        .unwrap();
    pass(3).await;
    (scheduler, moody)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_only_its_own_jobs_and_nothing_is_lost() {
    let (scheduler, moody) = with_moody().await;
    moody.set_hanging(true);
    pass(30).await;
    assert_eq!(scheduler.statistics("good").await.unwrap().succeeded, 33);
    moody.set_hanging(false);
    pass(2).await;
    let done = moody
        .inner
        .statistics("moody".try_into().unwrap())
        .await
        .unwrap();
    let good = scheduler.statistics("good").await.unwrap().succeeded;
    assert_eq!(
        done.succeeded + done.coalesced + done.skipped,
        good,
        "{done:?}"
    );
    assert!(done.coalesced >= 28);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_asked_again_and_its_health_is_told() {
    let (scheduler, moody) = with_moody().await;
    moody.fails.store(true, Ordering::SeqCst);
    pass(20).await;
    let health = scheduler.health();
    assert!(health[0].is_good() && !health[1].is_good(), "{health:?}");
    assert!(
        health[1]
            .error
            .as_ref()
            .unwrap()
            .contains("the cable is out"),
        "{health:?}"
    );
    let error = scheduler
        .add_job(|| async {}, every(1))
        .store("moody")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), punctual_tokio::ErrorKind::Store);
    moody.fails.store(false, Ordering::SeqCst);
    pass(15).await;
    assert!(scheduler.health()[1].is_good());
    let done = scheduler.statistics("moody").await.unwrap();
    let good = scheduler.statistics("good").await.unwrap().succeeded;
    assert_eq!(
        done.succeeded + done.coalesced + done.skipped,
        good,
        "{done:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_ever_for_a_store() {
    let (scheduler, moody) = with_moody().await;
    moody.set_hanging(true);
    pass(2).await;
    let began = tokio::time::Instant::now();
    scheduler.shutdown_within(seconds(5)).await.unwrap();
    assert!(began.elapsed() <= seconds(30), "{:?}", began.elapsed());
}
