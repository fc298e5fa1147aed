//! Jobs that hold on to what is not theirs: their thread, or the scheduler.

use std::sync::{Arc, Mutex, mpsc};

use punctual_core::Outcome;
use punctual_tokio::{ErrorKind, EventKind, Scheduler};

use crate::support::{every, ledger, started};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_job_that_blocks_its_thread_holds_up_no_other() {
    let (release, held) = mpsc::channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let stuck = move || {
        let (held, begun) = (Arc::clone(&held), begun.clone());
        async move {
            begun.send(()).unwrap();
            // An error means that the test is over.
            let _ = held.lock().unwrap().recv();
        }
    };
    let scheduler = started().await;
    let mut events = scheduler.events();
    let stuck = scheduler.add_job(stuck, every(3_600)).id("stuck");
    let stuck = stuck.await.unwrap();
    let free = scheduler.add_job(|| async {}, every(3_600)).id("free");
    let free = free.await.unwrap();
    stuck.run().await.unwrap();
    begins.recv().await.unwrap();
    for _ in 0..20 {
        let run = free.run().await.unwrap();
        let is_its = |kind: &EventKind| matches!(kind, EventKind::JobExecuted(ended) if ended.run == run.id());
        while let Some(Ok(event)) = events.next().await {
            if is_its(&event.kind) {
                break;
            }
        }
    }
    assert_eq!(stuck.running().await.unwrap().len(), 1);
    release.send(()).unwrap();
    while let Some(Ok(event)) = events.next().await {
        if matches!(&event.kind, EventKind::JobExecuted(run) if run.job.id.as_str() == "stuck") {
            break;
        }
    }
    scheduler.shutdown().await.unwrap();
    assert_eq!(ledger(&scheduler, "stuck").await, [(Outcome::Succeeded, 1)]);
    assert_eq!(free.statistics().await.unwrap().succeeded, 20);
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_stores_can_be_edited_and_the_task_cannot_be_asked() {
    let scheduler = started().await;
    let job = scheduler.add_job(|| async {}, every(60)).id("a");
    let job = job.await.unwrap();
    scheduler.shutdown().await.unwrap();
    job.pause().await.unwrap();
    job.resume().await.unwrap();
    scheduler
        .add_job(|| async {}, every(60))
        .id("b")
        .await
        .unwrap();
    assert_eq!(scheduler.upcoming(2).await.unwrap().len(), 2);
    let kinds = [
        job.run().await.unwrap_err().kind(),
        scheduler.pause().await.unwrap_err().kind(),
        scheduler.resume().await.unwrap_err().kind(),
        scheduler.running().await.unwrap_err().kind(),
        scheduler.wakeup().await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NotRunning; 5]);
    let error = scheduler.pause().await.unwrap_err().to_string();
    assert!(error.contains("start"), "it says what to do: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_never_ends_is_one_run_and_its_shutdown_is_bounded() {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    let never = scheduler.add_job(std::future::pending::<()>, every(1));
    never.id("never").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(3_500)).await;
    let statistics = scheduler.statistics("never").await.unwrap();
    assert_eq!((statistics.runs(), statistics.skipped), (0, 2));
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!((report.cancelled.len(), report.abandoned.len()), (1, 0));
}
