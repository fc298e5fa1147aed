//! A store may leave the arguments of a job out of the window. No run begins without them.

use punctual_core::Retry;
use punctual_store::MemoryStore;
use punctual_tokio::{Args, JobContext, Scheduler};
use tokio::time::sleep;

use crate::moody::Moody;
use crate::support::{Log, every, pass, seconds};

/// Number of the job's argument and attempt of each body that began.
type Begun = Log<(u32, u32)>;

/// A scheduler that hears of jobs by windows alone, and of their heads only.
fn of_heads(store: &MemoryStore, begun: &Begun) -> (Scheduler, Moody) {
    let moody = Moody::shared(store);
    moody.tell_heads();
    moody.silence("changes");
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
    let builder = Scheduler::builder().store("default", moody.clone());
    let builder = builder.node("here").task("count", count);
    (builder.build().unwrap(), moody)
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
    let retry = Retry::attempts(3).backoff(seconds(95), seconds(95));
    job.retry(retry).await.unwrap();
    scheduler.start().await.unwrap();
    pass(100).await;
    assert_eq!(begun.all(), [(7, 1), (7, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_claim_had_no_answer_has_its_arguments() {
    let begun = Begun::default();
    let (scheduler, moody) = of_heads(&MemoryStore::new(), &begun);
    let first = scheduler.now() + seconds(30);
    let job = scheduler.add_job("count", every(300).start(first)).id("a");
    job.args((7,)).await.unwrap();
    scheduler.start().await.unwrap();
    pass(10).await;
    moody.forget_answers(1);
    pass(30).await;
    assert_eq!(begun.all(), [(7, 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_during_a_claim_is_asked_for_whole() {
    let (begun, store) = (Begun::default(), MemoryStore::new());
    let (scheduler, moody) = of_heads(&store, &begun);
    let first = scheduler.now() + seconds(30);
    let job = scheduler.add_job("count", every(40).start(first)).id("a");
    job.args((7,)).await.unwrap();
    scheduler.start().await.unwrap();
    pass(10).await;
    moody.set_holding_answers(true);
    pass(21).await;
    // The claim is made, and its answer on its way.
    let other = Scheduler::builder().store("default", Moody::shared(&store));
    let other = other
        .node("there")
        .task("count", |_: Args<(u32,)>| async {});
    let other = other.build().unwrap();
    other.modify_job("a").args((8,)).await.unwrap();
    scheduler.wakeup().await.unwrap();
    sleep(seconds(1)).await;
    moody.set_holding_answers(false);
    pass(45).await;
    assert_eq!(begun.all(), [(7, 1), (8, 1)]);
}
