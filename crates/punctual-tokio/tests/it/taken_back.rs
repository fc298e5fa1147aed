//! What has not begun, or has been told to end for another reason, is taken back for good.

use std::sync::{Arc, Mutex, mpsc};

use punctual_core::{CancelReason, Date, MissReason, Outcome, Overlap, Retry};
use punctual_tokio::{EventKind, Executor, JobContext, Scheduler};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::support::{Counter, every, given_up, ledger, pass, runs, seconds, started};

const SUCCEEDED: (Outcome, u64) = (Outcome::Succeeded, 1);

fn cancelled(reason: CancelReason) -> (Outcome, u64) {
    (Outcome::Cancelled(reason), 1)
}

/// A job whose attempts hang, and are tried five times.
async fn hanging(scheduler: &Scheduler, overlap: Overlap) -> Counter {
    let counter = Counter::default();
    let inside = counter.clone();
    let hangs = move || {
        inside.enter();
        std::future::pending::<()>()
    };
    let job = scheduler.add_job(hangs, every(10)).id("hangs");
    let job = job.timeout(seconds(8)).retry(Retry::attempts(5));
    job.overlap(overlap).run_at_start().await.unwrap();
    counter
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_after_its_time_is_not_tried_again() {
    let scheduler = started().await;
    let counter = hanging(&scheduler, Overlap::Skip).await;
    pass(9).await;
    let run = scheduler.running().await.unwrap().remove(0).run;
    scheduler.cancel_run(run).await.unwrap();
    pass(600).await;
    let found = ledger(&scheduler, "hangs").await;
    assert_eq!(found[0], cancelled(CancelReason::User));
    let first = runs(&scheduler, "hangs").await.pop().unwrap();
    assert_eq!(first.attempts, 1, "of {} bodies", counter.all());
}

#[tokio::test(start_paused = true)]
async fn what_is_replaced_after_its_time_is_not_tried_again() {
    let scheduler = started().await;
    let _counter = hanging(&scheduler, Overlap::CancelRunning).await;
    pass(600).await;
    let found = ledger(&scheduler, "hangs").await;
    assert_eq!(found[0], cancelled(CancelReason::Replaced), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_shutdown_cancels_after_its_time_does_not_wait_for_another_attempt() {
    let scheduler = started().await;
    let counter = hanging(&scheduler, Overlap::Skip).await;
    pass(9).await;
    let report = scheduler.shutdown().immediately().await.unwrap();
    assert_eq!((report.handed_on, counter.all()), (vec![], 1));
    let expected = [cancelled(CancelReason::Shutdown)];
    assert_eq!(ledger(&scheduler, "hangs").await, expected);
}

/// A job that has the only place of its executor for so long, and one that waits for it.
async fn crowded(executor: Executor, time: u64) -> (Scheduler, Counter) {
    let scheduler = started().await;
    scheduler.add_executor("one", executor).await.unwrap();
    let (counter, now) = (Counter::default(), scheduler.now());
    let inside = counter.clone();
    let long = move || sleep(seconds(time));
    let job = scheduler.add_job(long, Date::at(now)).id("long");
    job.executor("one").await.unwrap();
    let short = move |_context: JobContext| {
        inside.enter();
        std::future::ready(())
    };
    let job = scheduler.add_job(short, every(3_600)).id("short");
    job.executor("one").await.unwrap();
    pass(1).await;
    (scheduler, counter)
}

/// The executors whose bodies go by a paused clock.
fn narrow(set: &LocalSet) -> [Executor; 3] {
    let local = Executor::local_set(set).at_most(1);
    let inline = Executor::inline().at_most(1);
    [Executor::tokio().at_most(1), local, inline]
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_place_ends_when_it_is_cancelled_and_never_begins() {
    let set = LocalSet::new();
    for executor in narrow(&set) {
        let test = async {
            let (scheduler, counter) = crowded(executor, 4).await;
            let run = scheduler.run_job("short").await.unwrap();
            scheduler.cancel_run(&run).await.unwrap();
            pass(0).await;
            let expected = [cancelled(CancelReason::User)];
            assert_eq!(ledger(&scheduler, "short").await, expected);
            let ended = runs(&scheduler, "short").await.remove(0);
            assert_eq!((ended.attempts, ended.started), (0, None));
            pass(60).await;
            assert_eq!(counter.all(), 0);
            // The place that it did not take is there for others.
            scheduler.run_job("short").await.unwrap();
            pass(1).await;
            assert_eq!(counter.all(), 1);
        };
        set.run_until(Box::pin(test)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_waits_for_a_place_begins_after_a_shutdown_has_cancelled_all() {
    let set = LocalSet::new();
    for executor in narrow(&set) {
        let test = async {
            let scheduler = started().await;
            scheduler.add_executor("one", executor).await.unwrap();
            let (counter, now) = (Counter::default(), scheduler.now());
            for id in ["a", "b", "c"] {
                let inside = counter.clone();
                let body = move |context: JobContext| {
                    inside.enter();
                    given_up(context)
                };
                let job = scheduler.add_job(body, Date::at(now)).id(id);
                job.executor("one").await.unwrap();
            }
            pass(1).await;
            scheduler.shutdown().immediately().await.unwrap();
            assert_eq!(counter.all(), 1);
            for id in ["a", "b", "c"] {
                let expected = [cancelled(CancelReason::Shutdown)];
                assert_eq!(ledger(&scheduler, id).await, expected, "{id}");
            }
        };
        set.run_until(Box::pin(test)).await;
    }
}

#[tokio::test]
async fn what_waits_for_a_thread_never_begins_after_it_was_cancelled() {
    let scheduler = started().await;
    let executor = Executor::blocking(1);
    scheduler.add_executor("one", executor).await.unwrap();
    let mut events = scheduler.events();
    let (release, gate) = mpsc::channel::<()>();
    let (gate, has_begun) = (Mutex::new(gate), Arc::new(Notify::new()));
    let begun = Arc::clone(&has_begun);
    let long = move || {
        begun.notify_one();
        let _ = gate.lock().unwrap().recv();
    };
    let counter = Counter::default();
    let inside = counter.clone();
    let short = move || {
        inside.enter();
    };
    let job = scheduler.add_job(long, every(3_600)).id("long");
    job.executor("one").await.unwrap();
    let job = scheduler.add_job(short, every(3_600)).id("short");
    job.executor("one").await.unwrap();
    scheduler.run_job("long").await.unwrap();
    has_begun.notified().await;
    let run = scheduler.run_job("short").await.unwrap();
    scheduler.cancel_run(&run).await.unwrap();
    release.send(()).unwrap();
    let outcome = loop {
        let Some(Ok(event)) = events.next().await else {
            panic!("lost events");
        };
        match &event.kind {
            EventKind::JobExecuted(end) | EventKind::JobError(end) if end.run == run.id() => {
                break end.outcome;
            }
            _ => {}
        }
    };
    assert_eq!(outcome, Outcome::Cancelled(CancelReason::User));
    assert_eq!(counter.all(), 0);
    scheduler.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_place_counts_against_no_timeout_and_no_attempt() {
    let set = LocalSet::new();
    for executor in narrow(&set) {
        let test = async {
            let (scheduler, counter) = crowded(executor, 600).await;
            let job = scheduler.modify_job("short").timeout(seconds(30));
            job.retry(Retry::attempts(3)).await.unwrap();
            scheduler.run_job("short").await.unwrap();
            pass(700).await;
            assert_eq!(counter.all(), 1);
            assert_eq!(ledger(&scheduler, "short").await, [SUCCEEDED]);
            assert_eq!(runs(&scheduler, "short").await[0].attempts, 1);
        };
        set.run_until(Box::pin(test)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_run_counts_from_when_it_begins() {
    // The place is free before the timeout would have struck, and long after.
    for wait in [20, 600] {
        let (scheduler, _counter) = crowded(Executor::tokio().at_most(1), wait).await;
        let works = |context: JobContext| async move {
            let time = if context.attempt() == 1 { 60 } else { 25 };
            tokio::select! {
                () = sleep(seconds(time)) => Ok(()),
                () = context.cancelled() => Err("was told to end"),
            }
        };
        let job = scheduler.add_job(works, every(3_600)).id("works");
        let retry = Retry::attempts(2)
            .backoff(seconds(1))
            .cap(seconds(1))
            .build()
            .unwrap();
        let job = job.executor("one").timeout(seconds(30)).retry(retry);
        job.run_at_start().await.unwrap();
        pass(wait + 100).await;
        assert_eq!(ledger(&scheduler, "works").await, [SUCCEEDED]);
        let run = runs(&scheduler, "works").await.remove(0);
        let (started, finished) = (run.started.unwrap(), run.finished.unwrap());
        // The first attempt has ended after thirty seconds.
        let took = (finished - started).num_seconds();
        assert_eq!((run.attempts, took), (2, 30 + 1 + 25));
    }
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_place_within_its_grace_time_is_missed() {
    let set = LocalSet::new();
    for executor in narrow(&set) {
        let test = async {
            let (scheduler, _counter) = crowded(executor, 180).await;
            for (id, grace) in [("late", 10), ("in time", 300)] {
                let job = scheduler.add_job(|| async {}, Date::at(scheduler.now()));
                let job = job.id(id).executor("one");
                job.misfire_grace_time(seconds(grace)).await.unwrap();
            }
            pass(300).await;
            let missed = (Outcome::Missed(MissReason::Grace), 1);
            assert_eq!(ledger(&scheduler, "late").await, [missed]);
            assert_eq!(ledger(&scheduler, "in time").await, [SUCCEEDED]);
            let run = runs(&scheduler, "late").await.remove(0);
            assert_eq!((run.attempts, run.started), (0, None));
        };
        set.run_until(Box::pin(test)).await;
    }
}
