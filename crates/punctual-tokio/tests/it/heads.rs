//! A store may leave the arguments of a job out of the window. No run begins without them.

use std::sync::Arc;

use punctual_core::{Job, Retry};
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_store::{DueJobs, MemoryStore};
use punctual_tokio::{Args, JobContext, Scheduler};
use tokio::time::sleep;

use crate::support::{Log, every, pass, seconds};
use crate::ways::way_to;

/// Number of the job's argument and attempt of each body that began.
type Begun = Log<(u32, u32)>;

/// Leaves all arguments out, as a store does with long ones.
fn cut_to_heads(window: &mut DueJobs) {
    for due in &mut window.jobs {
        let job = Job::clone(&due.stored.job);
        due.stored.job = Arc::new(job.with_args(&serde_json::Value::Null));
        due.is_head = true;
    }
}

/// A scheduler that hears of jobs by windows alone, and of their heads only.
fn of_heads(store: &MemoryStore, begun: &Begun) -> (Scheduler, Faults) {
    let (way, faults) = way_to(store);
    faults.rewrite_windows(cut_to_heads);
    faults.next(StoreCall::Changes, Fault::Silent);
    let log = begun.clone();
    let count = move |Args((number,)): Args<(u32,)>, context: JobContext| {
        let log = log.clone();
        async move {
            log.push((number, context.attempt()));
            if context.attempt() == 1 {
                Err("first")
            } else {
                Ok(())
            }
        }
    };
    let builder = Scheduler::builder().store("default", way);
    let builder = builder.node("here").task("count", count);
    (builder.build().unwrap(), faults)
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_has_the_arguments_of_a_job_that_is_due_soon() {
    let begun = Begun::default();
    let (scheduler, _) = of_heads(&MemoryStore::new(), &begun);
    let job = scheduler.add_job("count", every(50).start(scheduler.now() + seconds(50)));
    job.id("a").args((7,)).await.unwrap();
    scheduler.start().await.unwrap();
    pass(1).await;
    scheduler.run_job("a").await.unwrap();
    pass(1).await;
    assert_eq!(begun.all(), [(7, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_the_arguments_of_a_job_that_is_due_soon() {
    let begun = Begun::default();
    let (scheduler, _) = of_heads(&MemoryStore::new(), &begun);
    let first = scheduler.now() + seconds(1);
    let job = scheduler.add_job("count", every(120).start(first)).id("a");
    let job = job.args((7,));
    let retry = Retry::attempts(3)
        .backoff(seconds(95))
        .cap(seconds(95))
        .build()
        .unwrap();
    job.retry(retry).await.unwrap();
    scheduler.start().await.unwrap();
    pass(100).await;
    assert_eq!(begun.all(), [(7, 1), (7, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_claim_had_no_answer_has_its_arguments() {
    let begun = Begun::default();
    let (scheduler, faults) = of_heads(&MemoryStore::new(), &begun);
    let first = scheduler.now() + seconds(30);
    let job = scheduler.add_job("count", every(300).start(first)).id("a");
    job.args((7,)).await.unwrap();
    scheduler.start().await.unwrap();
    pass(10).await;
    faults.next(StoreCall::Claim, Fault::LostAnswer);
    pass(30).await;
    assert_eq!(begun.all(), [(7, 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_during_a_claim_is_asked_for_whole() {
    let (begun, store) = (Begun::default(), MemoryStore::new());
    let (scheduler, faults) = of_heads(&store, &begun);
    let first = scheduler.now() + seconds(30);
    let job = scheduler.add_job("count", every(40).start(first)).id("a");
    job.args((7,)).await.unwrap();
    scheduler.start().await.unwrap();
    pass(10).await;
    faults.set(StoreCall::Claim, Fault::HeldAnswer);
    pass(21).await;
    // The claim is made, and its answer on its way.
    let other = Scheduler::builder().store("default", way_to(&store).0);
    let other = other
        .node("there")
        .task("count", |_: Args<(u32,)>| async {});
    let other = other.build().unwrap();
    other.modify_job("a").args((8,)).await.unwrap();
    scheduler.wakeup().await.unwrap();
    sleep(seconds(1)).await;
    faults.mend(StoreCall::Claim);
    pass(45).await;
    assert_eq!(begun.all(), [(7, 1), (8, 1)]);
}
