//! Many jobs at once.

use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::Date;
use punctual_store::testing::StoreCall;
use punctual_tokio::{NewJob, Scheduler};

use crate::support::{Log, every, pass, started};
use crate::ways::{faulty, slow_by};

#[tokio::test(start_paused = true)]
async fn ten_thousand_jobs_due_in_one_instant_run_in_the_order_of_registration() {
    let scheduler = started().await;
    let log = Log::default();
    let due = scheduler.now() + TimeDelta::seconds(5);
    let jobs = (0..10_000_u32).map(|index| {
        let log = log.clone();
        let body = move || {
            log.push(index);
            async {}
        };
        // The later half is due a millisecond earlier.
        let due = due - TimeDelta::milliseconds(i64::from(index / 5_000));
        NewJob::new(body, Date::at(due))
    });
    let answers = scheduler.add_jobs(jobs).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
    pass(6).await;
    let expected: Vec<u32> = (5_000..10_000).chain(0..5_000).collect();
    assert_eq!(log.all(), expected);
    assert!(scheduler.get_jobs().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_concurrent_adds_succeed_and_the_next_one_does() {
    let scheduler = started().await;
    let adds: Vec<_> = (0..20_000)
        .map(|index| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move {
                scheduler
                    .add_job(|| async {}, every(3_600))
                    .id(format!("{index}"))
                    .await
                    .map(drop)
            })
        })
        .collect();
    for add in adds {
        add.await.unwrap().unwrap();
    }
    scheduler
        .add_job(|| async {}, every(3_600))
        .id("one more")
        .await
        .unwrap();
    assert_eq!(scheduler.get_jobs().await.unwrap().len(), 20_001);
    scheduler.shutdown().await.unwrap();
}

/// The runs in twenty seconds of a job that is due every second, while so many callers ask for
/// runs by hand of another, over and over again.
async fn runs_beside(callers: u32) -> (u64, u64) {
    let (store, faults) = faulty();
    faults.set(StoreCall::Claim, slow_by(Duration::from_millis(100)));
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(|| async {}, every(1)).id("due");
    job.await.unwrap();
    let job = scheduler.add_job(|| async {}, every(86_400)).id("asked");
    job.max_instances(punctual_core::Unlimited).await.unwrap();
    for _ in 0..callers {
        let scheduler = scheduler.clone();
        tokio::spawn(async move { while scheduler.run_job("asked").await.is_ok() {} });
    }
    pass(20).await;
    let due = scheduler.statistics("due").await.unwrap();
    let asked = scheduler.statistics("asked").await.unwrap();
    scheduler.shutdown().immediately().await.unwrap();
    (due.succeeded, asked.succeeded)
}

#[tokio::test(start_paused = true)]
async fn runs_by_hand_do_not_hold_up_the_schedule() {
    let (undisturbed, _) = runs_beside(0).await;
    let (due, asked) = runs_beside(2_000).await;
    assert!(asked > 10_000, "{asked}");
    assert_eq!(due, undisturbed);
}
