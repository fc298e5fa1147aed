//! What becomes of runs that come late, overlap or fail.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::{
    CancelReason, Coalesce, Date, MissReason, Outcome, Overlap, Policies, Retry, SkipReason,
};
use punctual_store::JobStore;
use punctual_tokio::{JobContext, MemoryStore, Scheduler};
use tokio::time::sleep;

use crate::support::{Counter, Log, every, given_up, ledger, pass, runs, seconds, started};

/// Adds a job that was due every ten seconds since a minute ago: seven fire times, and its log.
async fn with_backlog(
    settings: impl FnOnce(punctual_tokio::AddJob) -> punctual_tokio::AddJob,
) -> Scheduler {
    let scheduler = started().await;
    let since = scheduler.now() - TimeDelta::seconds(60);
    let job = scheduler
        .add_job(|| async {}, every(10).start(since))
        .id("late")
        .next_run_time(since);
    settings(job).await.unwrap();
    pass(1).await;
    scheduler
}

#[tokio::test(start_paused = true)]
async fn a_backlog_becomes_one_run_and_a_range() {
    let scheduler = with_backlog(|job| job).await;
    assert_eq!(
        ledger(&scheduler, "late").await,
        [(Outcome::Coalesced, 6), (Outcome::Succeeded, 1)]
    );
}

#[tokio::test(start_paused = true)]
async fn the_earliest_of_a_backlog_runs_if_asked_for() {
    let scheduler = with_backlog(|job| job.coalesce(Coalesce::Earliest)).await;
    assert_eq!(
        ledger(&scheduler, "late").await,
        [(Outcome::Succeeded, 1), (Outcome::Coalesced, 6)]
    );
}

