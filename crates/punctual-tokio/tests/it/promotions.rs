//! Runs that wait for their instance or their next attempt begin in time, and each begins once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use punctual_core::{CancelReason, Coalesce, Date, Outcome, Overlap, Retry, RunState};
use punctual_store::testing::{Fault, Faults, FaultyStore, StoreCall};
use punctual_store::{JobStore, RunFilter};
use punctual_tokio::{JobContext, MemoryStore, Scheduler};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::support::{Log, every, pass, runs, seconds};
use crate::ways::{Way, slow_by, way_to};

const SUCCEEDED: RunState = RunState::Ended(Outcome::Succeeded);

/// What a body notes when it begins: node, run, attempt, token, seconds since the start.
type Begun = (&'static str, u64, u32, u64, u64);

#[derive(Clone)]
struct World {
    store: MemoryStore,
    log: Log<Begun>,
    go: Arc<Notify>,
    bad: Arc<AtomicBool>,
    start: Instant,
}

impl World {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            log: Log::default(),
            go: Arc::default(),
            bad: Arc::default(),
            start: Instant::now(),
        }
    }

    fn note(&self, name: &'static str, c: &JobContext) {
        self.log.push((
            name,
            c.run_id().0,
            c.attempt(),
            c.fencing_token(),
            self.start.elapsed().as_secs(),
        ));
    }

    fn builder(&self, name: &'static str, way: Way) -> punctual_tokio::SchedulerBuilder {
        let w = self.clone();
        // Waits for a word; fails if it is told that all is bad.
        let waits = move |c: JobContext| {
            let w = w.clone();
            async move {
                w.note(name, &c);
                w.go.notified().await;
                if w.bad.load(Ordering::SeqCst) {
                    return Err("bad");
                }
                Ok(())
            }
        };
        let w = self.clone();
        let fails = move |c: JobContext| {
            let w = w.clone();
            async move {
                w.note(name, &c);
                if c.attempt() == 1 {
                    Err("first")
                } else {
                    Ok(())
                }
            }
        };
        let w = self.clone();
        let deaf = move |c: JobContext| {
            let w = w.clone();
            async move {
                w.note(name, &c);
                sleep(seconds(4)).await;
            }
        };
        let w = self.clone();
        let quick = move |c: JobContext| {
            let w = w.clone();
            async move { w.note(name, &c) }
        };
        let builder = Scheduler::builder().store("default", way).node(name);
        builder
            .task("waits", waits)
            .task("fails", fails)
            .task("deaf", deaf)
            .task("quick", quick)
    }

    async fn node(&self, name: &'static str) -> (Scheduler, Faults) {
        let (way, faults) = way_to(&self.store);
        let scheduler = self.builder(name, way).build().unwrap();
        scheduler.start().await.unwrap();
        (scheduler, faults)
    }

    /// The only node, on a store that is not shared.
    async fn alone(&self) -> (Scheduler, Faults) {
        let (way, faults) = FaultyStore::new(self.store.clone());
        let scheduler = self.builder("alone", way).build().unwrap();
        scheduler.start().await.unwrap();
        (scheduler, faults)
    }

    async fn states(&self) -> Vec<RunState> {
        let mut runs = self.store.runs(RunFilter::default()).await.unwrap();
        runs.sort_by_key(|run| run.id);
        runs.into_iter().map(|run| run.state).collect()
    }

    /// No run is begun twice under one attempt, tokens grow in the order of begins, and the row
    /// counts the open runs (all of them instances of one run).
    async fn judge(&self, s: &Scheduler, id: &str) {
        let log = self.log.all();
        let mut keys: Vec<_> = log.iter().map(|b| (b.1, b.2)).collect();
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        assert_eq!(all, keys.len(), "begun twice: {log:?}");
        let all = runs(s, id).await;
        let count = |wanted: &[RunState]| {
            all.iter().filter(|run| wanted.contains(&run.state)).count() as u32
        };
        let open = (
            count(&[RunState::Running, RunState::Retrying]),
            count(&[RunState::Queued]),
        );
        if let Some(row) = s.get_job(id).await.unwrap() {
            assert_eq!((row.running(), row.state().queued), open);
        }
    }
}

