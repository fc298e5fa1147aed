//! Declared jobs from one version of the code to the next, on one store.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual::event::EventKind;
use punctual::scheduler::{Declaration, JobStatus};
use punctual::store::MemoryStore;
use punctual::time::ManualClock;
use punctual::{Interval, Scheduler, jobs};

/// The first version of the code.
mod first {
    #[punctual::scheduled_job(interval(minutes = 10), id = "report", task = "report")]
    pub(super) async fn report() {}

    #[punctual::scheduled_job(interval(minutes = 10), id = "moves", task = "moves")]
    pub(super) async fn moves() {}
}

/// Another grace time.
mod second {
    #[punctual::scheduled_job(
        interval(minutes = 10),
        id = "report",
        task = "report",
        misfire_grace_time = 60
    )]
    pub(super) async fn report() {}

    #[punctual::scheduled_job(
        interval(minutes = 10),
        id = "moves",
        task = "moves",
        store = "other"
    )]
    pub(super) async fn moves() {}
}

/// Another trigger.
mod third {
    #[punctual::scheduled_job(interval(minutes = 20), id = "report", task = "report")]
    pub(super) async fn report() {}
}

/// What is over.
mod last {
    #[punctual::scheduled_job(date("2026-01-01T00:00:00Z"), id = "report", task = "report")]
    pub(super) async fn report() {}
}

/// What runs at each start.
mod at_start {
    #[punctual::scheduled_job(
        interval(minutes = 10),
        id = "report",
        task = "report",
        run_at_start = true
    )]
    pub(super) async fn report() {}
}

/// One process after another on the same store.
struct Deployments {
    clock: ManualClock,
    store: MemoryStore,
    other: MemoryStore,
}

impl Deployments {
    fn new() -> Self {
        Self {
            clock: ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap()),
            store: MemoryStore::new(),
            other: MemoryStore::new(),
        }
    }

    /// Starts a process with this code; the one before has ended.
    async fn deploy(&self, code: impl IntoIterator<Item = Declaration>) -> Scheduler {
        let scheduler = self.build(code);
        scheduler.start().paused().await.unwrap();
        scheduler
    }

    fn build(&self, code: impl IntoIterator<Item = Declaration>) -> Scheduler {
        self.clock.advance(Duration::from_secs(60));
        let builder = Scheduler::builder()
            .clock(self.clock.clone())
            .store("default", self.store.clone())
            .store("other", self.other.clone())
            .jobs(code);
        builder.build().unwrap()
    }
}

async fn next_of(scheduler: &Scheduler, id: &str) -> DateTime<Utc> {
    let job = scheduler.get_job(id).await.unwrap().unwrap();
    job.next_run_time().unwrap()
}

async fn grace_of(scheduler: &Scheduler) -> Option<Duration> {
    let job = scheduler.get_job("report").await.unwrap().unwrap();
    job.policies().misfire_grace_time()
}

async fn ids(scheduler: &Scheduler) -> Vec<String> {
    let jobs = scheduler.get_jobs().await.unwrap();
    jobs.iter().map(|own| own.id().to_string()).collect()
}

#[tokio::test]
async fn a_redeploy_updates_and_never_duplicates() {
    let site = Deployments::new();
    let scheduler = site.deploy(jobs![first::report]).await;
    let next = next_of(&scheduler, "report").await;
    scheduler.shutdown().await.unwrap();
    // The same code again: nothing changes.
    let scheduler = site.deploy(jobs![first::report]).await;
    assert_eq!(ids(&scheduler).await, ["report"]);
    assert_eq!(
        next_of(&scheduler, "report").await,
        next,
        "the phase is kept"
    );
    scheduler.shutdown().await.unwrap();
    // Another policy: it is taken over, the fire time stays.
    let scheduler = site.deploy(jobs![second::report]).await;
    assert_eq!(grace_of(&scheduler).await, Some(Duration::from_secs(60)));
    assert_eq!(next_of(&scheduler, "report").await, next);
    scheduler.shutdown().await.unwrap();
    // Another trigger: it begins now.
    let scheduler = site.deploy(jobs![third::report]).await;
    let expected = scheduler.now() + TimeDelta::minutes(20);
    assert_eq!(next_of(&scheduler, "report").await, expected);
    assert_eq!(grace_of(&scheduler).await, None);
    assert_eq!(ids(&scheduler).await, ["report"]);
}

#[tokio::test]
async fn edits_survive_until_the_code_changes() {
    let site = Deployments::new();
    let scheduler = site.deploy(jobs![first::report]).await;
    let hourly = Interval::every(Duration::from_secs(3_600));
    scheduler.reschedule_job("report", hourly).await.unwrap();
    scheduler.modify_job("report").name("edited").await.unwrap();
    scheduler.pause_job("report").await.unwrap();
    scheduler.shutdown().await.unwrap();

    let scheduler = site.deploy(jobs![first::report]).await;
    let job = scheduler.get_job("report").await.unwrap().unwrap();
    assert_eq!(job.name(), "edited");
    assert_eq!(
        job.trigger().to_string(),
        r#"interval(hours=1, timezone="UTC")"#
    );
    assert_eq!(job.status(), JobStatus::Paused);
    scheduler.shutdown().await.unwrap();

    let scheduler = site.deploy(jobs![second::report]).await;
    let job = scheduler.get_job("report").await.unwrap().unwrap();
    assert_eq!(job.name(), "report", "the code has changed: it wins");
    assert_eq!(
        job.trigger().to_string(),
        r#"interval(minutes=10, timezone="UTC")"#
    );
    assert_eq!(
        job.status(),
        JobStatus::Paused,
        "but a paused job stays paused"
    );
}

