//! Jobs that change while the store is asked what is due soon: none is forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use punctual_core::Date;
use punctual_store::ClaimAnswer;
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_tokio::{NewJob, Scheduler};

use crate::support::{Counter, every, pass, seconds};
use crate::ways::faulty;

/// A scheduler of a store whose windows are read at its start and are still on their way.
async fn reading() -> (Scheduler, Faults) {
    let (store, faults) = faulty();
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    let far = scheduler.now() + TimeDelta::days(1);
    let job = scheduler.add_job(|| async {}, Date::at(far)).id("far");
    job.await.unwrap();
    scheduler.start().await.unwrap();
    // What was edited before the start has been told.
    pass(1).await;
    faults.set(StoreCall::Due, Fault::HeldAnswer);
    scheduler.wakeup().await.unwrap();
    pass(0).await;
    (scheduler, faults)
}

fn counted(counter: &Counter) -> impl Fn() -> std::future::Ready<()> + Clone + use<> {
    let counter = counter.clone();
    move || {
        counter.enter();
        std::future::ready(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_added_while_the_window_is_read_runs_in_time() {
    let (scheduler, faults) = reading().await;
    let counter = Counter::default();
    let soon = scheduler.now() + TimeDelta::seconds(65);
    let job = scheduler.add_job(counted(&counter), Date::at(soon));
    job.await.unwrap();
    pass(1).await;
    faults.mend(StoreCall::Due);
    pass(60).await;
    assert_eq!(counter.all(), 0);
    pass(4).await;
    assert_eq!(counter.all(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_added_before_the_first_window_is_there_runs_in_time() {
    let (store, faults) = faulty();
    faults.set(StoreCall::Due, Fault::HeldAnswer);
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    pass(0).await;
    let counter = Counter::default();
    let job = scheduler.add_job(counted(&counter), every(65));
    job.await.unwrap();
    pass(0).await;
    faults.mend(StoreCall::Due);
    pass(650).await;
    assert_eq!(counter.all(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_added_after_many_runs_in_time() {
    let (store, faults) = faulty();
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    pass(1).await;
    faults.set(StoreCall::Due, Fault::HeldAnswer);
    // So many edits at a time are not told one by one: the window is read again.
    let tomorrow = scheduler.now() + TimeDelta::days(1);
    let jobs = (0..2_000).map(|_| NewJob::new(|| async {}, Date::at(tomorrow)));
    scheduler.add_jobs(jobs).await.unwrap();
    pass(0).await;
    let counter = Counter::default();
    let soon = scheduler.now() + TimeDelta::seconds(90);
    let job = scheduler.add_job(counted(&counter), Date::at(soon));
    job.await.unwrap();
    pass(0).await;
    faults.mend(StoreCall::Due);
    pass(90).await;
    assert_eq!(counter.all(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_brought_forward_while_the_window_is_read_runs_in_time() {
    for ahead in [30, 65, 600] {
        let (scheduler, faults) = reading().await;
        let then = scheduler.now() + TimeDelta::seconds(ahead);
        let edit = scheduler.modify_job("far").next_run_time(then);
        edit.await.unwrap();
        pass(0).await;
        faults.mend(StoreCall::Due);
        tokio::time::sleep(seconds(ahead.unsigned_abs())).await;
        let run = scheduler.statistics("far").await.unwrap();
        assert_eq!(run.succeeded, 1, "{ahead} seconds ahead");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_noted_of_one_window_outlives_the_next_one() {
    let (scheduler, faults) = reading().await;
    let counter = Counter::default();
    let soon = scheduler.now() + TimeDelta::seconds(120);
    let job = scheduler.add_job(counted(&counter), Date::at(soon));
    job.await.unwrap();
    pass(0).await;
    // One more is asked for as soon as this one is there.
    scheduler.wakeup().await.unwrap();
    pass(0).await;
    faults.mend(StoreCall::Due);
    pass(120).await;
    assert_eq!(counter.all(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_has_moved_on_since_a_window_was_read_is_not_claimed_again() {
    let (store, faults) = faulty();
    let scheduler = Scheduler::builder().store("default", store);
    let scheduler = scheduler.build().unwrap();
    let lost = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&lost);
    faults.rewrite_replies(move |reply| {
        let answers = reply.answers.iter();
        let in_vain = answers.filter(|answer| !matches!(answer, ClaimAnswer::Won(_)));
        count.fetch_add(in_vain.count(), Ordering::SeqCst);
    });
    scheduler.start().await.unwrap();
    let first = scheduler.now() + seconds(5);
    let job = scheduler.add_job(|| async {}, every(600).start(first));
    job.id("a").await.unwrap();
    pass(1).await;
    // It is read before the claim, and told after it.
    faults.set(StoreCall::Due, Fault::HeldAnswer);
    scheduler.wakeup().await.unwrap();
    pass(8).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 1);
    faults.mend(StoreCall::Due);
    pass(1).await;
    assert_eq!(lost.load(Ordering::SeqCst), 0);
}