fn retry(attempts: u32, wait: u64) -> Retry {
    Retry::attempts(attempts)
        .backoff(seconds(wait))
        .cap(seconds(wait))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_newer_run_keeps_a_finished_job_whose_last_run_it_replaces() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("fails", Date::at(s.now())).id("a");
    job.retry(retry(3, 60))
        .overlap(Overlap::CancelRunning)
        .await
        .unwrap();
    pass(1).await;
    assert_eq!(w.states().await, [RunState::Retrying]);
    let run = s.run_job("a").await;
    pass(100).await;
    let replaced = RunState::Ended(Outcome::Cancelled(CancelReason::Replaced));
    assert_eq!(
        w.states().await,
        [replaced, SUCCEEDED],
        "{run:?} {:?}",
        w.log.all()
    );
}

#[tokio::test(start_paused = true)]
async fn two_retries_of_one_job_are_both_in_time() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("fails", every(100_000)).id("a");
    job.retry(retry(3, 10)).max_instances(2).await.unwrap();
    s.run_job("a").await.unwrap();
    sleep(seconds(5)).await;
    s.run_job("a").await.unwrap();
    pass(60).await;
    let begun: Vec<_> = w.log.all().iter().map(|b| b.4).collect();
    assert_eq!(begun, [0, 5, 10, 15]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_a_retry_lets_the_queue_go_on() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("fails", every(100_000)).id("a");
    let job = job.overlap(Overlap::queue(5));
    job.retry(retry(3, 3_600)).await.unwrap();
    let first = s.run_job("a").await.unwrap();
    pass(1).await;
    s.run_job("a").await.unwrap();
    s.cancel_run(&first).await.unwrap();
    pass(30).await;
    assert_eq!(w.log.all().len(), 2, "{:?}", w.states().await);
}

