//! A span for each run, for whoever listens. A process of its own: tracing remembers for all
//! threads what one of them, without a listener, has seen first.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use punctual_core::Retry;
use punctual_store::testing::FaultyStore;
use punctual_store::{JobStore, MemoryStore};
use punctual_tokio::{Executor, ManualClock, Scheduler};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[expect(dead_code, reason = "shared with other tests")]
#[path = "it/support.rs"]
mod support;

use support::{Log, every, pass, started};

/// Writes down the fields of spans and events, and which spans are entered.
#[derive(Clone, Default)]
struct Listener {
    spans: Log<String>,
    events: Log<String>,
    entered: Log<u64>,
    last: std::sync::Arc<AtomicU64>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("punctual_tokio")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(span.metadata().name().to_owned());
        span.record(&mut fields);
        self.spans.push(fields.0);
        Id::from_u64(self.last.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.events.push(fields.0);
    }

    fn enter(&self, span: &Id) {
        self.entered.push(span.into_u64());
    }

    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn every_run_has_a_span_that_names_it() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let scheduler = started().await;
    let seen = Log::default();
    let inside = seen.clone();
    scheduler
        .add_job(
            move || {
                let inside = inside.clone();
                async move { inside.push(tracing::Span::current().is_disabled()) }
            },
            every(1),
        )
        .id("tick")
        .await
        .unwrap();
    let job = scheduler.add_job(|| {}, every(2)).id("plain");
    job.await.unwrap();
    pass(2).await;
    let spans = listener.spans.all();
    let of = |job: &str| {
        spans
            .iter()
            .filter(|span| span.contains(&format!(" job={job} ")))
            .count()
    };
    assert_eq!((of("tick"), of("plain")), (2, 1), "{spans:?}");
    for field in [" run=", " attempt=1", " fire_time_us=", " lateness_us="] {
        assert!(
            spans
                .iter()
                .all(|span| span.starts_with("run ") && span.contains(field)),
            "{spans:?}"
        );
    }
    assert_eq!(seen.all().len(), 2);
    let entered = listener.entered.all();
    assert!((1..=3).all(|span| entered.contains(&span)), "{entered:?}");
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_is_in_the_log_without_a_listener() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let scheduler = started().await;
    let fails = || async { Err::<(), _>("no luck") };
    let job = scheduler.add_job(fails, every(10)).id("fails");
    job.retry(Retry::attempts(2)).await.unwrap();
    let sleeps = || tokio::time::sleep(support::seconds(15));
    let job = scheduler.add_job(sleeps, every(10)).id("sleeps");
    job.await.unwrap();
    let job = scheduler.add_job(|| async {}, every(10)).id("late");
    job.misfire_grace_time(support::seconds(1)).await.unwrap();
    let job = scheduler.modify_job("late");
    let overdue = scheduler.now() - support::seconds(5);
    job.next_run_time(overdue).await.unwrap();
    pass(22).await;
    let events = listener.events.all();
    let has = |parts: &[&str]| {
        let found = events
            .iter()
            .any(|event| parts.iter().all(|part| event.contains(part)));
        assert!(found, "{parts:?} is not in {events:#?}");
    };
    has(&[
        "ERROR",
        "job=fails",
        "attempts=2",
        "no luck",
        "outcome=failed",
    ]);
    has(&["WARN", "job=fails", "attempt=1", "no luck", "tried again"]);
    has(&[
        "WARN",
        "job=sleeps",
        "count=1",
        "outcome=skipped (max_instances)",
    ]);
    has(&["WARN", "job=late", "outcome=missed (down)"]);
    assert!(!events.iter().any(|event| event.contains("succeeded")));
}

