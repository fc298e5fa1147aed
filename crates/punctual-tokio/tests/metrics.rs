//! What the `metrics` facade is told. A process of its own, as recorders are global or of a thread.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use punctual_store::testing::{Fault, FaultyStore, StoreCall};
use punctual_tokio::{JobStatus, MemoryStore, Scheduler};

#[expect(dead_code, reason = "shared with other tests")]
#[path = "it/support.rs"]
mod support;

use support::{every, ledger, pass, seconds};

/// Everything that was recorded, by name and labels as text.
struct Seen(BTreeMap<String, DebugValue>);

impl Seen {
    fn now(snapshotter: &Snapshotter) -> Self {
        let entries = snapshotter.snapshot().into_vec().into_iter();
        Self(
            entries
                .map(|(key, unit, description, value)| {
                    assert!(unit.is_some() && description.is_some(), "{key:?}");
                    let labels = key.key().labels();
                    let labels: Vec<_> = labels
                        .map(|label| format!("{}={}", label.key(), label.value()))
                        .collect();
                    (format!("{} {}", key.key().name(), labels.join(",")), value)
                })
                .collect(),
        )
    }

    fn get(&self, key: &str) -> &DebugValue {
        let found = self.0.get(key);
        found.unwrap_or_else(|| panic!("no `{key}` in {:?}", self.0.keys()))
    }

    fn counter(&self, key: &str) -> u64 {
        match self.get(key) {
            DebugValue::Counter(count) => *count,
            other => panic!("`{key}` is {other:?}"),
        }
    }

    fn gauge(&self, key: &str) -> f64 {
        match self.get(key) {
            DebugValue::Gauge(value) => value.into_inner(),
            other => panic!("`{key}` is {other:?}"),
        }
    }

    fn histogram(&self, key: &str) -> Vec<f64> {
        match self.get(key) {
            DebugValue::Histogram(values) => {
                values.iter().map(|value| value.into_inner()).collect()
            }
            other => panic!("`{key}` is {other:?}"),
        }
    }

    fn runs(&self, outcome: &str, reason: &str) -> u64 {
        self.counter(&format!(
            "punctual_runs_total outcome={outcome},reason={reason}"
        ))
    }
}

/// Listens for as long as the guard lives, on this thread: the whole of a current-thread runtime.
macro_rules! listen {
    ($snapshotter:ident) => {
        let recorder = DebuggingRecorder::new();
        let $snapshotter = recorder.snapshotter();
        let _guard = metrics::set_default_local_recorder(&recorder);
    };
}

