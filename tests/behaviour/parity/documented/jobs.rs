//! What becomes of a job: when it ends, is paused, replaced or rescheduled.

use chrono::TimeDelta;
use punctual_core::{Date, MissReason, Outcome};
use punctual_tokio::Resume;

use crate::case::{Case, different, same};
use crate::stage::{Gate, Stage, every, nothing, paused, seconds};

pub(crate) const CASES: &[Case] = &[
    different(
        "a one-shot job leaves its store after its run",
        "upstream deletes it when it is submitted, so a crash loses it",
        || {
            paused(async {
                let stage = Stage::started().await;
                let gate = Gate::closed();
                let waiting = gate.clone();
                let body = move || {
                    let waiting = waiting.clone();
                    async move { waiting.pass().await }
                };
                let once = Date::at(stage.clock.now());
                stage.scheduler.add_job(body, once).id("a").await.unwrap();
                stage.settle().await;
                assert_eq!(stage.ids().await, ["a"]);
                gate.open(1);
                stage.settle().await;
                assert!(stage.ids().await.is_empty());
            });
        },
    ),
    different(
        "a week of missed seconds is one range",
        "upstream makes 604,801 times of it before it drops all but one",
        || {
            paused(async {
                let stage = Stage::started().await;
                let first = stage.clock.now() - TimeDelta::days(7);
                let job = stage.scheduler.add_job(nothing, every(1).start(first));
                job.id("a").next_run_time(first).await.unwrap();
                stage.settle().await;
                let expected = [(Outcome::Coalesced, 604_800), (Outcome::Succeeded, 1)];
                assert_eq!(stage.ledger("a").await, expected);
            });
        },
    ),
    same(
        "nothing is processed while paused, and what is overdue then is decided by the policies",
        || {
            paused(async {
                let stage = Stage::started().await;
                stage
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                stage.scheduler.pause().await.unwrap();
                stage.jump(10).await;
                assert!(stage.runs("a").await.is_empty());
                stage.scheduler.resume().await.unwrap();
                stage.settle().await;
                let expected = [(Outcome::Coalesced, 9), (Outcome::Succeeded, 1)];
                assert_eq!(stage.ledger("a").await, expected);
            });
        },
    ),
    different(
        "a resumed job says what it left out",
        "upstream drops what was due while a job was paused; here it is recorded, or caught up with",
        || {
            paused(async {
                let stage = Stage::started().await;
                stage
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                stage.scheduler.pause_job("a").await.unwrap();
                stage.jump(10).await;
                stage
                    .scheduler
                    .resume_job("a", Resume::SkipMissed)
                    .await
                    .unwrap();
                stage.settle().await;
                let missed = Outcome::Missed(MissReason::Paused);
                assert_eq!(stage.ledger("a").await, [(missed, 10)]);
            });
        },
    ),
    different(
        "replacing a job keeps its next fire time, its pause and its counts",
        "upstream starts it anew: a redeploy loses missed runs and the phase of intervals",
        || {
            paused(async {
                let stage = Stage::started().await;
                stage
                    .scheduler
                    .add_job(nothing, every(60))
                    .id("a")
                    .await
                    .unwrap();
                stage.jump(30).await;
                let before = stage.job("a").await;
                stage.scheduler.pause_job("a").await.unwrap();
                let again = stage.scheduler.add_job(nothing, every(60)).id("a");
                again.replace_existing().await.unwrap();
                let after = stage.job("a").await;
                assert!(after.state.paused);
                assert_eq!(after.state.next_run_time, before.state.next_run_time);
            });
        },
    ),
    different(
        "changing the trigger changes the next fire time",
        "there is no way to change one without the other: `reschedule_job` does both",
        || {
            paused(async {
                let stage = Stage::started().await;
                stage
                    .scheduler
                    .add_job(nothing, every(60))
                    .id("a")
                    .await
                    .unwrap();
                stage.scheduler.reschedule_job("a", every(5)).await.unwrap();
                let next = stage.clock.now() + TimeDelta::seconds(5);
                assert_eq!(stage.job("a").await.next_run_time(), Some(next));
            });
        },
    ),
    different(
        "a trigger without a future time is refused",
        "upstream stores the job as paused for ever",
        || {
            paused(async {
                let stage = Stage::started().await;
                let over = every(1)
                    .start(stage.clock.now() - seconds(2))
                    .end(stage.clock.now() - seconds(1));
                let error = stage.scheduler.add_job(nothing, over).await.unwrap_err();
                assert!(error.to_string().contains("no fire time left"), "{error}");
            });
        },
    ),
];