#[tokio::test(start_paused = true)]
async fn all_of_a_backlog_runs_one_after_another_as_one_instance() {
    let scheduler = with_backlog(|job| job.coalesce(Coalesce::all(3))).await;
    let expected = [
        (Outcome::Coalesced, 4),
        (Outcome::Succeeded, 1),
        (Outcome::Succeeded, 1),
        (Outcome::Succeeded, 1),
    ];
    assert_eq!(ledger(&scheduler, "late").await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_the_grace_time_is_missed() {
    let scheduler = with_backlog(|job| job.misfire_grace_time(seconds(25))).await;
    let expected = [
        // It had passed when the job was added.
        (Outcome::Missed(MissReason::Past), 4),
        (Outcome::Coalesced, 2),
        (Outcome::Succeeded, 1),
    ];
    assert_eq!(ledger(&scheduler, "late").await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_passed_while_nothing_ran_is_missed_because_it_was_down() {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler
        .add_job(|| async {}, every(10))
        .id("late")
        .misfire_grace_time(seconds(15))
        .await
        .unwrap();
    pass(60).await;
    scheduler.start().await.unwrap();
    pass(1).await;
    let entries = ledger(&scheduler, "late").await;
    assert_eq!(entries[0], (Outcome::Missed(MissReason::Down), 4));
}

/// A job that takes 2.5 seconds and is due every second, for ten seconds.
async fn slow(
    settings: impl FnOnce(punctual_tokio::AddJob) -> punctual_tokio::AddJob,
) -> (Scheduler, Counter) {
    let scheduler = started().await;
    let counter = Counter::default();
    let seen = counter.clone();
    let job = scheduler.add_job(
        move |context: JobContext| {
            let seen = seen.clone();
            async move {
                seen.enter();
                let end = tokio::select! {
                    () = sleep(Duration::from_millis(2_500)) => Ok(()),
                    () = context.cancelled() => Err("it has given up"),
                };
                seen.leave();
                end
            }
        },
        every(1),
    );
    settings(job.id("slow")).await.unwrap();
    pass(10).await;
    (scheduler, counter)
}

#[tokio::test(start_paused = true)]
async fn a_slow_job_skips_what_finds_it_busy_and_goes_on() {
    let (scheduler, counter) = slow(|job| job).await;
    assert_eq!(counter.most(), 1);
    assert_eq!(counter.all(), 4);
    let statistics = scheduler.statistics("slow").await.unwrap();
    assert_eq!((statistics.succeeded, statistics.skipped), (3, 6));
}

#[tokio::test(start_paused = true)]
async fn a_job_of_two_instances_runs_two_at_a_time() {
    let (_scheduler, counter) = slow(|job| job.max_instances(2)).await;
    assert_eq!(counter.most(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_unlimited_instances_skips_nothing() {
    let (scheduler, counter) = slow(|job| job.max_instances(punctual_core::Unlimited)).await;
    assert_eq!((counter.most(), counter.all()), (3, 10));
    assert_eq!(scheduler.statistics("slow").await.unwrap().skipped, 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_holds_what_finds_the_job_busy_up_to_its_limit() {
    let (scheduler, counter) = slow(|job| job.overlap(Overlap::queue(1))).await;
    assert_eq!(counter.most(), 1);
    let statistics = scheduler.statistics("slow").await.unwrap();
    // Without a pause between runs: at 1, 3.5, 6, 8.5.
    assert_eq!(counter.all(), 4);
    assert!(statistics.skipped >= 4, "{statistics:?}");
    let entries = ledger(&scheduler, "slow").await;
    assert!(
        entries.contains(&(Outcome::Skipped(SkipReason::QueueFull), 1)),
        "{entries:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_newer_run_replaces_the_older_if_asked_for() {
    let (scheduler, counter) = slow(|job| job.overlap(Overlap::CancelRunning)).await;
    assert_eq!(counter.most(), 1);
    assert_eq!(counter.all(), 10);
    assert_eq!(
        ledger(&scheduler, "slow").await,
        vec![(Outcome::Cancelled(CancelReason::Replaced), 1); 9]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_is_tried_again_with_growing_waits() {
    let scheduler = started().await;
    let attempts = Log::default();
    let log = attempts.clone();
    let job = scheduler.add_job(
        move |context: JobContext| {
            let log = log.clone();
            async move {
                log.push(context.attempt());
                if context.attempt() < 3 {
                    Err("not yet")
                } else {
                    Ok(())
                }
            }
        },
        every(60),
    );
    let retry = Retry::attempts(4)
        .backoff(seconds(2))
        .cap(seconds(60))
        .build()
        .unwrap();
    job.id("flaky").retry(retry).run_at_start().await.unwrap();
    pass(20).await;
    assert_eq!(attempts.all(), [1, 2, 3]);
    let run = &runs(&scheduler, "flaky").await[0];
    assert_eq!(
        (run.state.outcome(), run.attempts),
        (Some(Outcome::Succeeded), 3)
    );
    assert_eq!(run.duration().unwrap().as_secs(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_gets_its_token_and_then_is_aborted() {
    let scheduler = started().await;
    let polite = given_up;
    let deaf = || async { std::future::pending::<()>().await };
    for (id, job) in [
        ("polite", scheduler.add_job(polite, every(600))),
        ("deaf", scheduler.add_job(deaf, every(600))),
    ] {
        job.id(id)
            .timeout(seconds(10))
            .run_at_start()
            .await
            .unwrap();
    }
    pass(20).await;
    for (id, took) in [("polite", 10), ("deaf", 15)] {
        let run = &runs(&scheduler, id).await[0];
        assert_eq!(run.state.outcome(), Some(Outcome::TimedOut), "{id}");
        assert_eq!(run.duration().unwrap().as_secs(), took, "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn jitter_delays_starts_and_keeps_nominal_times() {
    let scheduler = started().await;
    scheduler
        .add_job(|| async {}, every(60))
        .id("spread")
        .jitter(seconds(30))
        .await
        .unwrap();
    pass(600).await;
    let runs = runs(&scheduler, "spread").await;
    assert!(runs.len() >= 9, "{}", runs.len());
    for pair in runs.windows(2) {
        assert_eq!(
            (pair[0].fire_time() - pair[1].fire_time()).num_seconds(),
            60
        );
    }
    let lateness: Vec<_> = runs.iter().filter_map(|run| run.lateness()).collect();
    assert!(
        lateness
            .iter()
            .all(|late| (0..=31).contains(&late.as_secs())),
        "{lateness:?}"
    );
    assert!(
        lateness.iter().any(|late| late.as_secs() > 1),
        "{lateness:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_busy_scheduler_decides_too_late_is_missed_for_its_lateness() {
    let scheduler = started().await;
    scheduler
        .add_job(|| async {}, every(1))
        .id("a")
        .misfire_grace_time(seconds(2))
        .await
        .unwrap();
    pass(1).await;
    tokio::time::advance(seconds(10)).await;
    pass(0).await;
    let entries = ledger(&scheduler, "a").await;
    assert!(
        matches!(entries[1], (Outcome::Missed(MissReason::Grace), 7 | 8)),
        "{entries:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_smaller_limit_takes_effect_as_runs_end_and_a_larger_one_immediately() {
    let scheduler = started().await;
    let limit = |count| Policies::new().max_instances(count).build().unwrap();
    let counter = Counter::default();
    let inside = counter.clone();
    scheduler
        .add_job(
            move || {
                let inside = inside.clone();
                async move {
                    inside.enter();
                    sleep(seconds(10)).await;
                    inside.leave();
                }
            },
            every(1),
        )
        .id("a")
        .max_instances(3)
        .await
        .unwrap();
    pass(4).await;
    assert_eq!(scheduler.running().await.unwrap().len(), 3);
    scheduler.modify_job("a").policies(limit(1)).await.unwrap();
    // The three end between the 11th and the 13th second; none follows before the last of them.
    sleep(seconds(8)).await;
    assert_eq!(scheduler.running().await.unwrap().len(), 1);
    assert_eq!(counter.all(), 3);
    sleep(seconds(20)).await;
    assert_eq!(scheduler.running().await.unwrap().len(), 1);
    assert_eq!(counter.most(), 3);
    scheduler.modify_job("a").policies(limit(2)).await.unwrap();
    sleep(seconds(1)).await;
    assert_eq!(scheduler.running().await.unwrap().len(), 2);
    assert_eq!(counter.most(), 3);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_a_job_that_is_gone_after_a_run_of_it_had_waited() {
    let store = MemoryStore::new();
    let builder = Scheduler::builder().store("default", store.clone());
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let soon = scheduler.now() + TimeDelta::seconds(5);
    let job = scheduler.add_job(|| sleep(seconds(10)), Date::at(soon));
    let job = job.id("once").overlap(Overlap::queue(1));
    job.await.unwrap();
    let stored = store.get("once".try_into().unwrap()).await.unwrap();
    let known = Arc::downgrade(&stored.unwrap().job);
    scheduler.run_job("once").await.unwrap();
    pass(30).await;
    assert_eq!(scheduler.statistics("once").await.unwrap().succeeded, 2);
    assert!(scheduler.get_job("once").await.unwrap().is_none());
    assert!(known.upgrade().is_none());
}
