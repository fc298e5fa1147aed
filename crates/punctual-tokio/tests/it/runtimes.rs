//! The essential verbs and the order of events, on every kind of runtime: item 9 of the matrix in
//! `main.rs`. The clock is moved by hand, so that it is the same life everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use punctual_core::Outcome;
use punctual_tokio::{
    BoxError, Event, EventKind, EventMask, Events, Executor, JobContext, JobStatus, ManualClock,
    Scheduler,
};

use crate::support::{every, ledger};

/// What has been heard so far.
struct Story {
    events: Events,
    heard: Vec<Arc<Event>>,
}

impl Story {
    /// Listens until something has happened.
    async fn until(&mut self, mut is_it: impl FnMut(&EventKind) -> bool) {
        loop {
            match self.events.next().await {
                Some(Ok(event)) => {
                    self.heard.push(Arc::clone(&event));
                    if is_it(&event.kind) {
                        return;
                    }
                }
                other => panic!("{other:?} instead of an event"),
            }
        }
    }

    async fn until_executed(&mut self, id: &str) {
        let is_it = |kind: &EventKind| matches!(kind, EventKind::JobExecuted(run) if run.job.id.as_str() == id);
        if !self.heard.iter().any(|event| is_it(&event.kind)) {
            self.until(is_it).await;
        }
    }

    /// Each run was submitted before it ended, and no job ran before it was known.
    fn is_in_order(&self) {
        let at = |is_it: &dyn Fn(&EventKind) -> bool| {
            self.heard.iter().position(|event| is_it(&event.kind))
        };
        for (end, event) in self.heard.iter().enumerate() {
            let EventKind::JobExecuted(ended) = &event.kind else {
                continue;
            };
            let submitted = at(
                &|kind| matches!(kind, EventKind::JobSubmitted { run, .. } if *run == ended.run),
            );
            let added =
                at(&|kind| matches!(kind, EventKind::JobAdded(job) if job.id == ended.job.id));
            assert!(added < submitted && submitted < Some(end), "{ended:?}");
            assert!(added.is_some());
        }
        let last = self.heard.last().map(|event| &event.kind);
        assert_eq!(last, Some(&EventKind::SchedulerShutdown));
    }
}

/// A job that uses the scheduler: it adds, pauses, resumes, edits and runs another, and removes
/// itself.
async fn busybody(context: JobContext) -> Result<(), BoxError> {
    let scheduler = context.scheduler()?;
    let child = scheduler
        .add_job(|| async {}, every(600))
        .id("child")
        .await?;
    child.pause().await?;
    child.resume().catch_up().await?;
    child.modify().name("Child").await?;
    child.reschedule(every(60)).await?;
    child.run().await?;
    scheduler.remove_job(context.job_id()).await?;
    Ok(())
}

/// A job that ends the scheduler that runs it.
async fn last(context: JobContext) {
    let scheduler = context.scheduler().unwrap();
    // Waiting for it here would be waiting for itself.
    tokio::spawn(async move { scheduler.shutdown().await });
}

