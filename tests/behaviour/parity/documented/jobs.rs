//! What becomes of a job: when it ends, is paused, replaced or rescheduled.

use chrono::TimeDelta;
use punctual_core::{Date, MissReason, Outcome};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, Gate, every, nothing, paused, seconds};

pub(crate) const CASES: &[Case] = &[
    different(
        "a one-shot job leaves its store after its run",
        "upstream deletes it when it is submitted, so a crash loses it",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let gate = Gate::closed();
                let waiting = gate.clone();
                let body = move || {
                    let waiting = waiting.clone();
                    async move { waiting.pass().await }
                };
                let once = Date::at(fixture.clock.now());
                fixture.scheduler.add_job(body, once).id("a").await.unwrap();
                fixture.settle().await;
                assert_eq!(fixture.ids().await, ["a"]);
                gate.open(1);
                fixture.settle().await;
                assert!(fixture.ids().await.is_empty());
            });
        },
    ),
    different(
        "a week of missed seconds is one range",
        "upstream makes 604,801 times of it before it drops all but one",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let first = fixture.clock.now() - TimeDelta::days(7);
                let job = fixture.scheduler.add_job(nothing, every(1).start(first));
                job.id("a").next_run_time(first).await.unwrap();
                fixture.settle().await;
                let expected = [(Outcome::Coalesced, 604_800), (Outcome::Succeeded, 1)];
                assert_eq!(fixture.ledger("a").await, expected);
            });
        },
    ),
    same(
        "nothing is processed while paused, and what is overdue then is decided by the policies",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture.scheduler.pause().await.unwrap();
                fixture.jump(10).await;
                assert!(fixture.runs("a").await.is_empty());
                fixture.scheduler.resume().await.unwrap();
                fixture.settle().await;
                let expected = [(Outcome::Coalesced, 9), (Outcome::Succeeded, 1)];
                assert_eq!(fixture.ledger("a").await, expected);
            });
        },
    ),
    different(
        "a resumed job says what it left out",
        "upstream drops what was due while a job was paused; here it is recorded, or caught up with",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture.scheduler.pause_job("a").await.unwrap();
                fixture.jump(10).await;
                fixture.scheduler.resume_job("a").await.unwrap();
                fixture.settle().await;
                let missed = Outcome::Missed(MissReason::Paused);
                assert_eq!(fixture.ledger("a").await, [(missed, 10)]);
            });
        },
    ),
    different(
        "replacing a job keeps its next fire time, its pause and its counts",
        "upstream starts it anew: a redeploy loses missed runs and the phase of intervals",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                fixture
                    .scheduler
                    .add_job(nothing, every(60))
                    .id("a")
                    .await
                    .unwrap();
                fixture.jump(30).await;
                let before = fixture.job("a").await;
                fixture.scheduler.pause_job("a").await.unwrap();
                let again = fixture.scheduler.add_job(nothing, every(60)).id("a");
                again.replace_existing().await.unwrap();
                let after = fixture.job("a").await;
                assert!(after.state().paused);
                assert_eq!(after.state().next_run_time, before.state().next_run_time);
            });
        },
    ),
    different(
        "changing the trigger changes the next fire time",
        "there is no way to change one without the other: `reschedule_job` does both",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                fixture
                    .scheduler
                    .add_job(nothing, every(60))
                    .id("a")
                    .await
                    .unwrap();
                fixture
                    .scheduler
                    .reschedule_job("a", every(5))
                    .await
                    .unwrap();
                let next = fixture.clock.now() + TimeDelta::seconds(5);
                assert_eq!(fixture.job("a").await.next_run_time(), Some(next));
            });
        },
    ),
    different(
        "a trigger without a future time is refused",
        "upstream stores the job as paused for ever",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let over = every(1)
                    .start(fixture.clock.now() - seconds(2))
                    .end(fixture.clock.now() - seconds(1));
                let error = fixture.scheduler.add_job(nothing, over).await.unwrap_err();
                assert!(error.to_string().contains("no fire time left"), "{error}");
            });
        },
    ),
];