#[tokio::test(start_paused = true)]
async fn a_queued_run_goes_where_its_task_is_known() {
    let w = World::new();
    let (one, _) = w.node("one").await;
    let (way, _) = way_to(&w.store);
    let l = w.clone();
    let special = move |c: JobContext| {
        l.note("two", &c);
        async {}
    };
    let two = w.builder("two", way).task("special", special);
    let two = two.build().unwrap();
    two.start().await.unwrap();
    let job = one.add_job("waits", every(100_000)).id("a");
    job.overlap(Overlap::queue(5)).await.unwrap();
    one.run_job("a").await.unwrap();
    one.run_job("a").await.unwrap();
    sleep(seconds(1)).await;
    two.modify_job("a").task("special").await.unwrap();
    sleep(seconds(1)).await;
    w.go.notify_one();
    pass(10).await;
    assert_eq!(
        w.states().await,
        [SUCCEEDED, SUCCEEDED],
        "{:?}",
        w.log.all()
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_while_another_is_asked_for_is_retried() {
    let w = World::new();
    let (s, way) = w.alone().await;
    let job = s.add_job("fails", every(100_000)).id("a");
    job.retry(retry(3, 10)).max_instances(2).await.unwrap();
    s.run_job("a").await.unwrap();
    sleep(Duration::from_millis(9_900)).await;
    // The second fails while the promotion of the first waits for its answer.
    s.run_job("a").await.unwrap();
    way.set(StoreCall::Claim, slow_by(seconds(1)));
    pass(60).await;
    assert_eq!(w.states().await, [SUCCEEDED; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_run_by_hand_uses_the_limit_another_node_has_raised() {
    let w = World::new();
    let (one, _) = w.node("one").await;
    let (two, _) = w.node("two").await;
    one.add_job("waits", every(100_000)).id("a").await.unwrap();
    one.run_job("a").await.unwrap();
    sleep(seconds(1)).await;
    two.modify_job("a").max_instances(3).await.unwrap();
    one.run_job("a").await.unwrap();
    one.run_job("a").await.unwrap();
    pass(1).await;
    w.judge(&one, "a").await;
    assert_eq!(w.states().await, [RunState::Running; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_goes_on_after_a_pause() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("waits", every(100_000)).id("q");
    job.overlap(Overlap::queue(5)).await.unwrap();
    s.run_job("q").await.unwrap();
    s.run_job("q").await.unwrap();
    sleep(seconds(1)).await;
    s.pause().await.unwrap();
    w.go.notify_one();
    sleep(seconds(10)).await;
    s.resume().await.unwrap();
    sleep(seconds(10)).await;
    assert_eq!(w.states().await, [SUCCEEDED, RunState::Running]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_does_not_forget_a_retry() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("fails", every(100_000)).id("a");
    let job = job.overlap(Overlap::queue(5));
    job.retry(retry(3, 30)).await.unwrap();
    s.run_job("a").await.unwrap();
    s.run_job("a").await.unwrap();
    sleep(seconds(1)).await;
    s.modify_job("a").name("other").await.unwrap();
    sleep(seconds(9_000)).await;
    assert_eq!(w.states().await, [SUCCEEDED; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_retry_frees_its_instance() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("fails", every(100_000)).id("a");
    job.retry(retry(3, 60))
        .overlap(Overlap::CancelRunning)
        .await
        .unwrap();
    for _ in 0..4 {
        s.run_job("a").await.unwrap();
        sleep(seconds(1)).await;
    }
    pass(100).await;
    let replaced = RunState::Ended(Outcome::Cancelled(CancelReason::Replaced));
    assert_eq!(w.states().await, [replaced, replaced, replaced, SUCCEEDED]);
    w.judge(&s, "a").await;
}

#[tokio::test(start_paused = true)]
async fn a_later_run_of_an_instance_begins_once_after_a_lost_answer() {
    let w = World::new();
    let (s, way) = w.node("one").await;
    let job = s.add_job("waits", every(10)).id("a");
    let job = job.coalesce(Coalesce::all(3));
    job.retry(retry(3, 20)).await.unwrap();
    s.add_job("quick", every(100_000)).id("b").await.unwrap();
    s.pause().await.unwrap();
    sleep(seconds(35)).await;
    s.resume().await.unwrap();
    sleep(seconds(1)).await;
    // Its schedule is out of the way; what waits goes on.
    let later = s.now() + chrono::TimeDelta::days(1);
    s.modify_job("a").next_run_time(later).await.unwrap();
    way.set(StoreCall::Claim, Fault::HeldAnswer);
    let other = s.clone();
    let asked = tokio::spawn(async move { other.run_job("b").await });
    sleep(Duration::from_millis(100)).await;
    w.bad.store(true, Ordering::SeqCst);
    w.go.notify_one();
    sleep(Duration::from_millis(100)).await;
    w.bad.store(false, Ordering::SeqCst);
    way.mend(StoreCall::Claim);
    way.next(StoreCall::Claim, Fault::LostAnswer);
    asked.await.unwrap().unwrap();
    for _ in 0..10 {
        sleep(seconds(10)).await;
        w.go.notify_one();
    }
    let begun: Vec<_> = w.log.all().iter().map(|b| (b.1, b.2)).collect();
    assert_eq!(begun, [(1, 1), (4, 1), (1, 2), (2, 1), (3, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_keeps_the_newest_run_asked_for_in_a_pause() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("deaf", Date::at(s.now())).id("a");
    job.overlap(Overlap::CancelRunning).await.unwrap();
    sleep(seconds(1)).await;
    s.pause().await.unwrap();
    s.run_job("a").await.unwrap();
    sleep(seconds(10)).await;
    s.run_job("a").await.unwrap();
    sleep(seconds(1)).await;
    s.resume().await.unwrap();
    sleep(seconds(200)).await;
    let coalesced = RunState::Ended(Outcome::Coalesced);
    assert_eq!(w.states().await, [SUCCEEDED, coalesced, SUCCEEDED]);
}

/// A body that waits for a word and then fails has just ended, its end is on its way, and a pause
/// is over.
async fn ends_around_the_end_of_a_pause(w: &World, s: &Scheduler, way: &Faults) {
    sleep(seconds(1)).await;
    s.pause().await.unwrap();
    way.set(StoreCall::Claim, slow_by(seconds(2)));
    w.go.notify_one();
    sleep(Duration::from_millis(100)).await;
    s.resume().await.unwrap();
    sleep(seconds(5)).await;
    way.mend(StoreCall::Claim);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_stored_as_a_pause_ends_is_not_forgotten() {
    let w = World::new();
    let (s, way) = w.alone().await;
    let job = s.add_job("waits", every(100_000)).id("a");
    job.retry(retry(3, 10)).await.unwrap();
    s.run_job("a").await.unwrap();
    w.bad.store(true, Ordering::SeqCst);
    ends_around_the_end_of_a_pause(&w, &s, &way).await;
    sleep(seconds(30)).await;
    assert_eq!(w.states().await, [RunState::Running]);
    assert_eq!(w.log.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_queue_whose_room_is_stored_as_a_pause_ends_goes_on() {
    let w = World::new();
    let (s, way) = w.alone().await;
    let job = s.add_job("waits", every(100_000)).id("a");
    job.overlap(Overlap::queue(5)).await.unwrap();
    s.run_job("a").await.unwrap();
    s.run_job("a").await.unwrap();
    ends_around_the_end_of_a_pause(&w, &s, &way).await;
    assert_eq!(w.states().await, [SUCCEEDED, RunState::Running]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_due_in_a_pause_begins_after_it() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("fails", every(100_000)).id("a");
    job.retry(retry(3, 10)).await.unwrap();
    s.run_job("a").await.unwrap();
    sleep(seconds(1)).await;
    s.pause().await.unwrap();
    sleep(seconds(30)).await;
    assert_eq!(w.states().await, [RunState::Retrying]);
    s.resume().await.unwrap();
    sleep(seconds(1)).await;
    assert_eq!(w.states().await, [SUCCEEDED]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_reads_no_window() {
    let w = World::new();
    let (s, way) = w.alone().await;
    for number in 0..20 {
        let job = s.add_job("fails", every(100_000));
        let job = job.id(format!("{number}"));
        job.retry(retry(3, 10 + number)).await.unwrap();
        s.run_job(format!("{number}")).await.unwrap();
    }
    sleep(seconds(5)).await;
    let before = way.begun(StoreCall::Due);
    sleep(seconds(30)).await;
    assert_eq!(w.states().await, [SUCCEEDED; 20]);
    assert_eq!(way.begun(StoreCall::Due) - before, 0);
}

#[tokio::test(start_paused = true)]
async fn retries_that_an_earlier_process_left_are_all_in_time() {
    let w = World::new();
    let (s, _) = w.alone().await;
    let job = s.add_job("fails", every(100_000)).id("a");
    job.retry(retry(3, 100)).max_instances(3).await.unwrap();
    for _ in 0..3 {
        s.run_job("a").await.unwrap();
        sleep(seconds(10)).await;
    }
    s.shutdown().await.unwrap();
    let (_later, _) = w.alone().await;
    sleep(seconds(160)).await;
    let begun: Vec<_> = w.log.all().iter().map(|b| b.4).collect();
    // The clock of the later scheduler does not know of the seconds that tokio's has skipped.
    let first = begun[3];
    assert_eq!(begun[3..], [first, first + 10, first + 20]);
}
