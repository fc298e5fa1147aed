//! What a function does before it returns its future is a part of the run.

use std::thread;

use punctual_core::{Date, Outcome};
use punctual_tokio::{Executor, JobContext};
use tokio::sync::mpsc;

use crate::support::{every, ledger, pass, started};

/// Where bodies begin must not be the thread of the scheduler, so it has one of its own.
#[test]
fn the_part_before_the_future_does_not_run_in_the_scheduler_task() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let scheduler = started().await;
        let (said, mut hears) = mpsc::unbounded_channel();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Mutex::new(gate);
        let blocks = move || {
            // Until the other job has run.
            let _ = gate.lock().unwrap().recv();
            async {}
        };
        let job = scheduler.add_job(blocks, Date::at(scheduler.now()));
        job.await.unwrap();
        let other = move || {
            let _ = said.send(thread::current().id());
            async {}
        };
        let waits = tokio::spawn(async move {
            let job = scheduler.add_job(other, Date::at(scheduler.now()));
            job.await.unwrap();
            let heard = hears.recv().await;
            release.send(()).unwrap();
            heard
        });
        let wait = std::time::Duration::from_secs(20);
        let heard = tokio::time::timeout(wait, waits).await;
        assert!(heard.is_ok_and(|heard| heard.is_ok_and(|it| it.is_some())));
    });
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_future_is_an_outcome_with_its_message_everywhere() {
    let executors = [
        Executor::tokio(),
        Executor::tokio().at_most(1),
        Executor::inline(),
        Executor::blocking(1),
    ];
    for executor in executors {
        let scheduler = started().await;
        scheduler.add_executor("here", executor).await.unwrap();
        let plain = || {
            if true {
                panic!("early")
            }
            async {}
        };
        let takes = |_: JobContext| {
            if true {
                panic!("early")
            }
            async {}
        };
        for (id, job) in [
            ("plain", scheduler.add_job(plain, every(600))),
            ("takes", scheduler.add_job(takes, every(600))),
        ] {
            job.id(id).executor("here").run_at_start().await.unwrap();
        }
        pass(1).await;
        for id in ["plain", "takes"] {
            assert_eq!(ledger(&scheduler, id).await, [(Outcome::Panicked, 1)]);
            let run = crate::support::runs(&scheduler, id).await.remove(0);
            assert_eq!(run.error.as_deref(), Some("early"));
            assert!(run.started.is_some());
        }
    }
}
