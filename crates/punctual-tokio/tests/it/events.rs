//! Events: all kinds, in order, at no cost to the scheduler.

use std::sync::Arc;

use punctual_core::Date;
use punctual_tokio::{Event, EventKind, EventMask, Events, MemoryStore, Scheduler};

use crate::support::{Log, every, pass, started};

fn name(event: &Event) -> &'static str {
    match event.kind {
        EventKind::SchedulerStarted => "SchedulerStarted",
        EventKind::SchedulerShutdown => "SchedulerShutdown",
        EventKind::SchedulerPaused => "SchedulerPaused",
        EventKind::SchedulerResumed => "SchedulerResumed",
        EventKind::ExecutorAdded(_) => "ExecutorAdded",
        EventKind::ExecutorRemoved(_) => "ExecutorRemoved",
        EventKind::StoreAdded(_) => "StoreAdded",
        EventKind::StoreRemoved(_) => "StoreRemoved",
        EventKind::AllJobsRemoved(_) => "AllJobsRemoved",
        EventKind::JobAdded(_) => "JobAdded",
        EventKind::JobRemoved(_) => "JobRemoved",
        EventKind::JobModified(_) => "JobModified",
        EventKind::JobExecuted(_) => "JobExecuted",
        EventKind::JobError(_) => "JobError",
        EventKind::JobMissed { .. } => "JobMissed",
        EventKind::JobSubmitted { .. } => "JobSubmitted",
        EventKind::JobSkipped { .. } => "JobSkipped",
        _ => "other",
    }
}

fn listening() -> (Scheduler, Log<Arc<Event>>) {
    let scheduler = Scheduler::builder().build().unwrap();
    let log = Log::default();
    let heard = log.clone();
    scheduler
        .add_listener(EventMask::ALL, move |event| heard.push(event))
        .unwrap();
    (scheduler, log)
}

