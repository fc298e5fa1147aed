//! Jobs that this node cannot run: what passed meanwhile is recorded with that reason.

use punctual_core::{MissReason, Outcome, Overlap, SkipReason};
use punctual_tokio::{ErrorKind, Executor, JobStatus, MemoryStore, Scheduler};
use tokio::time::sleep;

use crate::support::{every, ledger, pass, seconds};

const PARKED: Outcome = Outcome::Missed(MissReason::Parked);

async fn with_gpu() -> Scheduler {
    let builder = Scheduler::builder().executor("gpu", Executor::tokio());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

async fn let_gpu_be_away(scheduler: &Scheduler, span: u64) {
    scheduler.remove_executor("gpu").await.unwrap();
    sleep(seconds(span)).await;
    let gpu = scheduler.add_executor("gpu", Executor::tokio());
    gpu.await.unwrap();
    // Less than half a second, which would be the next whole one.
    sleep(std::time::Duration::from_millis(250)).await;
}

#[tokio::test(start_paused = true)]
async fn what_passes_while_an_executor_is_away_is_missed_because_the_job_was_parked() {
    let scheduler = with_gpu().await;
    let job = scheduler.add_job(|| async {}, every(1)).id("a");
    let job = job.executor("gpu").misfire_grace_time(seconds(2));
    job.await.unwrap();
    pass(2).await;
    let_gpu_be_away(&scheduler, 10).await;
    let entries = ledger(&scheduler, "a").await;
    assert_eq!(entries[..2], [(Outcome::Succeeded, 1); 2]);
    let rest = [
        (PARKED, 8),
        (Outcome::Coalesced, 1),
        (Outcome::Succeeded, 1),
    ];
    assert_eq!(entries[2..], rest);
    // From here on it is late for other reasons.
    tokio::time::advance(seconds(10)).await;
    pass(0).await;
    let entries = ledger(&scheduler, "a").await;
    let missed = entries[5..].iter().find(|(outcome, _)| !outcome.has_run());
    assert_eq!(missed.unwrap().0, Outcome::Missed(MissReason::Grace));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_parked_long_before_it_was_due_is_missed_for_that_reason_too() {
    let scheduler = with_gpu().await;
    let job = scheduler.add_job(|| async {}, every(3_600)).id("a");
    let job = job.executor("gpu").misfire_grace_time(seconds(60));
    job.await.unwrap();
    pass(1).await;
    let_gpu_be_away(&scheduler, 5_000).await;
    assert_eq!(ledger(&scheduler, "a").await, [(PARKED, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_parked_and_revived_in_time_has_missed_nothing() {
    let scheduler = with_gpu().await;
    let job = scheduler.add_job(|| async {}, every(30)).id("a");
    job.executor("gpu")
        .misfire_grace_time(seconds(1))
        .await
        .unwrap();
    pass(1).await;
    let_gpu_be_away(&scheduler, 10).await;
    // It comes late afterwards, for want of time alone.
    tokio::time::advance(seconds(40)).await;
    pass(0).await;
    let missed = Outcome::Missed(MissReason::Grace);
    assert_eq!(ledger(&scheduler, "a").await, [(missed, 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_task_parks_its_job_until_an_edit() {
    let store = MemoryStore::new();
    let knows = |task: &'static str| {
        let builder = Scheduler::builder().store("default", store.clone());
        builder.task(task, || async {}).build().unwrap()
    };
    let (old, new) = (knows("old"), knows("new"));
    let job = old.add_job("old", every(1)).id("a");
    job.misfire_grace_time(seconds(2)).await.unwrap();
    new.start().await.unwrap();
    pass(10).await;
    let parked = new.get_job("a").await.unwrap().unwrap();
    assert_eq!(parked.status(), JobStatus::Parked);
    let error = new.run_job("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTask);
    new.modify_job("a").task("new").await.unwrap();
    pass(0).await;
    let entries = ledger(&new, "a").await;
    assert_eq!(entries[0].0, PARKED, "{entries:?}");
    assert_eq!(entries.last().unwrap().0, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn of_two_absences_the_one_that_ended_last_is_the_reason() {
    let scheduler = with_gpu().await;
    let job = scheduler.add_job(|| async {}, every(1)).id("a");
    job.executor("gpu")
        .misfire_grace_time(seconds(1))
        .await
        .unwrap();
    pass(1).await;
    scheduler.pause().await.unwrap();
    let_gpu_be_away(&scheduler, 5).await;
    pass(5).await;
    scheduler.resume().await.unwrap();
    pass(0).await;
    let entries = ledger(&scheduler, "a").await;
    assert_eq!(
        entries[1].0,
        Outcome::Missed(MissReason::Paused),
        "{entries:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_waiting_run_whose_task_vanishes_is_skipped_for_want_of_it() {
    let store = MemoryStore::new();
    let node = || Scheduler::builder().store("default", store.clone());
    let slow = || async { sleep(seconds(5)).await };
    let here = node().task("slow", slow).build().unwrap();
    let elsewhere = node().task("other", || async {}).build().unwrap();
    here.start().await.unwrap();
    let job = here.add_job("slow", every(2)).id("a");
    let job = job.overlap(Overlap::queue(1)).await.unwrap();
    pass(4).await;
    // One runs, one waits, and another node gives the job a task that is not known here.
    elsewhere.modify_job("a").task("other").await.unwrap();
    pass(10).await;
    assert_eq!(
        ledger(&here, "a").await,
        [
            (Outcome::Succeeded, 1),
            (Outcome::Skipped(SkipReason::NoTask), 1)
        ]
    );
    let snapshot = job.get().await.unwrap().unwrap();
    assert_eq!((snapshot.running(), snapshot.state().queued), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_table_says_that_a_job_is_parked_and_why() {
    let scheduler = with_gpu().await;
    let rendering = scheduler.add_job(|| async {}, every(1)).name("Rendering");
    rendering.executor("gpu").await.unwrap();
    let store = MemoryStore::new();
    let with_task = Scheduler::builder().task("mail.send", || async {});
    let with_task = with_task.store("default", store.clone()).build().unwrap();
    let mail = with_task
        .add_job("mail.send", every(1))
        .name("Mail\nforged");
    mail.await.unwrap();
    scheduler.add_store("mails", store).await.unwrap();
    scheduler.remove_executor("gpu").await.unwrap();
    pass(5).await;
    let table = scheduler.job_table().await.unwrap().to_string();
    for line in [
        "    Rendering (trigger: every second, UTC, parked: no executor `gpu` here)",
        "    Mail\\nforged (trigger: every second, UTC, parked: no task `mail.send` here)",
    ] {
        assert!(table.lines().any(|own| own == line), "{table}");
    }
}
