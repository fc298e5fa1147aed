//! What a program hears on standard error that has set up no subscriber of tracing. Each case runs in
//! a process of its own, this program again, whose standard error is read.

use std::process::Command;
use std::time::Duration;

use punctual_core::{Date, Retry};
use punctual_tokio::{Config, EventKind, EventMask, MemoryStore, Scheduler};
use tokio::sync::Notify;

use crate::support::{every, pass};

/// What a case below writes to standard error.
fn heard(case: &str) -> String {
    let this = std::env::current_exe().unwrap();
    let name = format!("heard::{case}");
    let mut command = Command::new(this);
    command.args([&name, "--exact", "--ignored", "--nocapture"]);
    let output = command.output().unwrap();
    let (out, heard) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("1 passed"), "{out}\n{heard}");
    let own = heard.lines().filter(|line| line.starts_with("punctual"));
    own.map(|line| format!("{line}\n")).collect()
}

async fn fails() -> Result<(), &'static str> {
    Err("smtp is down")
}

async fn failing(builder: punctual_tokio::SchedulerBuilder) {
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    scheduler.add_job(fails, every(1)).id("mail").await.unwrap();
    pass(70).await;
    scheduler.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `a_run_that_fails_is_heard_once_a_minute`"]
async fn child_with_a_job_that_fails() {
    failing(Scheduler::builder()).await;
}

#[test]
fn a_run_that_fails_is_heard_once_a_minute() {
    let heard = heard("child_with_a_job_that_fails");
    let lines: Vec<_> = heard.lines().collect();
    let [first, hint, second] = &lines[..] else {
        panic!("{heard}");
    };
    assert_eq!(
        *first,
        "punctual ERROR: a run of job `mail` went wrong: failed: smtp is down"
    );
    assert!(hint.contains("SchedulerBuilder::stderr(false)"), "{hint}");
    assert!(
        second.starts_with(first) && second.contains("(59 more"),
        "{second}"
    );
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `a_program_that_turned_stderr_off_or_has_a_subscriber_hears_nothing`"]
async fn child_with_stderr_turned_off() {
    failing(Scheduler::builder().stderr(false)).await;
}

/// Takes nothing in, and is a subscriber all the same.
struct Deaf;

impl tracing::Subscriber for Deaf {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        false
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `a_program_that_turned_stderr_off_or_has_a_subscriber_hears_nothing`"]
async fn child_with_a_subscriber() {
    tracing::subscriber::set_global_default(Deaf).unwrap();
    failing(Scheduler::builder()).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `a_listener_that_fails_is_heard`"]
async fn child_with_a_listener_that_fails() {
    let fails = async |_| Err::<(), _>(std::io::Error::other("the pager is down"));
    let builder = Scheduler::builder().listener(EventMask::SCHEDULER_STARTED, fails);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    pass(1).await;
    scheduler.shutdown().await.unwrap();
}

#[test]
fn a_listener_that_fails_is_heard() {
    let heard = heard("child_with_a_listener_that_fails");
    let line = "punctual WARN: a listener failed: the pager is down\n";
    assert!(heard.starts_with(line), "{heard}");
}

struct Nowhere;

impl log::Log for Nowhere {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, _: &log::Record<'_>) {}
    fn flush(&self) {}
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `a_program_that_turned_stderr_off_or_has_a_subscriber_hears_nothing`"]
async fn child_with_a_logger() {
    log::set_logger(&Nowhere).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    failing(Scheduler::builder()).await;
}

#[test]
fn a_program_that_turned_stderr_off_or_has_a_subscriber_hears_nothing() {
    for case in [
        "child_with_stderr_turned_off",
        "child_with_a_subscriber",
        "child_with_a_logger",
    ] {
        assert_eq!(heard(case), "", "{case}");
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `attempts_that_are_tried_again_and_fire_times_that_pass_are_heard`"]
async fn child_with_retries_and_missed_fire_times() {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    let retry = Retry::attempts(2)
        .backoff(Duration::from_secs(1))
        .cap(Duration::from_secs(1))
        .build()
        .unwrap();
    let job = scheduler
        .add_job(fails, every(600))
        .id("flaky")
        .retry(retry);
    job.run_at_start().await.unwrap();
    let body = || tokio::time::sleep(Duration::from_secs(100));
    scheduler.add_job(body, every(10)).id("slow").await.unwrap();
    pass(25).await;
    scheduler.shutdown().immediately().await.unwrap();
}

#[test]
fn attempts_that_are_tried_again_and_fire_times_that_pass_are_heard() {
    let heard = heard("child_with_retries_and_missed_fire_times");
    for line in [
        "punctual WARN: attempt 1 of job `flaky` went wrong, and is tried again in 1s: smtp is down",
        "punctual ERROR: a run of job `flaky` went wrong: failed: smtp is down",
        "punctual WARN: fire times of job `slow` did not run (1, from ",
    ] {
        assert!(heard.contains(line), "{line} in {heard}");
    }
}

#[tokio::test]
#[ignore = "a case of `a_runtime_that_was_blocked_is_heard_once`"]
async fn child_that_blocks_its_runtime() {
    let scheduler = Scheduler::builder().build().unwrap();
    let ended = std::sync::Arc::new(Notify::new());
    let tell = std::sync::Arc::clone(&ended);
    let listener = move |event: std::sync::Arc<punctual_tokio::Event>| {
        if matches!(event.kind, EventKind::JobExecuted(_)) {
            tell.notify_one();
        }
    };
    scheduler.add_listener(EventMask::ALL, listener).unwrap();
    let tick = punctual_core::Interval::every(Duration::from_millis(100));
    scheduler.add_job(|| async {}, tick).await.unwrap();
    // What the case is about: a job that blocks the thread of the runtime.
    let nap = || async { std::thread::sleep(Duration::from_millis(1_300)) };
    for id in ["nap", "another nap"] {
        let nap = scheduler.add_job(nap, every(600)).id(id);
        nap.run_at_start().await.unwrap();
    }
    scheduler.start().await.unwrap();
    while scheduler.statistics("another nap").await.unwrap().succeeded == 0
        || scheduler.statistics("nap").await.unwrap().succeeded == 0
    {
        ended.notified().await;
    }
    scheduler.shutdown().await.unwrap();
}

#[test]
fn a_runtime_that_was_blocked_is_heard_once() {
    let heard = heard("child_that_blocks_its_runtime");
    let late = heard.lines().filter(|line| line.contains(" s late: "));
    let late: Vec<_> = late.collect();
    assert_eq!(late.len(), 1, "{heard}");
    assert!(late[0].contains("`spawn_blocking`"), "{heard}");
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `a_scheduler_that_was_forgotten_is_heard`"]
async fn child_that_forgets_its_scheduler() {
    let scheduler = Scheduler::builder().build().unwrap();
    for id in ["a", "b", "c", "d", "e"] {
        scheduler.add_job(fails, every(1)).id(id).await.unwrap();
    }
    scheduler.remove_job("e").await.unwrap();
    drop(scheduler.clone());
    eprintln!("punctual: still held");
    drop(scheduler);
}

#[test]
fn a_scheduler_that_was_forgotten_is_heard() {
    let heard = heard("child_that_forgets_its_scheduler");
    let mut lines = heard.lines();
    assert_eq!(lines.next(), Some("punctual: still held"));
    let line = lines.next().unwrap();
    assert!(
        line.contains(
            "a scheduler with jobs (`a`, `b`, `c`, ..) was dropped that was never started"
        ),
        "{line}"
    );
    assert!(line.contains("`start()`"), "{line}");
}

/// A scheduler with a declared job, on a store.
fn declaring(store: &MemoryStore) -> Scheduler {
    let job = "[[jobs]]\nid = \"nightly\"\ntask = \"task\"\ntrigger = \"30 2 * * *\"\n";
    let config = Config::from_toml(job).unwrap();
    let builder = Scheduler::builder().store("default", store.clone());
    let builder = builder.task("task", || async {}).config(config);
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `declared_jobs_that_are_forgotten_are_heard`"]
async fn child_that_forgets_declared_jobs() {
    // Alone in its store.
    let alone = declaring(&MemoryStore::new());
    alone.get_jobs().await.unwrap();
    drop(alone);
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `declared_jobs_that_are_forgotten_are_heard`"]
async fn child_that_forgets_declared_jobs_beside_another_scheduler() {
    let store = MemoryStore::new();
    let runs = declaring(&store);
    runs.start().await.unwrap();
    pass(1).await;
    // It looks at the jobs of the other one.
    let client = declaring(&store);
    client.get_jobs().await.unwrap();
    drop(client);
    eprintln!("punctual: the client is gone");
    // It was not used for anything.
    drop(declaring(&store));
    runs.shutdown().await.unwrap();
}

#[test]
fn declared_jobs_that_are_forgotten_are_heard() {
    let told = "punctual WARN: a scheduler with jobs (`nightly`) was dropped";
    assert!(heard("child_that_forgets_declared_jobs").starts_with(told));
    let beside = heard("child_that_forgets_declared_jobs_beside_another_scheduler");
    let after = beside.strip_prefix("punctual: the client is gone\n");
    assert!(after.is_some_and(|rest| rest.starts_with(told)), "{beside}");
}

#[tokio::test(start_paused = true)]
#[ignore = "a case of `a_scheduler_without_jobs_of_its_own_is_dropped_in_silence`"]
async fn child_that_forgets_nothing() {
    // Nothing to run.
    drop(Scheduler::builder().build().unwrap());
    let removed = Scheduler::builder().build().unwrap();
    removed.add_job(fails, every(1)).id("a").await.unwrap();
    removed.remove_job("a").await.unwrap();
    removed.add_job(fails, every(1)).await.unwrap();
    removed.remove_all_jobs().await.unwrap();
    drop(removed);
    // It could not be built, which the program was told.
    let wrong = "[[jobs]]\nid = \"nightly\"\ntask = \"none\"\ntrigger = \"30 2 * * *\"\n";
    let wrong = Config::from_toml(wrong).unwrap();
    Scheduler::builder().config(wrong).build().unwrap_err();
    // A client of one that runs.
    let store = MemoryStore::new();
    let node = || Scheduler::builder().store("default", store.clone());
    let runs = node().task("task", || async {}).build().unwrap();
    runs.start().await.unwrap();
    pass(1).await;
    let client = node().build().unwrap();
    let far = client.now() + chrono::TimeDelta::days(1);
    client.add_job("task", Date::at(far)).await.unwrap();
    drop(client);
    // It was started once.
    runs.shutdown().await.unwrap();
    drop(runs);
    // Its start was refused, which the program was told.
    let refused = Scheduler::builder().build().unwrap();
    refused.add_job(fails, every(1)).await.unwrap();
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    std::thread::spawn(move || {
        bare.block_on(refused.start().into_future()).unwrap_err();
    })
    .join()
    .unwrap();
    // The program panics, and has another trouble.
    let panics = Scheduler::builder().build().unwrap();
    panics.add_job(fails, every(1)).await.unwrap();
    let thread = std::thread::spawn(move || {
        let _panics = panics;
        panic!("on purpose");
    });
    thread.join().unwrap_err();
}

#[test]
fn a_scheduler_without_jobs_of_its_own_is_dropped_in_silence() {
    assert_eq!(heard("child_that_forgets_nothing"), "");
}