fn names(log: &Log<Arc<Event>>) -> Vec<&'static str> {
    log.all().iter().map(|event| name(event)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_events_of_a_one_shot_job_come_in_order() {
    let (scheduler, log) = listening();
    scheduler
        .add_job(|| async {}, Date::at(scheduler.now()))
        .id("a")
        .await
        .unwrap();
    scheduler.start().await.unwrap();
    pass(0).await;
    scheduler.shutdown().await.unwrap();
    pass(0).await;
    assert_eq!(
        names(&log),
        [
            "JobAdded",
            "ExecutorAdded",
            "StoreAdded",
            "SchedulerStarted",
            "JobSubmitted",
            "JobExecuted",
            "JobRemoved",
            "SchedulerShutdown"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_hears_of_a_job_before_its_run() {
    let scheduler = started().await;
    let mut events = scheduler.events();
    let adding = scheduler.clone();
    tokio::spawn(async move {
        for index in 0..300 {
            let now = adding.now();
            adding
                .add_job(|| async {}, Date::at(now))
                .id(format!("{index}"))
                .await
                .unwrap();
        }
    });
    let mut added = std::collections::BTreeSet::new();
    let mut removed = 0;
    while removed < 300 {
        let Some(Ok(event)) = events.next().await else {
            panic!("lost events");
        };
        match &event.kind {
            EventKind::JobAdded(job) => assert!(added.insert(job.id.clone())),
            EventKind::JobSubmitted { job, .. } => assert!(added.contains(&job.id)),
            EventKind::JobRemoved(_) => removed += 1,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_errors_edits_and_removals_send_their_events() {
    let (scheduler, log) = listening();
    scheduler.start().await.unwrap();
    scheduler.pause().await.unwrap();
    scheduler.resume().await.unwrap();
    scheduler
        .add_store("other", MemoryStore::new())
        .await
        .unwrap();
    assert!(
        scheduler
            .add_store("other", MemoryStore::new())
            .await
            .unwrap_err()
            .is_conflict()
    );
    scheduler
        .add_job(|| async { Err::<(), _>("no") }, every(1))
        .id("a")
        .store("other")
        .await
        .unwrap();
    pass(1).await;
    scheduler.pause_job("a").await.unwrap();
    scheduler.resume_job("a").await.unwrap();
    scheduler.remove_job("a").await.unwrap();
    scheduler.remove_store("other").await.unwrap();
    scheduler.remove_all_jobs().await.unwrap();
    pass(0).await;
    let names = names(&log);
    for kind in [
        "SchedulerPaused",
        "SchedulerResumed",
        "StoreAdded",
        "StoreRemoved",
        "JobError",
        "JobModified",
        "JobRemoved",
        "AllJobsRemoved",
    ] {
        assert!(names.contains(&kind), "{kind}: {names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_may_panic_sleep_and_use_the_scheduler() {
    let scheduler = started().await;
    let log = Log::default();
    let heard = log.clone();
    let weak = scheduler.downgrade();
    scheduler
        .add_listener(EventMask::JOB_EXECUTED, |_| -> () { panic!("a listener") })
        .unwrap();
    scheduler
        .add_listener(EventMask::JOB_EXECUTED, move |_| {
            let (weak, heard) = (weak.clone(), heard.clone());
            Box::pin(async move {
                tokio::time::sleep(std::time::Duration::from_secs(100)).await;
                if let Some(scheduler) = weak.upgrade() {
                    heard.push(scheduler.running().await.is_ok());
                }
            })
        })
        .unwrap();
    scheduler
        .add_job(|| async {}, every(1))
        .id("a")
        .await
        .unwrap();
    pass(300).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 300);
    assert!(log.all().len() >= 2 && log.all().iter().all(|ok| *ok));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_lags_is_told_what_it_lost() {
    let scheduler = started().await;
    let mut events = scheduler.events();
    scheduler.add_job(|| async {}, every(1)).await.unwrap();
    pass(6_000).await;
    let mut told = Vec::new();
    for _ in 0..10 {
        told.extend(events.next().await.unwrap().err());
    }
    let [lagged] = told[..] else {
        panic!("{told:?}");
    };
    assert!(lagged.lost() > 1_000, "{lagged}");
    let said = format!(
        "the reader of events is too slow and has lost {}",
        lagged.lost()
    );
    assert_eq!(lagged.to_string(), said);
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_be_narrowed_to_kinds_and_to_a_job() {
    let scheduler = Scheduler::builder().build().unwrap();
    let ends = EventMask::JOB_EXECUTED | EventMask::JOB_ERROR;
    // They have subscribed when the call returns, and not when they are polled first.
    let mut kinds = scheduler.events().only(EventMask::JOB_ADDED);
    let mut of_job = scheduler.events().job("b");
    let mut both = scheduler.events().job("b").only(ends);
    for (id, fails) in [("a", false), ("b", true)] {
        let body = move || async move { if fails { Err("no") } else { Ok(()) } };
        let job = scheduler.add_job(body, Date::at(scheduler.now())).id(id);
        job.await.unwrap();
    }
    scheduler.start().await.unwrap();
    pass(0).await;
    scheduler.remove_all_jobs().await.unwrap();
    scheduler.shutdown().await.unwrap();
    drop(scheduler);
    pass(0).await;
    assert_eq!(read(&mut kinds).await, ["JobAdded", "JobAdded"]);
    assert_eq!(
        read(&mut of_job).await,
        ["JobAdded", "JobSubmitted", "JobError", "JobRemoved"]
    );
    assert_eq!(read(&mut both).await, ["JobError"]);
}

/// Reads the stream to its end.
async fn read(events: &mut Events) -> Vec<&'static str> {
    let mut names = Vec::new();
    while let Some(event) = events.next().await {
        names.push(name(&event.unwrap()));
    }
    names
}

/// The numbers of APScheduler's constants, which programs may have written down.
#[test]
fn the_bits_of_masks_stay() {
    for (mask, bit) in [
        (EventMask::SCHEDULER_STARTED, 0),
        (EventMask::STORE_ADDED, 6),
        (EventMask::STORE_REMOVED, 7),
        (EventMask::JOB_ADDED, 9),
        (EventMask::JOB_ERROR, 13),
        (EventMask::JOB_SUBMITTED, 15),
        (EventMask::JOB_SKIPPED, 16),
        (EventMask::JOB_VANISHED, 17),
        (EventMask::CLOCK_DIFFERS, 18),
    ] {
        assert_eq!(format!("{mask:?}"), format!("EventMask({})", 1 << bit));
    }
}
