//! The last run of a job, its newest runs, and what is told of a job that never was.

use std::time::Duration;

use chrono::Timelike;
use punctual_core::{Date, Outcome};
use punctual_store::testing::{FaultyStore, StoreCall};
use punctual_tokio::testing::Ledger;
use punctual_tokio::{ErrorKind, JobContext, ManualClock, MemoryStore, Scheduler};

use crate::support::{every, pass, started};

#[tokio::test(start_paused = true)]
async fn a_job_tells_its_last_run_that_ran() {
    let scheduler = started().await;
    let bad = || async { Err::<(), _>("bad") };
    let job = scheduler.add_job(bad, every(10)).id("bad").await.unwrap();
    let before = job.get().await.unwrap().unwrap();
    assert_eq!(before.last_run(), None);
    pass(11).await;
    // What is missed in a pause did not run, and what is under way has not ended.
    scheduler.pause_job("bad").await.unwrap();
    pass(30).await;
    scheduler.resume_job("bad").catch_up().await.unwrap();
    let long = |context: JobContext| async move { context.cancelled().await };
    scheduler
        .add_job(long, every(600))
        .id("long")
        .run_at_start()
        .await
        .unwrap();
    pass(1).await;
    let jobs = scheduler.get_jobs().await.unwrap();
    let last = jobs[0].last_run().unwrap();
    let runs = job.runs().outcomes(Outcome::Failed).await.unwrap();
    let newest = &runs[0];
    assert_eq!((last.id, last.outcome), (newest.id, Outcome::Failed));
    assert_eq!(last.fire_time, newest.fire_time());
    assert_eq!(
        (last.started, Some(last.finished)),
        (newest.started, newest.finished)
    );
    assert_eq!(last.duration(), newest.duration());
    let read = job.get().await.unwrap().unwrap();
    assert_eq!(read.last_run(), Some(last), "one job is read as a list is");
    assert_eq!((jobs[1].id().as_str(), jobs[1].last_run()), ("long", None));
    assert_eq!(jobs[1].running(), 1);
    let open = scheduler.runs().open().await.unwrap();
    assert!(open.len() == 1 && open[0].is_open());
    let running = scheduler.running().await.unwrap();
    assert!(open[0].started.is_some());
    assert_eq!(open[0].started, running[0].started);
}

#[tokio::test(start_paused = true)]
async fn the_newest_runs_of_all_jobs_cost_one_request_more() {
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    for index in 0..20 {
        let job = scheduler.add_job(async || {}, every(10));
        job.id(format!("{index:02}")).await.unwrap();
    }
    pass(35).await;
    let before = (
        faults.begun(StoreCall::List),
        faults.begun(StoreCall::Recent),
    );
    let jobs = scheduler.get_jobs().recent_runs(2).await.unwrap();
    let after = (
        faults.begun(StoreCall::List),
        faults.begun(StoreCall::Recent),
    );
    assert_eq!(after, (before.0 + 1, before.1 + 1));
    assert_eq!((jobs.len(), faults.begun(StoreCall::Statistics)), (20, 0));
    for job in &jobs {
        let runs = scheduler.runs().job(job).limit(2).await.unwrap();
        assert_eq!(job.recent_runs(), runs, "{}", job.id());
        assert_eq!(job.recent_runs().len(), 2);
        assert_eq!(job.last_run().unwrap().id, runs[0].id);
    }
    let page = scheduler.get_jobs().recent_runs(1).page(3).await.unwrap();
    assert!(page.items.iter().all(|job| job.recent_runs().len() == 1));
    // More runs than one request may ask for are several requests.
    let before = faults.begun(StoreCall::Recent);
    scheduler.get_jobs().recent_runs(1_000).await.unwrap();
    assert_eq!(faults.begun(StoreCall::Recent), before + 2);
    let plain = scheduler.get_jobs().await.unwrap();
    assert!(plain.iter().all(|job| job.recent_runs().is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_never_was_is_not_found() {
    let scheduler = started().await;
    let error = scheduler.statistics("tpyo").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let error = Ledger::of(&scheduler, "tpyo").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let job = scheduler.add_job(async || {}, every(60)).id("new");
    job.await.unwrap();
    assert_eq!(scheduler.statistics("new").await.unwrap().runs(), 0);
    assert_eq!(Ledger::of(&scheduler, "new").await.unwrap().entries(), []);
    // A job that is gone is known as long as the ledger remembers it.
    let once = scheduler.add_job(async || {}, Date::at(scheduler.now()));
    once.id("once").await.unwrap();
    pass(1).await;
    assert!(scheduler.get_job("once").await.unwrap().is_none());
    assert_eq!(scheduler.statistics("once").await.unwrap().succeeded, 1);
    Ledger::of(&scheduler, "once").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_keeps_nothing_is_refused() {
    for (builder, wanted) in [
        (
            Scheduler::builder().keep_newest(0),
            "keep_newest: `0` would forget each run as it ends; expected at least `1`",
        ),
        (
            Scheduler::builder().keep_runs_for(Duration::ZERO),
            "keep_runs_for: `0s` would forget each run as it ends; expected a longer time, such as a day",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.to_string(), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn runs_are_listed_by_local_times_of_the_scheduler() {
    let clock = ManualClock::at("2026-03-28T12:00:00Z".parse().unwrap());
    let builder = Scheduler::builder().timezone("Europe/Berlin");
    let scheduler = builder.clock(clock.clone()).build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(async || {}, every(3_600)).id("hourly");
    job.await.unwrap();
    for _ in 0..5 {
        clock.advance(Duration::from_secs(3_600));
        pass(1).await;
    }
    // From 13:00 to 18:00 in Berlin.
    let listed = scheduler.runs().from("2026-03-28T15:00:00");
    let listed = listed.until("2026-03-28T17:00:00+01:00").await.unwrap();
    let hours: Vec<_> = listed.iter().map(|run| run.fire_time().hour()).collect();
    assert_eq!(hours, [15, 14]);
}
