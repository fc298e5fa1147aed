//! What a pause of one job holds up, and what it does not.

use punctual_core::{Date, JobId, MissReason, Outcome, Overlap, Policies, Retry, RunState};
use punctual_store::{JobStore, MemoryStore};
use punctual_tokio::Scheduler;
use tokio::time::sleep;

use crate::support::{Counter, every, ledger, pass, runs, seconds, started};

const SUCCEEDED: (Outcome, u64) = (Outcome::Succeeded, 1);

/// The id of a job that starts a while after its fire time: how long, in seconds.
fn delayed(scheduler: &Scheduler, fire_time: chrono::DateTime<chrono::Utc>) -> (String, i64) {
    let _ = scheduler;
    let policies = Policies::new().jitter("1h").build().unwrap();
    let start = |id: &str| policies.start_of(&JobId::new(id).unwrap(), fire_time, None);
    (0..500)
        .map(|index| format!("job {index}"))
        .map(|id| {
            let delay = (start(&id) - fire_time).num_seconds();
            (id, delay)
        })
        .find(|(_, delay)| *delay > 3_000)
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_ends_before_the_start_of_a_fire_time_misses_nothing() {
    let scheduler = started().await;
    let fire_time = scheduler.now() + chrono::TimeDelta::seconds(100);
    let (id, delay) = delayed(&scheduler, fire_time);
    let job = scheduler.add_job(|| async {}, Date::at(fire_time));
    job.id(&id).jitter(seconds(3_600)).await.unwrap();
    pass(200).await;
    scheduler.pause_job(&id).await.unwrap();
    scheduler.resume_job(&id).await.unwrap();
    pass(delay as u64).await;
    assert_eq!(ledger(&scheduler, &id).await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_ends_after_the_start_of_a_fire_time_misses_it() {
    let scheduler = started().await;
    let fire_time = scheduler.now() + chrono::TimeDelta::seconds(100);
    let (id, delay) = delayed(&scheduler, fire_time);
    let job = scheduler.add_job(|| async {}, Date::at(fire_time));
    job.id(&id).jitter(seconds(3_600)).await.unwrap();
    pass(200).await;
    scheduler.pause_job(&id).await.unwrap();
    pass(delay as u64).await;
    scheduler.resume_job(&id).await.unwrap();
    pass(3_600).await;
    let missed = (Outcome::Missed(MissReason::Paused), 1);
    assert_eq!(ledger(&scheduler, &id).await, [missed]);
}

async fn states(scheduler: &Scheduler, id: &str) -> Vec<RunState> {
    let mut runs = runs(scheduler, id).await;
    runs.sort_by_key(|run| run.id);
    runs.into_iter().map(|run| run.state).collect()
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_the_queue_of_a_paused_job_begins_when_it_is_resumed() {
    let scheduler = started().await;
    let counter = Counter::default();
    let inside = counter.clone();
    let body = move || {
        inside.enter();
        sleep(seconds(100))
    };
    let job = scheduler.add_job(body, every(10)).id("a");
    job.overlap(Overlap::queue(2)).await.unwrap();
    pass(35).await;
    scheduler.pause_job("a").await.unwrap();
    let so_far = counter.all();
    pass(600).await;
    assert_eq!(counter.all(), so_far);
    let succeeded = RunState::Ended(Outcome::Succeeded);
    let found = states(&scheduler, "a").await;
    assert_eq!(found[..3], [succeeded, RunState::Queued, RunState::Queued]);
    scheduler.resume_job("a").await.unwrap();
    pass(1).await;
    assert_eq!(counter.all(), so_far + 1);
    pass(100).await;
    assert_eq!(counter.all(), so_far + 2);
}

#[tokio::test(start_paused = true)]
async fn the_next_attempt_of_a_paused_job_begins_when_it_is_resumed() {
    let scheduler = started().await;
    let counter = Counter::default();
    let inside = counter.clone();
    let body = move || {
        inside.enter();
        async { Err::<(), _>("not yet") }
    };
    let job = scheduler.add_job(body, every(3_600)).id("a").run_at_start();
    let retry = Retry::attempts(3)
        .backoff(seconds(10))
        .cap(seconds(10))
        .build()
        .unwrap();
    job.retry(retry).await.unwrap();
    pass(1).await;
    scheduler.pause_job("a").await.unwrap();
    pass(600).await;
    assert_eq!(counter.all(), 1);
    assert_eq!(states(&scheduler, "a").await, [RunState::Retrying]);
    scheduler.resume_job("a").await.unwrap();
    pass(1).await;
    assert_eq!(counter.all(), 2);
    pass(10).await;
    assert_eq!(ledger(&scheduler, "a").await, [(Outcome::Failed, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_job_runs_by_hand_and_its_queue_goes_on_waiting() {
    let scheduler = started().await;
    let counter = Counter::default();
    let inside = counter.clone();
    let body = move || {
        inside.enter();
        sleep(seconds(15))
    };
    let job = scheduler.add_job(body, every(10)).id("a");
    job.overlap(Overlap::queue(5)).await.unwrap();
    pass(25).await;
    scheduler.pause_job("a").await.unwrap();
    pass(100).await;
    let so_far = counter.all();
    scheduler.run_job("a").await.unwrap();
    pass(100).await;
    assert_eq!(counter.all(), so_far + 1);
}

#[tokio::test(start_paused = true)]
async fn a_node_hears_that_another_has_resumed_a_job_whose_runs_wait() {
    let store = MemoryStore::new();
    let node = || {
        let builder = Scheduler::builder().store("default", store.clone());
        let body = || async { Err::<(), _>("not yet") };
        builder.task("fails", body).build().unwrap()
    };
    let (runs_it, edits) = (node(), node());
    runs_it.start().await.unwrap();
    let job = runs_it.add_job("fails", every(86_400)).id("a");
    let retry = Retry::attempts(2)
        .backoff(seconds(10))
        .cap(seconds(10))
        .build()
        .unwrap();
    job.retry(retry).run_at_start().await.unwrap();
    pass(1).await;
    edits.pause_job("a").await.unwrap();
    pass(600).await;
    assert!(store.capabilities().shared || states(&edits, "a").await == [RunState::Retrying]);
    edits.resume_job("a").await.unwrap();
    pass(1).await;
    assert_eq!(ledger(&edits, "a").await, [(Outcome::Failed, 1)]);
}
