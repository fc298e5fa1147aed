//! What users hold is dropped where it harms nothing.

use std::panic::panic_any;
use std::sync::Arc;
use std::thread;

use punctual_core::{Date, Outcome};
use punctual_tokio::{Executor, Scheduler, WeakScheduler};
use tokio::sync::mpsc;

use crate::support::{every, ledger, pass, runs, started};

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("in drop");
        }
    }
}

/// Asks the scheduler when it is dropped, and says on which thread that was.
struct Asks(WeakScheduler, mpsc::UnboundedSender<thread::ThreadId>);

impl Drop for Asks {
    fn drop(&mut self) {
        if let Some(scheduler) = self.0.upgrade() {
            drop(scheduler.tasks());
        }
        let _ = self.1.send(thread::current().id());
    }
}

/// A scheduler with a job that shows whether it goes on.
async fn beating(executor: Executor) -> Scheduler {
    let scheduler = started().await;
    scheduler.add_executor("here", executor).await.unwrap();
    let job = scheduler.add_job(|| async {}, every(10)).id("beat");
    job.await.unwrap();
    scheduler
}

async fn goes_on(scheduler: &Scheduler) {
    let before = ledger(scheduler, "beat").await.len();
    pass(30).await;
    assert!(scheduler.is_running());
    assert_eq!(ledger(scheduler, "beat").await.len(), before + 3);
}

#[tokio::test(start_paused = true)]
async fn a_closure_whose_drop_panics_ends_nothing() {
    for executor in [Executor::tokio(), Executor::inline()] {
        let scheduler = beating(executor).await;
        for id in ["once", "removed", "removed while it runs"] {
            let held = Arc::new(Bomb);
            let body = move || {
                let _ = &held;
                tokio::time::sleep(crate::support::seconds(5))
            };
            let job = scheduler.add_job(body, Date::at(scheduler.now())).id(id);
            job.executor("here").await.unwrap();
            if id != "once" {
                pass(if id == "removed" { 0 } else { 1 }).await;
                scheduler.remove_job(id).await.unwrap();
            }
        }
        goes_on(&scheduler).await;
        let succeeded = (Outcome::Succeeded, 1);
        assert_eq!(ledger(&scheduler, "once").await, [succeeded]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_whose_value_panics_is_an_outcome() {
    for executor in [Executor::tokio(), Executor::inline()] {
        let scheduler = beating(executor).await;
        let early = || {
            if true {
                panic_any(Bomb)
            }
            async {}
        };
        let late = || async {
            if true {
                panic_any(Bomb)
            }
        };
        let plain = || -> () { panic_any(Bomb) };
        let now = Date::at(scheduler.now());
        for (id, job) in [
            ("early", scheduler.add_job(early, now.clone())),
            ("late", scheduler.add_job(late, now.clone())),
            ("plain", scheduler.add_job(plain, now.clone())),
        ] {
            job.id(id).executor("here").await.unwrap();
        }
        goes_on(&scheduler).await;
        for id in ["early", "late", "plain"] {
            let panicked = (Outcome::Panicked, 1);
            assert_eq!(ledger(&scheduler, id).await, [panicked], "{id}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_whose_drop_panics_is_an_outcome() {
    for executor in [Executor::tokio(), Executor::inline()] {
        let scheduler = beating(executor).await;
        let body = || {
            let held = Bomb;
            std::future::poll_fn(move |_| {
                let _ = &held;
                std::task::Poll::Ready(())
            })
        };
        let job = scheduler.add_job(body, Date::at(scheduler.now()));
        job.id("future").executor("here").await.unwrap();
        goes_on(&scheduler).await;
        assert_eq!(ledger(&scheduler, "future").await, [(Outcome::Panicked, 1)]);
        let error = runs(&scheduler, "future").await.remove(0).error;
        assert_eq!(error.as_deref(), Some("in drop"));
    }
}

#[tokio::test]
async fn a_drop_that_asks_the_scheduler_has_an_answer_and_another_thread() {
    let scheduler = started().await;
    let (said, mut hears) = mpsc::unbounded_channel();
    let held = Arc::new(Asks(scheduler.downgrade(), said));
    let body = move || {
        let _ = &held;
        async {}
    };
    let job = scheduler.add_job(body, Date::at(scheduler.now()));
    job.await.unwrap();
    // All tasks of this runtime share this thread, the scheduler's too.
    assert_ne!(hears.recv().await, Some(thread::current().id()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closure_that_is_removed_by_hand_may_ask_the_scheduler_when_it_is_dropped() {
    let scheduler = started().await;
    let (said, mut hears) = mpsc::unbounded_channel();
    let held = Arc::new(Asks(scheduler.downgrade(), said));
    let body = move || {
        let _ = &held;
        async {}
    };
    let job = scheduler.add_job(body, every(86_400)).id("idle");
    job.await.unwrap();
    let removing = scheduler.clone();
    tokio::spawn(async move { removing.remove_job("idle").await });
    assert!(hears.recv().await.is_some());
}