#[tokio::test(start_paused = true)]
async fn a_due_job_that_no_node_can_run_is_told_of_once_for_each_task() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let store = MemoryStore::new();
    let shared = store.capabilities().shared(true);
    let of = |known: bool| {
        let (way, _) = FaultyStore::new(store.clone());
        let builder = Scheduler::builder().store("default", way.with_capabilities(shared));
        let builder = if known {
            builder.task("forgotten", || async {})
        } else {
            builder
        };
        builder.build().unwrap()
    };
    // Their clocks begin now, and go on with tokio's.
    let (before, after) = (of(true), of(false));
    for id in ["a", "b"] {
        let job = before.add_job("forgotten", every(1)).id(id);
        job.await.unwrap();
    }
    let told = || {
        let events = listener.events.all();
        let its = events.into_iter();
        its.filter(|event| event.contains("knows its task")).count()
    };
    before.start().await.unwrap();
    pass(5).await;
    assert_eq!(told(), 0);
    after.start().await.unwrap();
    pass(5).await;
    assert_eq!(told(), 0, "the other node knows it");
    before.shutdown().await.unwrap();
    pass(5).await;
    assert_eq!(told(), 1);
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_are_told_of_when_that_begins_and_when_it_ends() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let noon = "2026-03-01T12:00:00Z".parse().unwrap();
    let store = MemoryStore::new();
    let shared = store.capabilities().shared(true);
    let start = async |name: &str, clock: &ManualClock| {
        let (way, _) = FaultyStore::new(store.clone());
        let builder = Scheduler::builder().node(name).clock(clock.clone());
        let builder = builder.store("default", way.with_capabilities(shared));
        let node = builder.build().unwrap();
        node.start().await.unwrap();
        node
    };
    let (right, wrong) = (ManualClock::at(noon), ManualClock::at(noon));
    let _nodes = (start("one", &right).await, start("two", &wrong).await);
    pass(120).await;
    let before = listener.events.all();
    assert!(
        !before.iter().any(|event| event.contains("clock")),
        "{before:?}"
    );
    wrong.advance(support::seconds(60));
    pass(120).await;
    let told = |level: &str, part: &str| {
        let events = listener.events.all();
        let its = events.iter().filter(|event| event.starts_with(level));
        its.filter(|event| event.contains(part)).count()
    };
    for part in [
        "node=two clock=60.0 s ahead",
        "node=one clock=60.0 s behind",
    ] {
        assert_eq!(told("WARN", part), 1, "{:#?}", listener.events.all());
    }
    assert_eq!(told("WARN", "differ=1 of 1"), 2);
    assert_eq!(told("WARN", "NTP"), 2);
    pass(3_600).await;
    assert_eq!(told("WARN", "NTP"), 4, "again every hour");
    right.advance(support::seconds(60));
    pass(120).await;
    assert_eq!(told("INFO", "whose clock differs"), 2);
    assert_eq!(told("WARN", "NTP"), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_skipped_again_and_again_is_told_aloud_once() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let scheduler = started().await;
    let sleeps = || tokio::time::sleep(support::seconds(20));
    scheduler
        .add_job(sleeps, every(1))
        .id("busy")
        .await
        .unwrap();
    pass(45).await;
    let told = |level: &str| {
        let events = listener.events.all();
        let told = events
            .iter()
            .filter(|event| event.starts_with(level) && event.contains("fire times did not run"));
        told.count()
    };
    // Two runs have ended, and a stretch is told of before, between and after them.
    assert_eq!(told("WARN"), 3);
    assert!(told("DEBUG") > 30, "{}", told("DEBUG"));
}

#[tokio::test(start_paused = true)]
async fn who_adds_the_same_job_at_each_start_without_an_id_is_told_once() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let store = MemoryStore::new();
    let told = || {
        let events = listener.events.all().into_iter();
        events
            .filter(|event| event.contains("an id that was made up"))
            .count()
    };
    for start in 0..3 {
        let persistent = store.capabilities().persistent(true);
        let (faulty, _) = FaultyStore::new(store.clone());
        let builder = Scheduler::builder().store("default", faulty.with_capabilities(persistent));
        let scheduler = builder.task("work", async || {}).build().unwrap();
        // A reminder for each request is right, and so is another trigger.
        let once = punctual_core::Date::at(scheduler.now() + support::seconds(60));
        for _ in 0..3 {
            scheduler.add_job("work", once.clone()).await.unwrap();
        }
        assert_eq!(told(), usize::saturating_sub(start, 1));
        scheduler.add_job("work", every(60)).await.unwrap();
        assert_eq!(told(), start);
        scheduler.add_job("work", every(60)).await.unwrap();
        assert_eq!(told(), start, "once is enough");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_mean_something_else_is_told_when_it_is_added() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let scheduler = started().await;
    for id in ["a", "b"] {
        let quartz = punctual_core::Crontab::new("0 30 2 ? * 2-6");
        scheduler.add_job(|| async {}, quartz).id(id).await.unwrap();
    }
    let events = listener.events.all();
    let told = events.iter().filter(|event| event.starts_with("WARN"));
    let told: Vec<_> = told.filter(|event| event.contains("Quartz")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Monday"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_place_again_and_again_is_told_aloud_once() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let one = Executor::tokio().at_most(1);
    let builder = Scheduler::builder().executor("default", one);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let holds = || std::future::pending::<()>();
    let soon = punctual_core::Date::at(scheduler.now());
    scheduler.add_job(holds, soon).id("holds").await.unwrap();
    let late = scheduler.add_job(|| async {}, every(10)).id("late");
    let late = late.misfire_grace_time(support::seconds(2));
    late.max_instances(100).await.unwrap();
    pass(65).await;
    scheduler
        .cancel_run(running(&scheduler, "holds").await)
        .await
        .unwrap();
    pass(15).await;
    let events = listener.events.all();
    let told = |level: &str| {
        let told = events.iter().filter(|event| event.starts_with(level));
        told.filter(|event| event.contains("did not run")).count()
    };
    assert_eq!((told("WARN"), told("DEBUG")), (1, 5), "{events:#?}");
}

async fn running(scheduler: &Scheduler, job: &str) -> punctual_core::RunId {
    let runs = scheduler.running().await.unwrap();
    let run = runs.into_iter().find(|run| run.job.as_str() == job);
    run.unwrap().run
}

#[cfg(feature = "metrics")]
#[tokio::test(start_paused = true)]
async fn figures_that_go_nowhere_are_one_warning() {
    let warnings = |listener: &Listener| {
        let lines = listener.events.all().into_iter();
        lines.filter(|line| line.contains("no recorder")).count()
    };
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let scheduler = Scheduler::builder().build().unwrap();
    assert_eq!(warnings(&listener), 0);
    for _ in 0..2 {
        scheduler.start().await.unwrap();
        scheduler.shutdown().await.unwrap();
    }
    assert_eq!(warnings(&listener), 1);
    // With a recorder the log has no such warning.
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let _recorder = metrics::set_default_local_recorder(&recorder);
    let scheduler = started().await;
    scheduler.shutdown().await.unwrap();
    assert_eq!(warnings(&listener), 0);
}
