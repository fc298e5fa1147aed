//! Events in their order, as observed upstream and as they come here.

use chrono::TimeDelta;
use punctual_core::Date;
use punctual_tokio::Executor;

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, Gate, every, nothing, paused, seconds};

const IN_ORDER: &str = "events of a job come in the order of what happens; upstream tells the end before the beginning";

async fn one_shot(late: TimeDelta) -> Vec<&'static str> {
    let fixture = Fixture::new();
    let once = Date::at(fixture.clock.now() - late);
    let job = fixture.scheduler.add_job(nothing, once);
    job.misfire_grace_time(seconds(1)).await.unwrap();
    fixture.scheduler.start().await.unwrap();
    fixture.heard().await
}

fn expect(heard: &[&str], expected: &[&str]) {
    assert_eq!(heard, expected);
}

/// A job that is running when the scheduler is told to stop.
async fn stopped_while_running(wait: bool) -> Vec<&'static str> {
    let fixture = Fixture::started().await;
    let gate = Gate::closed();
    let waiting = gate.clone();
    let body = move || {
        let waiting = waiting.clone();
        async move { waiting.pass().await }
    };
    fixture
        .scheduler
        .add_job(body, every(600))
        .id("a")
        .await
        .unwrap();
    fixture.jump(600).await;
    fixture.heard().await;
    fixture.forget();
    let shutdown = tokio::spawn({
        let scheduler = fixture.scheduler.clone();
        async move {
            let verb = scheduler.shutdown();
            if wait {
                verb.await
            } else {
                verb.immediately().await
            }
        }
    });
    fixture.settle().await;
    if wait {
        gate.open(1);
    }
    while !shutdown.is_finished() {
        fixture.jump(1).await;
    }
    fixture.heard().await
}

pub(crate) const CASES: &[Case] = &[
    different("pending one-shot, start", IN_ORDER, || {
        paused(async {
            let heard = one_shot(TimeDelta::zero()).await;
            let expected = [
                "JOB_ADDED",
                "EXECUTOR_ADDED",
                "JOBSTORE_ADDED",
                "SCHEDULER_STARTED",
                "JOB_SUBMITTED",
                "JOB_EXECUTED",
                "JOB_REMOVED",
            ];
            expect(&heard, &expected);
        });
    }),
    different(
        "one-shot overdue by more than its grace time",
        "a missed fire time is not submitted",
        || {
            paused(async {
                let heard = one_shot(TimeDelta::milliseconds(1_500)).await;
                expect(&heard[4..], &["JOB_MISSED", "JOB_REMOVED"]);
            });
        },
    ),
    same("a body longer than its interval, one instance", || {
        paused(async {
            let fixture = Fixture::started().await;
            let gate = Gate::closed();
            let waiting = gate.clone();
            let body = move || {
                let waiting = waiting.clone();
                async move { waiting.pass().await }
            };
            fixture
                .scheduler
                .add_job(body, every(1))
                .id("a")
                .await
                .unwrap();
            fixture.pass(3).await;
            gate.open(1);
            fixture.settle().await;
            fixture.pass(1).await;
            let expected = [
                "JOB_ADDED",
                "JOB_SUBMITTED",
                "JOB_MAX_INSTANCES",
                "JOB_MAX_INSTANCES",
                "JOB_EXECUTED",
                "JOB_SUBMITTED",
            ];
            expect(&fixture.heard().await, &expected);
        });
    }),
    same("replace_existing while running", || {
        paused(async {
            let fixture = Fixture::started().await;
            for _ in 0..2 {
                let job = fixture.scheduler.add_job(nothing, every(60)).id("a");
                job.replace_existing().await.unwrap();
            }
            expect(&fixture.heard().await, &["JOB_ADDED", "JOB_ADDED"]);
        });
    }),
    different(
        "unknown executor",
        "it is refused when the job is added, and parks the job when the executor goes later",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let job = fixture.scheduler.add_job(nothing, every(1)).executor("gpu");
                assert!(job.await.is_err());
                fixture
                    .scheduler
                    .add_executor("gpu", Executor::tokio())
                    .await
                    .unwrap();
                let job = fixture.scheduler.add_job(nothing, every(1)).executor("gpu");
                job.await.unwrap();
                fixture.scheduler.remove_executor("gpu").await.unwrap();
                fixture.jump(100).await;
                let expected = ["EXECUTOR_ADDED", "JOB_ADDED", "EXECUTOR_REMOVED"];
                expect(&fixture.heard().await, &expected);
            });
        },
    ),
    different(
        "paused, trigger exhausted, resume",
        "being resumed is an event too, before the job leaves",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let bounded = every(10)
                    .start(fixture.clock.now())
                    .end(fixture.clock.now() + seconds(60));
                let job = fixture.scheduler.add_job(nothing, bounded).paused();
                let job = job.await.unwrap();
                fixture.jump(600).await;
                job.resume().await.unwrap();
                let expected = ["JOB_ADDED", "JOB_MODIFIED", "JOB_REMOVED"];
                expect(&fixture.heard().await, &expected);
            });
        },
    ),
    same("shutdown that waits for a running job", || {
        paused(async {
            let heard = stopped_while_running(true).await;
            expect(&heard, &["JOB_EXECUTED", "SCHEDULER_SHUTDOWN"]);
        });
    }),
    different(
        "shutdown that does not wait",
        "the run is cancelled, and its end is told before that of the scheduler",
        || {
            paused(async {
                let heard = stopped_while_running(false).await;
                expect(&heard, &["JOB_ERROR", "SCHEDULER_SHUTDOWN"]);
            });
        },
    ),
];