#[tokio::test(start_paused = true)]
async fn runs_are_counted_by_outcome_and_reason_and_timed() {
    listen!(snapshotter);
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    // What was late when it was added says nothing about the scheduler.
    let long_ago = punctual_core::Date::at(scheduler.now() - chrono::TimeDelta::days(3_650));
    scheduler.add_job(|| async {}, long_ago).await.unwrap();
    pass(0).await;
    let slow = || async { tokio::time::sleep(seconds(2)).await };
    let jobs = [
        scheduler.add_job(|| async {}, every(1)).id("good"),
        scheduler
            .add_job(|| async { Err::<(), _>("no") }, every(2))
            .id("bad"),
        scheduler.add_job(slow, every(1)).id("slow"),
    ];
    for job in jobs {
        job.await.unwrap();
    }
    pass(4).await;
    let seen = Seen::now(&snapshotter);
    assert_eq!(seen.runs("succeeded", "none"), 1 + 4 + 1);
    assert_eq!(seen.runs("failed", "none"), 2);
    assert_eq!(seen.runs("skipped", "max_instances"), 2);
    assert_eq!(seen.runs("lost", "none"), 0);
    assert_eq!(seen.gauge("punctual_runs_under_way "), 1.0);
    let durations = seen.histogram("punctual_run_duration_seconds ");
    assert_eq!(durations.len(), 8);
    let long = durations.iter().filter(|took| (**took - 2.0).abs() < 0.01);
    assert_eq!(long.count(), 1, "{durations:?}");
    let lateness = seen.histogram("punctual_run_lateness_seconds ");
    assert_eq!(lateness.len(), 7);
    assert!(
        lateness.iter().all(|late| (0.0..0.01).contains(late)),
        "{lateness:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_recorder_may_come_after_the_scheduler_was_built() {
    let store = FaultyStore::new(MemoryStore::new());
    let (store, faults) = store;
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.task("work", async || {}).build().unwrap();
    scheduler.add_job("work", every(1)).id("a").await.unwrap();
    // Before there is a recorder, nothing is counted.
    scheduler.pause_job("a").await.unwrap();
    listen!(snapshotter);
    scheduler.resume_job("a").await.unwrap();
    scheduler.start().await.unwrap();
    pass(1).await;
    faults.set(StoreCall::ALL, Fault::Failed);
    pass(1).await;
    let seen = Seen::now(&snapshotter);
    assert!(seen.runs("succeeded", "none") >= 1);
    assert!(seen.counter("punctual_store_errors_total store=default") >= 1);
}

#[tokio::test(start_paused = true)]
async fn stretches_that_did_not_run_count_as_many_fire_times() {
    listen!(snapshotter);
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
        .add_job(|| async {}, every(1))
        .id("a")
        .misfire_grace_time(Duration::from_millis(1_200))
        .await
        .unwrap();
    pass(1).await;
    scheduler.pause().await.unwrap();
    pass(5).await;
    scheduler.resume().await.unwrap();
    pass(0).await;
    scheduler.pause_job("a").await.unwrap();
    pass(3).await;
    scheduler.resume_job("a").await.unwrap();
    let seen = Seen::now(&snapshotter);
    let counted: u64 = ledger(&scheduler, "a")
        .await
        .iter()
        .map(|(_, count)| count)
        .sum();
    let missed = scheduler.statistics("a").await.unwrap().missed;
    assert_eq!(seen.runs("missed", "paused"), missed);
    assert!(missed >= 3 + 3, "{missed}");
    assert_eq!(seen.runs("coalesced", "none"), 1);
    let all: u64 = seen
        .0
        .iter()
        .filter(|(key, _)| key.starts_with("punctual_runs_total "))
        .map(|(key, _)| seen.counter(key))
        .sum();
    assert_eq!(all, counted, "the ledger and the counters agree");
}

#[tokio::test(start_paused = true)]
async fn jobs_are_counted_by_state_after_changes() {
    listen!(snapshotter);
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    for id in ["a", "b", "c"] {
        let job = scheduler.add_job(|| async {}, every(600)).id(id);
        job.await.unwrap();
    }
    let in_state = |state: JobStatus| format!("punctual_jobs state={state:?}").to_lowercase();
    pass(6).await;
    assert_eq!(
        Seen::now(&snapshotter).gauge(&in_state(JobStatus::Scheduled)),
        3.0
    );
    scheduler.pause_job("a").await.unwrap();
    scheduler.remove_job("b").await.unwrap();
    pass(6).await;
    let seen = Seen::now(&snapshotter);
    assert_eq!(seen.gauge(&in_state(JobStatus::Scheduled)), 1.0);
    assert_eq!(seen.gauge(&in_state(JobStatus::Paused)), 1.0);
    scheduler.remove_executor("default").await.unwrap();
    pass(6).await;
    let seen = Seen::now(&snapshotter);
    assert_eq!(seen.gauge(&in_state(JobStatus::Parked)), 1.0);
    assert_eq!(seen.gauge(&in_state(JobStatus::Scheduled)), 0.0);
}

#[tokio::test(start_paused = true)]
async fn failures_of_a_store_are_counted_under_its_alias() {
    listen!(snapshotter);
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let builder = Scheduler::builder().store("poor", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(|| async {}, every(1)).store("poor");
    job.await.unwrap();
    pass(2).await;
    faults.set(StoreCall::ALL, Fault::Failed);
    pass(3).await;
    let failures = scheduler.health()[1].failures;
    let seen = Seen::now(&snapshotter);
    let of = |store: &str| seen.counter(&format!("punctual_store_errors_total store={store}"));
    assert!(failures >= 3);
    assert_eq!(of("poor"), u64::from(failures));
    assert_eq!(of("default"), 0);
}

/// Whoever runs a hundred thousand jobs must not find a hundred thousand time series.
#[tokio::test(start_paused = true)]
async fn no_label_grows_with_the_jobs() {
    listen!(snapshotter);
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.start().await.unwrap();
    let before = Seen::now(&snapshotter).0.len();
    for _ in 0..100 {
        let job = scheduler.add_job(|| async {}, every(1));
        job.await.unwrap();
    }
    pass(6).await;
    let seen = Seen::now(&snapshotter);
    assert_eq!(seen.0.len(), before);
    assert!(seen.histogram("punctual_run_duration_seconds ").len() >= 500);
}
