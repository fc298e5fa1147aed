//! The verbs of one job, through its handle.

use chrono::TimeDelta;
use punctual_core::{Interval, Policies};
use punctual_tokio::{Executor, JobContext, Output};

use crate::support::{every, pass, runs, seconds, started};

#[tokio::test(start_paused = true)]
async fn a_handle_has_the_verbs_of_the_scheduler() {
    let scheduler = started().await;
    let job = scheduler.add_job(|| async {}, every(10)).id("a");
    let job = job.await.unwrap();
    let begin = scheduler.now();
    job.modify().name("A").await.unwrap();
    assert_eq!(job.get().await.unwrap().unwrap().name(), "A");
    let next = job.upcoming(3).await.unwrap();
    let ahead: Vec<_> = next.iter().map(|at| (*at - begin).num_seconds()).collect();
    assert_eq!(ahead, [10, 20, 30]);
    job.pause().await.unwrap();
    assert!(job.upcoming(3).await.unwrap().is_empty());
    job.resume().await.unwrap();
    job.reschedule(every(7)).await.unwrap();
    pass(7).await;
    job.run().await.unwrap();
    pass(0).await;
    assert_eq!(job.statistics().await.unwrap().succeeded, 2);
    assert_eq!(job.runs().await.unwrap().len(), 2);
    job.remove().await.unwrap();
    assert!(job.get().await.unwrap().is_none());
    assert!(job.upcoming(1).await.unwrap_err().is_not_found());
    assert!(job.modify().name("B").await.unwrap_err().is_not_found());
    scheduler.shutdown().await.unwrap();
    drop(scheduler);
    pass(1).await;
    // The handle is there, and what the scheduler was given is gone.
    assert!(job.get().await.unwrap().is_none());
    assert!(job.scheduler().start().await.unwrap_err().is_not_running());
}

#[tokio::test(start_paused = true)]
async fn a_handle_tells_its_own_runs_apart_and_cancels_them() {
    let scheduler = started().await;
    let body = |context: JobContext| async move { context.cancelled().await };
    let one = scheduler.add_job(body, every(600)).id("one");
    let two = scheduler.add_job(body, every(600)).id("two");
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    let run = one.run().await.unwrap();
    let asked = scheduler.now();
    two.run().await.unwrap();
    pass(1).await;
    let running = one.running().await.unwrap();
    assert_eq!(&*running[0].store, "default");
    let started = running[0].started.unwrap();
    assert!(
        (started - asked).abs() < TimeDelta::milliseconds(10),
        "{started}"
    );
    assert_eq!(running.len(), 1);
    assert_eq!((running[0].run, running[0].job.as_str()), (run.id(), "one"));
    run.cancel().await.unwrap();
    pass(0).await;
    assert_eq!(one.running().await.unwrap(), []);
    assert_eq!(two.running().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_edit_moves_a_job_to_another_executor() {
    let scheduler = started().await;
    let runtime = std::thread::current().id();
    let thread = move || async move { Output(std::thread::current().id() != runtime) };
    let job = scheduler.add_job(thread, every(1)).id("a").await.unwrap();
    pass(1).await;
    let error = job.modify().executor("pool").await.unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().contains("pool"),
        "{error}"
    );
    let pool = scheduler.add_executor("pool", Executor::blocking(1));
    pool.await.unwrap();
    let before = job.get().await.unwrap().unwrap().next_run_time();
    job.modify().executor("pool").await.unwrap();
    let moved = job.get().await.unwrap().unwrap();
    assert_eq!(moved.executor(), "pool");
    assert_eq!(moved.next_run_time(), before, "the schedule is kept");
    let run = job.run().await.unwrap();
    // A thread for blocking work does not follow the paused clock: its end is an event.
    run.wait().await.unwrap();
    let runs = runs(&scheduler, "a").await;
    let told = |id| {
        runs.iter()
            .find(|run| run.id == id)
            .and_then(|run| run.result.clone())
    };
    assert_eq!(told(run.id()), Some(true.into()));
    assert_eq!(
        runs.last().and_then(|first| first.result.clone()),
        Some(false.into())
    );
}

#[tokio::test(start_paused = true)]
async fn an_explicit_next_run_time_is_one_extra_and_re_anchors_a_free_interval() {
    let scheduler = started().await;
    let begin = scheduler.now();
    let free = scheduler.add_job(|| async {}, every(10)).id("free");
    let fixed = Interval::every(seconds(10)).start(begin);
    let fixed = scheduler.add_job(|| async {}, fixed).id("fixed");
    let (free, fixed) = (free.await.unwrap(), fixed.await.unwrap());
    let extra = begin + TimeDelta::seconds(3);
    let mut ahead = Vec::new();
    for job in [free, fixed] {
        job.modify().next_run_time(extra).await.unwrap();
        let next = job.upcoming(3).await.unwrap();
        ahead.push(
            next.iter()
                .map(|at| (*at - begin).num_seconds())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(ahead, [[3, 13, 23], [3, 10, 20]]);
    pass(25).await;
    for (id, count) in [("free", 3), ("fixed", 3)] {
        assert_eq!(
            scheduler.statistics(id).await.unwrap().succeeded,
            count,
            "{id}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn policies_can_be_edited_alone() {
    let scheduler = started().await;
    let job = scheduler.add_job(|| async {}, every(10)).id("a");
    let job = job.await.unwrap();
    let policies = Policies::new().max_instances(3).build().unwrap();
    job.modify().policies(policies).await.unwrap();
    let edited = job.get().await.unwrap().unwrap();
    assert_eq!(*edited.policies(), policies);
}