async fn essentials() {
    let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let scheduler = Scheduler::builder().clock(clock.clone()).build().unwrap();
    let weak = scheduler.downgrade();
    // A listener that uses the scheduler.
    let pause = move |event: Arc<Event>| {
        let weak = weak.clone();
        Box::pin(async move {
            if let EventKind::JobExecuted(run) = &event.kind
                && run.job.id.as_str() == "beat"
            {
                let scheduler = weak.upgrade().unwrap();
                scheduler.pause_job("beat").await.unwrap();
            }
        })
    };
    scheduler
        .add_listener(EventMask::JOB_EXECUTED, pause)
        .unwrap();
    let mut story = Story {
        events: scheduler.events(),
        heard: Vec::new(),
    };
    scheduler.start().await.unwrap();
    let beat = scheduler.add_job(|| async {}, every(60)).id("beat").await;
    let beat = beat.unwrap();
    let inside = scheduler.add_job(busybody, every(600)).id("busybody");
    inside.run_at_start().await.unwrap();
    story.until_executed("busybody").await;
    story.until_executed("child").await;
    assert!(scheduler.get_job("busybody").await.unwrap().is_none());
    clock.advance(Duration::from_secs(60));
    let is_paused =
        |kind: &EventKind| matches!(kind, EventKind::JobModified(job) if job.id.as_str() == "beat");
    story.until(is_paused).await;
    let paused = beat.get().await.unwrap().unwrap();
    assert_eq!(paused.status(), JobStatus::Paused);
    clock.advance(Duration::from_secs(600));
    beat.resume().catch_up().await.unwrap();
    story
        .until(|kind| matches!(kind, EventKind::JobExecuted(run) if run.job.id.as_str() == "beat"))
        .await;
    scheduler.pause().await.unwrap();
    scheduler.resume().await.unwrap();
    let last = scheduler.add_job(last, every(600)).id("last").await;
    last.unwrap().run().await.unwrap();
    story
        .until(|kind| matches!(kind, EventKind::SchedulerShutdown))
        .await;
    story.is_in_order();
    assert_eq!(
        ledger(&scheduler, "busybody").await,
        [(Outcome::Succeeded, 1)]
    );
    let beats = ledger(&scheduler, "beat").await;
    let ended: u64 = beats.iter().map(|(_, count)| count).sum();
    assert_eq!(ended, 11, "{beats:?}");
    assert!(!beats.contains(&(Outcome::Lost, 1)));
}

#[test]
fn a_scheduler_works_on_a_current_thread_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(essentials());
}

#[test]
fn a_scheduler_works_on_a_multi_thread_runtime() {
    for threads in [1, 4] {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(threads).enable_all().build();
        runtime.unwrap().block_on(essentials());
    }
}

#[test]
fn a_scheduler_works_in_a_local_set() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, essentials());
}

#[tokio::test]
async fn a_scheduler_works_in_a_tokio_test() {
    essentials().await;
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_works_in_a_tokio_test_with_a_paused_clock() {
    essentials().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduler_works_in_a_task_of_a_multi_thread_runtime() {
    tokio::spawn(essentials()).await.unwrap();
}

/// A runtime of one thread, with what is asked for.
fn runtime(enable: impl Fn(&mut tokio::runtime::Builder)) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    enable(&mut builder);
    builder.build().unwrap()
}

#[test]
fn a_runtime_without_timers_is_refused_in_words_and_in_silence() {
    let bare = runtime(|_| {});
    let with_io = runtime(|builder| {
        builder.enable_io();
    });
    // Whatever it is called on, no panic reaches the hook of the program.
    let panics = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&panics);
    let this = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == this {
            seen.fetch_add(1, Ordering::SeqCst);
        } else {
            before(panic);
        }
    }));
    for runtime in [bare, with_io] {
        runtime.block_on(async {
            let scheduler = Scheduler::builder().build().unwrap();
            for refused in [
                scheduler.start().await,
                scheduler.start().paused().await,
                scheduler.run_until_signal().await.map(drop),
            ] {
                let error = refused.unwrap_err().to_string();
                assert!(
                    error.contains("timers") && error.contains("enable_all()"),
                    "{error}"
                );
            }
            assert!(!scheduler.is_running());
        });
    }
    drop(std::panic::take_hook());
    assert_eq!(panics.load(Ordering::SeqCst), 0);
}

#[cfg(unix)]
#[test]
fn a_runtime_without_io_is_refused_where_io_is_needed() {
    let without_io = runtime(|builder| {
        builder.enable_time();
    });
    without_io.block_on(async {
        let builder = Scheduler::builder().executor("programs", Executor::command(1));
        let scheduler = builder.build().unwrap();
        let error = scheduler.start().await.unwrap_err().to_string();
        assert!(
            error.contains("`programs`") && error.contains("enable_all()"),
            "{error}"
        );

        let scheduler = Scheduler::builder().build().unwrap();
        let error = scheduler.run_until_signal().await.unwrap_err().to_string();
        assert!(
            error.contains("signals") && error.contains("enable_all()"),
            "{error}"
        );
        scheduler.start().await.unwrap();
        let added = scheduler
            .add_executor("programs", Executor::command(1))
            .await;
        let error = added.unwrap_err().to_string();
        assert!(
            error.contains("`programs`") && error.contains("enable_all()"),
            "{error}"
        );
        scheduler.shutdown().await.unwrap();
    });
}