#[tokio::test]
async fn a_job_that_was_added_by_hand_becomes_the_declared_one() {
    let site = Deployments::new();
    let scheduler = site.deploy(jobs![]).await;
    let by_hand = scheduler.add_job(first::moves, Interval::every(Duration::from_secs(5)));
    by_hand.id("report").await.unwrap();
    scheduler.shutdown().await.unwrap();
    let scheduler = site.deploy(jobs![first::report]).await;
    let job = scheduler.get_job("report").await.unwrap().unwrap();
    assert_eq!(job.task(), "report");
    assert_eq!(ids(&scheduler).await, ["report"]);
}

#[tokio::test]
async fn a_job_moves_to_the_store_that_the_code_names() {
    let site = Deployments::new();
    let scheduler = site.deploy(jobs![first::moves]).await;
    let next = next_of(&scheduler, "moves").await;
    scheduler.pause_job("moves").await.unwrap();
    scheduler.shutdown().await.unwrap();
    let scheduler = site.deploy(jobs![second::moves]).await;
    assert_eq!(ids(&scheduler).await, ["moves"], "it is in one store only");
    let job = scheduler.get_job("moves").await.unwrap().unwrap();
    assert_eq!(job.store(), "other");
    assert_eq!(job.state().next_run_time, Some(next));
    assert_eq!(job.status(), JobStatus::Paused);
}

#[tokio::test]
async fn a_move_that_was_cut_off_is_finished_at_the_next_start() {
    let site = Deployments::new();
    let scheduler = site.deploy(jobs![first::moves]).await;
    scheduler.shutdown().await.unwrap();
    // The job is in both stores, as if the process had died in between.
    let twin = Deployments {
        store: site.other.clone(),
        other: MemoryStore::new(),
        clock: site.clock.clone(),
    };
    let scheduler = twin.deploy(jobs![first::moves]).await;
    scheduler.shutdown().await.unwrap();
    let scheduler = site.deploy(jobs![second::moves]).await;
    assert_eq!(ids(&scheduler).await, ["moves"]);
    let job = scheduler.get_job("moves").await.unwrap().unwrap();
    assert_eq!(job.store(), "other");
}

#[tokio::test]
async fn two_nodes_that_start_together_declare_one_job() {
    let site = Deployments::new();
    let (one, two) = (
        site.build(jobs![first::report]),
        site.build(jobs![first::report]),
    );
    let (first, second) = tokio::join!(one.start().paused(), two.start().paused());
    first.and(second).unwrap();
    assert_eq!(ids(&one).await, ["report"]);
}

#[tokio::test]
async fn a_declared_job_that_is_over_is_not_added_and_leaves() {
    let site = Deployments::new();
    let scheduler = site.deploy(jobs![last::report]).await;
    assert!(ids(&scheduler).await.is_empty());
    scheduler.shutdown().await.unwrap();
    let scheduler = site.deploy(jobs![first::report]).await;
    assert_eq!(ids(&scheduler).await, ["report"]);
    scheduler.shutdown().await.unwrap();
    let scheduler = site.deploy(jobs![last::report]).await;
    assert!(ids(&scheduler).await.is_empty());
}

#[tokio::test]
async fn a_job_that_no_code_declares_any_more_is_reported_and_kept() {
    let site = Deployments::new();
    let scheduler = site.deploy(jobs![first::report]).await;
    let export = scheduler.export_jobs().await.unwrap();
    // Left by an older version of this crate, and by another crate.
    for (id, by) in [("gone", "jobs"), ("foreign", "billing")] {
        let export = export.replace(r#""id": "report""#, &format!(r#""id": "{id}""#));
        let export = export.replace(r#""by": "jobs""#, &format!(r#""by": "{by}""#));
        scheduler.import_jobs(&export).await.unwrap();
    }
    scheduler.shutdown().await.unwrap();

    let scheduler = site.build(jobs![first::report]);
    let mut events = scheduler.events();
    scheduler.start().paused().await.unwrap();
    let told = loop {
        let Some(Ok(event)) = events.next().await else {
            panic!("the events have ended");
        };
        if let EventKind::JobVanished(job) = &event.kind {
            break job.id.to_string();
        }
    };
    assert_eq!(told, "gone");
    let vanished = scheduler.get_jobs().vanished().await.unwrap();
    let vanished: Vec<_> = vanished.iter().map(|own| own.id().as_str()).collect();
    assert_eq!(vanished, ["gone"]);
    assert_eq!(ids(&scheduler).await, ["foreign", "gone", "report"]);
}

#[tokio::test]
async fn what_is_declared_to_run_at_the_start_does_so_at_each_start() {
    let deployments = Deployments::new();
    for starts in 1..=3 {
        let scheduler = deployments.deploy(jobs![at_start::report]).await;
        let next = next_of(&scheduler, "report").await;
        assert_eq!(next, deployments.clock.now());
        scheduler.resume().await.unwrap();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let runs = scheduler.statistics("report").await.unwrap().succeeded;
        assert_eq!(runs, starts);
        assert_eq!(
            next_of(&scheduler, "report").await,
            next + TimeDelta::minutes(10)
        );
        scheduler.shutdown().await.unwrap();
    }
}
