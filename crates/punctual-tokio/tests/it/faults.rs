//! Jobs, stores and users at their worst: nothing ends the scheduler, nothing is lost.

use punctual_core::{
    CancelReason, Coalesce, MissReason, Outcome, Overlap, Policies, PoliciesBuilder, RunId,
    SkipReason,
};
use punctual_store::testing::{Fault, Faults, StoreCall};
use punctual_tokio::{EventKind, MemoryStore, NewJob, Scheduler};

use crate::support::{Log, every, ledger, pass, runs, seconds, started};
use crate::ways::{Way, faulty, share, way_to};

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_outcome_with_its_message_and_the_next_run_happens() {
    let scheduler = started().await;
    scheduler
        .add_job(
            || async {
                if true {
                    panic!("number {}", 7)
                }
            },
            every(1),
        )
        .id("async")
        .await
        .unwrap();
    // A closure may panic before there is a future.
    scheduler
        .add_job(|| -> std::future::Ready<()> { panic!("early") }, every(1))
        .id("early")
        .await
        .unwrap();
    pass(3).await;
    assert_eq!(
        ledger(&scheduler, "async").await,
        [(Outcome::Panicked, 1); 3]
    );
    assert_eq!(
        runs(&scheduler, "async").await[0].error.as_deref(),
        Some("number 7")
    );
    assert_eq!(
        runs(&scheduler, "early").await[0].error.as_deref(),
        Some("early")
    );
    assert_eq!(
        ledger(&scheduler, "early").await,
        [(Outcome::Panicked, 1); 3]
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_can_add_ten_thousand_jobs() {
    let scheduler = started().await;
    scheduler
        .add_job(
            |context: punctual_tokio::JobContext| async move {
                let scheduler = context.scheduler()?;
                for index in 0..10_000 {
                    let id = format!("child-{index}");
                    scheduler.add_job(|| async {}, every(3_600)).id(id).await?;
                }
                Ok::<(), punctual_tokio::BoxError>(())
            },
            every(100),
        )
        .id("parent")
        .run_at_start()
        .await
        .unwrap();
    pass(5).await;
    let jobs = scheduler.get_jobs().await.unwrap();
    assert_eq!(jobs.len(), 10_001);
}

#[tokio::test(start_paused = true)]
async fn unknown_jobs_and_wrong_ids_are_refused() {
    let scheduler = started().await;
    for error in [
        scheduler.pause_job("nobody").await.unwrap_err(),
        scheduler.remove_job("nobody").await.unwrap_err(),
        scheduler.run_job("nobody").await.unwrap_err(),
        scheduler.cancel_run(RunId(99)).await.unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
    let error = scheduler
        .add_job(|| async {}, every(1))
        .id("a\nb")
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("id: "), "{error}");
    let error = scheduler
        .add_job(|| async {}, every(1))
        .executor("gpu")
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

/// A good store by default and a poor one beside it, each with a job.
async fn with_poor() -> (Scheduler, Faults) {
    let (store, faults) = faulty();
    let scheduler = Scheduler::builder().store("poor", store).build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
        .add_job(|| async {}, every(1))
        .id("good")
        .await
        .unwrap();
    scheduler
        .add_job(|| async {}, every(1))
        .id("poor")
        .store("poor")
        .await
        .unwrap();
    pass(3).await;
    (scheduler, faults)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_only_its_own_jobs_and_nothing_is_lost() {
    let (scheduler, faults) = with_poor().await;
    faults.set(StoreCall::ALL, Fault::Held);
    pass(30).await;
    assert_eq!(scheduler.statistics("good").await.unwrap().succeeded, 33);
    faults.mend(StoreCall::ALL);
    pass(2).await;
    let done = scheduler.statistics("poor").await.unwrap();
    let good = scheduler.statistics("good").await.unwrap().succeeded;
    assert_eq!(
        done.succeeded + done.coalesced + done.skipped,
        good,
        "{done:?}"
    );
    assert!(done.coalesced >= 28);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_asked_again_and_its_health_is_told() {
    let (scheduler, faults) = with_poor().await;
    faults.set(StoreCall::ALL, Fault::Failed);
    pass(20).await;
    let health = scheduler.health();
    assert!(health[0].is_good() && !health[1].is_good(), "{health:?}");
    assert!(
        health[1]
            .error
            .as_ref()
            .unwrap()
            .contains("no connection for"),
        "{health:?}"
    );
    let error = scheduler
        .add_job(|| async {}, every(1))
        .store("poor")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), punctual_tokio::ErrorKind::Unavailable);
    faults.mend(StoreCall::ALL);
    pass(15).await;
    assert!(scheduler.health()[1].is_good());
    let done = scheduler.statistics("poor").await.unwrap();
    let good = scheduler.statistics("good").await.unwrap().succeeded;
    assert_eq!(
        done.succeeded + done.coalesced + done.skipped,
        good,
        "{done:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_can_only_be_read_is_not_well() {
    let (scheduler, faults) = with_poor().await;
    faults.set(StoreCall::Claim, Fault::Failed);
    pass(2).await;
    // That there is a new job is read without trouble.
    let job = scheduler.add_job(|| async {}, every(60)).id("new");
    job.store("poor").await.unwrap();
    tokio::task::yield_now().await;
    let health = scheduler.health();
    assert!(!health[1].is_good(), "{health:?}");
    faults.mend(StoreCall::Claim);
    pass(10).await;
    assert!(scheduler.health()[1].is_good());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_ever_for_a_store() {
    let (scheduler, faults) = with_poor().await;
    faults.set(StoreCall::ALL, Fault::Held);
    pass(2).await;
    let began = tokio::time::Instant::now();
    scheduler.shutdown().await.unwrap();
    assert!(began.elapsed() <= seconds(25), "{:?}", began.elapsed());
}

/// Jobs due every four seconds in a store of their own.
async fn with_policies(policies: &[(&str, Policies)]) -> (Scheduler, Faults) {
    let (store, faults) = faulty();
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    for (id, policies) in policies {
        let job = scheduler.add_job(|| async {}, every(4)).id(*id);
        job.policies(*policies).await.unwrap();
    }
    (scheduler, faults)
}

fn within(grace: u64) -> Policies {
    Policies::new()
        .misfire_grace_time(seconds(grace))
        .build()
        .unwrap()
}

const MISSED: Outcome = Outcome::Missed(MissReason::Grace);

#[tokio::test(start_paused = true)]
async fn a_run_that_a_store_tells_of_beyond_its_grace_time_is_missed() {
    let jobs = [("strict", within(8)), ("patient", Policies::default())];
    let (scheduler, faults) = with_policies(&jobs).await;
    let mut events = scheduler.events();
    pass(3).await;
    faults.set(StoreCall::ALL, Fault::Held);
    pass(9).await;
    faults.mend(StoreCall::ALL);
    pass(0).await;
    let (ran, rest) = ((Outcome::Succeeded, 1), (Outcome::Coalesced, 1));
    let busy = (Outcome::Skipped(SkipReason::MaxInstances), 1);
    assert_eq!(ledger(&scheduler, "strict").await, [(MISSED, 1), rest, ran]);
    assert_eq!(ledger(&scheduler, "patient").await, [ran, rest, busy]);
    let missed = loop {
        match events.next().await.unwrap() {
            Ok(event) => match &event.kind {
                EventKind::JobMissed {
                    job, range, reason, ..
                } => {
                    break (job.id.to_string(), range.count.number(), *reason);
                }
                _ => continue,
            },
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(missed, ("strict".to_owned(), 1, MissReason::Grace));
}

#[tokio::test(start_paused = true)]
async fn of_an_instance_only_the_fire_times_that_are_too_late_by_now_are_missed() {
    let policies = PoliciesBuilder::from(within(10)).coalesce(Coalesce::all(3));
    let policies = policies.build().unwrap();
    let (scheduler, faults) = with_policies(&[("all", policies)]).await;
    scheduler.pause_job("all").await.unwrap();
    pass(13).await;
    scheduler.resume_job("all").catch_up().await.unwrap();
    faults.set(StoreCall::ALL, Fault::Held);
    pass(1).await;
    faults.mend(StoreCall::ALL);
    pass(0).await;
    let ran = (Outcome::Succeeded, 1);
    assert_eq!(ledger(&scheduler, "all").await, [(MISSED, 1), ran, ran]);
    let job = scheduler.get_job("all").await.unwrap();
    assert_eq!(job.unwrap().running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_comes_through_ends_all_waits() {
    let store = MemoryStore::new();
    share(&store).await;
    let (way, faults) = way_to(&store);
    let builder = Scheduler::builder().store("default", way);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job(|| async {}, every(1)).id("job");
    job.await.unwrap();
    pass(3).await;
    faults.set(StoreCall::ALL, Fault::Failed);
    // The claim has failed eight times and waits for ten seconds.
    pass(15).await;
    faults.mend(StoreCall::ALL);
    let working_again = scheduler.now();
    pass(1).await;
    let soon = working_again..working_again + chrono::TimeDelta::milliseconds(300);
    let all = runs(&scheduler, "job").await;
    let mut started = all.iter().filter_map(|run| run.started);
    assert!(started.any(|started| soon.contains(&started)), "{all:#?}");
}

/// A scheduler with a job every four seconds, one that edits it from elsewhere, and what has run.
async fn with_editor() -> (Faults, [Scheduler; 2], Log<&'static str>) {
    let ((store, faults), log) = (faulty(), Log::default());
    let build = |store: Way| {
        let task = |name| {
            let log = log.clone();
            move || {
                log.push(name);
                std::future::ready(())
            }
        };
        let builder = Scheduler::builder().store("default", store);
        builder.task("old", task("old")).task("new", task("new"))
    };
    let editor = build(way_to(store.inner()).0).build().unwrap();
    let scheduler = build(store).build().unwrap();
    scheduler.start().await.unwrap();
    let job = scheduler.add_job("old", every(4)).id("job");
    job.await.unwrap();
    (faults, [scheduler, editor], log)
}

#[tokio::test(start_paused = true)]
async fn a_job_that_gets_another_task_while_its_claim_is_on_its_way_calls_that() {
    let (faults, [_scheduler, editor], log) = with_editor().await;
    pass(3).await;
    faults.set(StoreCall::ALL, Fault::Held);
    pass(1).await;
    editor.modify_job("job").task("new").await.unwrap();
    pass(0).await;
    faults.mend(StoreCall::ALL);
    pass(0).await;
    assert_eq!(log.all(), ["new"]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_overtakes_the_answer_to_a_lost_claim_counts() {
    let (faults, [_scheduler, editor], log) = with_editor().await;
    pass(3).await;
    faults.set(StoreCall::ALL, Fault::Held);
    pass(1).await;
    editor.pause_job("job").await.unwrap();
    faults.mend(StoreCall::ALL);
    faults.set(StoreCall::Claim, Fault::HeldAnswer);
    pass(0).await;
    editor.resume_job("job").await.unwrap();
    pass(0).await;
    faults.mend(StoreCall::Claim);
    pass(4).await;
    assert_eq!(log.all(), ["old"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cancelled_while_it_is_about_to_start_does_not_start() {
    let (store, faults) = faulty();
    let builder = Scheduler::builder().store("default", store);
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let log = Log::default();
    let begun = log.clone();
    let body = move || {
        begun.push(());
        tokio::time::sleep(seconds(5))
    };
    let job = scheduler.add_job(body, every(600)).id("job");
    job.overlap(Overlap::queue(1)).await.unwrap();
    scheduler.run_job("job").await.unwrap();
    let waits = scheduler.run_job("job").await.unwrap();
    pass(3).await;
    // The store hands the second run out, and the answer takes its time.
    faults.set(StoreCall::Claim, Fault::HeldAnswer);
    pass(3).await;
    scheduler.cancel_run(&waits).await.unwrap();
    faults.mend(StoreCall::Claim);
    pass(10).await;
    let cancelled = Outcome::Cancelled(CancelReason::User);
    let ended = [(Outcome::Succeeded, 1), (cancelled, 1)];
    assert_eq!(ledger(&scheduler, "job").await, ended);
    assert_eq!(log.all().len(), 1);
    let job = scheduler.get_job("job").await.unwrap().unwrap();
    assert_eq!((job.running(), job.state().queued), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_holds_up_no_job_of_another_store() {
    let (store, faults) = faulty();
    faults.damage("b");
    let builder = Scheduler::builder().store("damaged", store);
    let scheduler = builder.build().unwrap();
    let jobs = ["a", "b", "c"].map(|id| NewJob::new(|| async {}, every(1)).id(id));
    let added = scheduler.add_jobs(jobs).await.unwrap();
    let taken = added[1].as_ref().unwrap_err().to_string();
    assert!(
        taken.contains("`b`") && taken.contains("`damaged`"),
        "{taken}"
    );
    assert!(added[0].is_ok() && added[2].is_ok());
}

#[tokio::test(start_paused = true)]
async fn cancelling_a_run_cancels_all_its_ten_thousand_fire_times() {
    let scheduler = started().await;
    let job = scheduler.add_job(std::future::pending::<()>, every(1));
    let job = job.id("all").coalesce(Coalesce::all(10_000));
    job.paused().await.unwrap();
    pass(10_000).await;
    scheduler.resume_job("all").catch_up().await.unwrap();
    pass(0).await;
    let run = scheduler.running().await.unwrap()[0].run;
    scheduler.cancel_run(run).await.unwrap();
    pass(60).await;
    let done = scheduler.statistics("all").await.unwrap();
    assert_eq!(done.cancelled, 10_000);
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_is_never_polled_again_does_not_hold_up_the_store() {
    let (scheduler, faults) = with_poor().await;
    let _events = scheduler.events();
    faults.set(StoreCall::ALL, Fault::Held);
    let mut edit = std::pin::pin!(async { scheduler.modify_job("poor").name("x").await });
    assert!(futures::poll!(edit.as_mut()).is_pending());
    faults.mend(StoreCall::ALL);
    scheduler.wakeup().await.unwrap();
    pass(100).await;
    let good = scheduler.statistics("good").await.unwrap().succeeded;
    let done = scheduler.statistics("poor").await.unwrap().succeeded;
    assert!(done + 5 > good, "{done} of {good}");
}
