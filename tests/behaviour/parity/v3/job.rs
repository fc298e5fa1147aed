//! `tests/test_job.py` of 3.11: the handle, fire times, what a job is as text and data.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::plan::plan;
use punctual_core::{Coalesce, Job, JobId, JobState, Policies};
use punctual_tokio::JobStatus;

use crate::case::{Case, different, same};
use crate::fixture::{FROZEN, Fixture, every, nothing, paused};
use crate::times::{at, berlin, in_zone, trigger};

/// The fire times of a backlog that would run, for a job that is due at `next`.
fn run_times(
    zone: &str,
    text: &str,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let all = Policies::new()
        .coalesce(Coalesce::all(100))
        .build()
        .unwrap();
    let job = Job::new(JobId::new("a").unwrap(), "t", in_zone(zone, text)).with_policies(all);
    let mut state = JobState::default();
    state.next_run_time = Some(next);
    plan(&job.view(&state), now).start
}

/// One line of the table of jobs.
async fn line(paused_job: bool) -> String {
    let fixture = Fixture::started().await;
    let once = trigger(r#"date(run_at="2011-04-03 18:40:10")"#);
    let job = fixture
        .scheduler
        .add_job(nothing, once)
        .id("téstïd")
        .name("nämé");
    let job = job.await.unwrap();
    if paused_job {
        job.pause().await.unwrap();
    }
    let table = fixture.scheduler.job_table().await.unwrap().to_string();
    table.lines().nth(1).unwrap_or_default().trim().to_owned()
}

const ONCE: &str = "nämé (trigger: once at 2011-04-03 18:40:10, Europe/Berlin, ";

fn scheduled_line() {
    paused(async {
        let expected = format!("{ONCE}next run at: 2011-04-03 18:40:10 +02:00)");
        assert_eq!(line(false).await, expected);
    });
}

fn paused_line() {
    paused(async {
        assert_eq!(line(true).await, format!("{ONCE}paused)"));
    });
}

const WORDS: &str = "a line of `job_table` has the rule in words and the offset of the time";

const NO_PENDING: &str = "nothing is pending: a job is stored as soon as it is added";

fn job_of_everything() -> Job {
    Job::new(
        JobId::new("téstïd").unwrap(),
        "dummyfunc",
        trigger("cron(hour=3)"),
    )
    .with_name(Some("nämé"))
    .with_args(&serde_json::json!({"a": 1}))
    .with_tags(["x"])
    .with_executor(Some("gpu"))
}

pub(crate) const CASES: &[Case] = &[
    same("test_constructor[testid]", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture
                .scheduler
                .add_job(nothing, every(1))
                .id("testid")
                .await
                .unwrap();
            assert_eq!(job.id().as_str(), "testid");
        });
    }),
    same("test_constructor[None]", || {
        paused(async {
            let job = Fixture::new()
                .scheduler
                .add_job(nothing, every(1))
                .await
                .unwrap();
            assert_eq!(job.id().as_str().len(), 32);
        });
    }),
    same("test_modify", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture.scheduler.add_job(nothing, every(1)).await.unwrap();
            job.modify().name("other").await.unwrap();
            assert_eq!(fixture.job(job.id().as_str()).await.name(), "other");
        });
    }),
    same("test_reschedule", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture.scheduler.add_job(nothing, every(1)).await.unwrap();
            job.reschedule(trigger("cron(hour=3)")).await.unwrap();
            let stored = fixture.job(job.id().as_str()).await;
            assert_eq!(*stored.trigger(), trigger("cron(hour=3)"));
        });
    }),
    same("test_pause", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture.scheduler.add_job(nothing, every(1)).await.unwrap();
            job.pause().await.unwrap();
            assert_eq!(
                fixture.job(job.id().as_str()).await.status(),
                JobStatus::Paused
            );
        });
    }),
    same("test_resume", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture.scheduler.add_job(nothing, every(1)).paused();
            let job = job.await.unwrap();
            job.resume().await.unwrap();
            assert_eq!(
                fixture.job(job.id().as_str()).await.status(),
                JobStatus::Scheduled
            );
        });
    }),
    same("test_remove", || {
        paused(async {
            let fixture = Fixture::new();
            let job = fixture.scheduler.add_job(nothing, every(1)).await.unwrap();
            job.remove().await.unwrap();
            assert!(job.get().await.unwrap().is_none());
        });
    }),
    same("test_weakref", || {
        paused(async {
            let fixture = Fixture::started().await;
            let job = fixture.scheduler.add_job(nothing, every(1)).await.unwrap();
            fixture.scheduler.shutdown().await.unwrap();
            drop(fixture);
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            // The store is still there, and nothing that the scheduler was given.
            assert!(job.get().await.unwrap().is_some());
            assert!(job.run().await.unwrap_err().is_not_running());
        });
    }),
    different("test_pending", NO_PENDING, || {
        paused(async {
            let fixture = Fixture::new();
            fixture
                .scheduler
                .add_job(nothing, every(1))
                .id("a")
                .await
                .unwrap();
            assert_eq!(fixture.job("a").await.status(), JobStatus::Scheduled);
        });
    }),
    same("test_get_run_times", || {
        let text = r#"interval(seconds=1, start="2010-12-13 00:08:00")"#;
        let start = berlin("2010-12-13 00:08:00");
        let [first, second] = [1, 2].map(|count| start + TimeDelta::seconds(count));
        let at_time = |now| run_times("Europe/Berlin", text, first, now);
        assert_eq!(at_time(start), Vec::<DateTime<Utc>>::new());
        assert_eq!(at_time(first), [first]);
        assert_eq!(at_time(second), [first, second]);
    }),
    different(
        "test_get_run_times_dst_transition",
        "a fixed time runs in the first of two passes unless both are asked for; neither way is endless",
        || {
            let [first, second] = ["2025-11-02 01:00:10-04:00", "2025-11-02 01:00:10-05:00"]
                .map(|text| at("US/Eastern", text));
            let micros = TimeDelta::microseconds(10);
            let both = r#"cron(hour=1, minute=0, second=10, fold="both")"#;
            let times = |text, now| run_times("US/Eastern", text, first, now);
            assert_eq!(times(both, first + micros), [first]);
            assert_eq!(times(both, second + micros), [first, second]);
            let once = "cron(hour=1, minute=0, second=10)";
            assert_eq!(times(once, second + micros), [first]);
        },
    ),
    different(
        "test_getstate",
        "a job is JSON that other languages read",
        || {
            let json = serde_json::to_value(job_of_everything()).unwrap();
            assert_eq!(json["id"], "téstïd");
            assert_eq!(json["trigger"]["type"], "cron");
            assert_eq!(json["executor"], "gpu");
        },
    ),
    same("test_setstate", || {
        let job = job_of_everything();
        let json = serde_json::to_string(&job).unwrap();
        assert_eq!(serde_json::from_str::<Job>(&json).unwrap(), job);
    }),
    same("test_setstate_bad_version", || {
        paused(async {
            let import = r#"{"version": 9999, "jobs": []}"#;
            let error = Fixture::new()
                .scheduler
                .import_jobs(import)
                .await
                .unwrap_err();
            assert!(error.to_string().contains("9999"), "{error}");
        });
    }),
    different(
        "test_eq",
        "two jobs are equal if they say the same; the same job is the one with the same id",
        || {
            let job = |id: &str| Job::new(JobId::new(id).unwrap(), "t", trigger("cron(hour=3)"));
            assert_eq!(job("foo"), job("foo"));
            assert_ne!(job("foo"), job("bar"));
            assert_ne!(job("foo"), job("foo").with_name(Some("other")));
        },
    ),
    same("test_repr", || {
        let text = format!("{:?}", job_of_everything());
        assert!(text.contains("téstïd") && text.contains("nämé"), "{text}");
    }),
    different("test_str[scheduled-nativestr]", WORDS, scheduled_line),
    different("test_str[scheduled-unicode]", WORDS, scheduled_line),
    different("test_str[paused-nativestr]", WORDS, paused_line),
    different("test_str[paused-unicode]", WORDS, paused_line),
    different("test_str[pending-nativestr]", NO_PENDING, scheduled_line),
    different("test_str[pending-unicode]", NO_PENDING, || {
        scheduled_line();
        assert!(berlin(FROZEN) < berlin("2011-04-03 18:40:10"));
    }),
];
