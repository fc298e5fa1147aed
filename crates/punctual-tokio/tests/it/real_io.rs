//! A clock that is moved by hand while tokio's time is real: jobs and stores with I/O.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Outcome, Overlap, Retry};
use punctual_store::testing::{Fault, FaultyStore, StoreCall};
use punctual_store::{JobStore, MemoryStore, StoreCapabilities};
use punctual_tokio::testing::{Ledger, TestClock};
use punctual_tokio::{BoxError, Executor, JobContext, NewJob, Output, Scheduler};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::support::{Counter, Log, every, seconds};

const START: &str = "2026-03-28T12:00:00Z";

fn clock() -> TestClock {
    TestClock::with_io(START)
}

async fn on(clock: &TestClock) -> Scheduler {
    with(clock, MemoryStore::new()).await
}

async fn with(clock: &TestClock, store: impl JobStore) -> Scheduler {
    let builder = Scheduler::builder().clock(clock.clone());
    let scheduler = builder.store("default", store).build().unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

async fn of(scheduler: &Scheduler, id: &str) -> Ledger {
    Ledger::of(scheduler, id).await.unwrap()
}

/// Moves the clock, which panics. Answers in which words.
async fn refused(clock: TestClock, span: Duration) -> String {
    let moving = tokio::spawn(async move { clock.advance(span).await });
    let panic = moving.await.unwrap_err().into_panic();
    *panic.downcast::<String>().unwrap()
}

/// Answers what time its scheduler showed when it began and when it ended.
async fn slow(context: JobContext) -> Output<bool> {
    let scheduler = context.scheduler().unwrap();
    let began = scheduler.now();
    sleep(millis(100)).await;
    Output([began, scheduler.now()] == [context.fire_time(); 2])
}

async fn slow_runs_are_waited_for() {
    let clock = clock();
    let scheduler = on(&clock).await;
    scheduler.add_job(slow, every(60)).id("slow").await.unwrap();
    let began = Instant::now();
    clock.advance_to("2026-03-28T12:03:30Z").await;
    of(&scheduler, "slow").await.assert_lines(&[
        "2026-03-28T12:01:00Z succeeded: true",
        "2026-03-28T12:02:00Z succeeded: true",
        "2026-03-28T12:03:00Z succeeded: true",
    ]);
    assert!(began.elapsed() >= millis(300));
    assert_eq!(clock.now().to_rfc3339(), "2026-03-28T12:03:30+00:00");
}

#[tokio::test]
async fn a_run_that_takes_real_time_does_not_meet_the_next_one() {
    slow_runs_are_waited_for().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_takes_real_time_does_not_meet_the_next_one_on_many_threads() {
    slow_runs_are_waited_for().await;
}

#[tokio::test]
async fn a_job_talks_to_a_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut asker, _)) = listener.accept().await {
            let mut number = [0];
            asker.read_exact(&mut number).await.unwrap();
            asker.write_all(&[number[0] + 1]).await.unwrap();
        }
    });
    let ask = move || async move {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&[6]).await?;
        stream.read_u8().await.map(Output)
    };
    let clock = clock();
    let scheduler = on(&clock).await;
    scheduler.add_job(ask, every(60)).id("ask").await.unwrap();
    clock.advance(seconds(3_600)).await;
    let ledger = of(&scheduler, "ask").await;
    ledger.assert_all_succeeded();
    assert_eq!(ledger.count(Outcome::Succeeded), 60);
    assert_eq!(ledger.entries()[59].result, Some(7.into()));
}

#[tokio::test]
async fn plain_functions_and_executors_with_a_limit_are_waited_for() {
    let clock = clock();
    let builder = Scheduler::builder().clock(clock.clone());
    let builder = builder.executor("narrow", Executor::tokio().at_most(1));
    let scheduler = builder.build().unwrap();
    scheduler.start().await.unwrap();
    let plain = || std::thread::sleep(millis(20));
    scheduler
        .add_job(plain, every(60))
        .id("plain")
        .await
        .unwrap();
    for number in 0..20 {
        let sleeps = || sleep(millis(10));
        let job = scheduler.add_job(sleeps, every(60)).executor("narrow");
        job.id(format!("n{number}")).await.unwrap();
    }
    clock.advance(seconds(120)).await;
    let ledger = Ledger::all(&scheduler).await.unwrap();
    ledger.assert_all_succeeded();
    assert_eq!(ledger.entries().len(), 42);
}

#[tokio::test]
async fn a_run_that_never_ends_is_named() {
    let clock = clock().patience(millis(200));
    let scheduler = on(&clock).await;
    let stuck = || std::future::pending::<()>();
    scheduler
        .add_job(stuck, every(60))
        .id("stuck")
        .await
        .unwrap();
    let words = refused(clock.clone(), seconds(300)).await;
    for part in [
        "shows 2026-03-28 12:01:00 UTC",
        "job stuck, fire time 2026-03-28T12:01:00Z, attempt 1: runs for 0.",
        "patience",
    ] {
        assert!(words.contains(part), "{words}");
    }
    // It stands where it was. A run that was told to end has a grace time, which goes by the clock.
    assert_eq!(clock.now().to_rfc3339(), "2026-03-28T12:01:00+00:00");
    let run = scheduler.runs().await.unwrap()[0].id;
    scheduler.cancel_run(run).await.unwrap();
    clock.advance(seconds(10)).await;
    let lines = ["2026-03-28T12:01:00Z cancelled (user)"];
    of(&scheduler, "stuck").await.assert_lines(&lines);
}

/// The real time of a run that hangs is the patience, twice: it does not listen when it is told.
#[tokio::test]
async fn a_timeout_ends_a_run_that_hangs() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let timeout = seconds(90);
    let deaf = || std::future::pending::<()>();
    let added = scheduler.add_job(deaf, every(60)).id("deaf");
    added.timeout(timeout).await.unwrap();
    let listens = |context: JobContext| async move {
        context.cancelled().await;
        sleep(millis(50)).await;
        Err::<(), _>("tidied up")
    };
    let added = scheduler.add_job(listens, every(60)).id("listens");
    added.timeout(timeout).await.unwrap();
    let hasty = clock.clone().patience(millis(300));
    hasty.advance(seconds(170)).await;
    of(&scheduler, "deaf").await.assert_lines(&[
        "2026-03-28T12:01:00Z timed out",
        "2026-03-28T12:02:00Z skipped (max_instances)",
    ]);
    of(&scheduler, "listens").await.assert_lines(&[
        "2026-03-28T12:01:00Z timed out: tidied up",
        "2026-03-28T12:02:00Z skipped (max_instances)",
    ]);
    for (id, lasted) in [("listens", 90), ("deaf", 95)] {
        let runs = scheduler.runs().job(id).await.unwrap();
        let first = runs.iter().find_map(punctual_core::Run::duration).unwrap();
        assert_eq!(first.as_secs(), lasted, "{id}");
    }
}

#[tokio::test]
async fn a_thread_that_a_timeout_cannot_take_away_is_named() {
    let (released, release) = std::sync::mpsc::channel::<()>();
    let release = Arc::new(std::sync::Mutex::new(release));
    let clock = clock().patience(millis(100));
    let scheduler = on(&clock).await;
    let stuck = move || release.lock().unwrap().recv().is_ok();
    let stuck = move || Output(stuck());
    let added = scheduler.add_job(stuck, every(60)).id("stuck");
    added.timeout(seconds(1)).await.unwrap();
    let words = refused(clock, seconds(300)).await;
    assert!(words.contains("told to end: runs for"), "{words}");
    drop(released);
}

#[tokio::test]
async fn the_next_attempt_waits_for_the_clock_to_be_moved() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let flaky = |context: JobContext| async move {
        sleep(millis(5)).await;
        if context.attempt() < 4 {
            return Err("not yet");
        }
        Ok(())
    };
    let backoff = seconds(600);
    let added = scheduler.add_job(flaky, every(3_600)).id("flaky");
    let retry = Retry::attempts(4)
        .backoff(backoff)
        .cap(backoff)
        .build()
        .unwrap();
    added.retry(retry).await.unwrap();
    clock.advance(seconds(3_600 + 1_799)).await;
    let lines = ["2026-03-28T13:00:00Z under way: not yet"];
    of(&scheduler, "flaky").await.assert_lines(&lines);
    clock.advance(seconds(1)).await;
    let lines = ["2026-03-28T13:00:00Z succeeded"];
    of(&scheduler, "flaky").await.assert_outcomes(&lines);
    let runs = scheduler.runs().await.unwrap();
    assert_eq!(runs[0].duration().unwrap().as_secs(), 1_800);
}

#[tokio::test]
async fn what_waits_in_a_queue_runs_when_there_is_room() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let counter = Counter::default();
    let counting = counter.clone();
    let body = move || {
        let counter = counting.clone();
        async move {
            counter.enter();
            sleep(millis(20)).await;
            counter.leave();
        }
    };
    let added = scheduler.add_job(body, every(3_600)).id("a");
    let queue = Overlap::queue(5);
    added.overlap(queue).await.unwrap();
    for _ in 0..4 {
        scheduler.run_job("a").await.unwrap();
    }
    clock.run_until_idle().await;
    assert_eq!((counter.all(), counter.most()), (4, 1));
    assert_eq!(clock.now().to_rfc3339(), "2026-03-28T12:00:00+00:00");
}

#[tokio::test]
async fn a_job_waits_for_another_of_the_same_time() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let done = Arc::new(Notify::new());
    let (waiting, telling) = (Arc::clone(&done), done);
    let waits = move || {
        let done = Arc::clone(&waiting);
        async move { done.notified().await }
    };
    let tells = move || {
        let done = Arc::clone(&telling);
        async move {
            sleep(millis(30)).await;
            done.notify_one();
        }
    };
    scheduler.add_job(waits, every(60)).id("a").await.unwrap();
    scheduler.add_job(tells, every(60)).id("b").await.unwrap();
    clock.advance(seconds(180)).await;
    let ledger = Ledger::all(&scheduler).await.unwrap();
    ledger.assert_all_succeeded();
    assert_eq!(ledger.entries().len(), 6);
}

/// A body that edits jobs: all that it makes due is due at its time.
#[tokio::test]
async fn edits_by_a_job_count_from_their_time_on() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let edits = |context: JobContext| async move {
        let scheduler = context.scheduler()?;
        sleep(millis(10)).await;
        let child = scheduler.add_job(slow, every(7)).id("child").await?;
        child.run().await?;
        scheduler.remove_job(context.job_id()).await?;
        Ok::<_, BoxError>(())
    };
    scheduler.add_job(edits, every(60)).id("a").await.unwrap();
    clock.advance(seconds(75)).await;
    of(&scheduler, "child").await.assert_lines(&[
        "2026-03-28T12:01:00Z succeeded: true",
        "2026-03-28T12:01:07Z succeeded: true",
        "2026-03-28T12:01:14Z succeeded: true",
    ]);
    scheduler.pause_job("child").await.unwrap();
    clock.advance(seconds(60)).await;
    assert_eq!(of(&scheduler, "child").await.entries().len(), 3);
}

#[tokio::test]
async fn a_job_cannot_move_the_clock() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let own = clock.clone();
    let moves = move || {
        let clock = own.clone();
        async move { clock.advance(seconds(1)).await }
    };
    scheduler.add_job(moves, every(60)).id("a").await.unwrap();
    clock.advance(seconds(60)).await;
    let ledger = of(&scheduler, "a").await;
    assert_eq!(ledger.count(Outcome::Panicked), 1, "{ledger}");
    let error = ledger.entries()[0].error.as_deref().unwrap();
    assert!(error.contains("a job cannot move the clock"), "{error}");
}

/// Nothing moves the clock but the run itself, which waits for itself then.
#[tokio::test]
async fn a_job_that_moves_the_clock_by_itself_is_named() {
    let clock = clock().patience(millis(100));
    let scheduler = on(&clock).await;
    let own = clock.clone();
    let moves = move || {
        let clock = own.clone();
        async move { clock.advance(seconds(1)).await }
    };
    scheduler.add_job(moves, every(60)).id("a").await.unwrap();
    scheduler.run_job("a").await.unwrap();
    while scheduler.statistics("a").await.unwrap().panicked == 0 {
        tokio::task::yield_now().await;
    }
    let ledger = of(&scheduler, "a").await;
    let error = ledger.entries()[0].error.as_deref().unwrap();
    assert!(error.contains("job a, fire time"), "{error}");
}

#[tokio::test]
async fn a_thousand_jobs_of_one_instant_all_end_at_it() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let body = |context: JobContext| async move {
        sleep(millis(1)).await;
        let now = context.scheduler().ok().map(|own| own.now());
        Output(now == Some(context.fire_time()))
    };
    let jobs = (0..1_000).map(|number| NewJob::new(body, every(60)).id(format!("j{number}")));
    for added in scheduler.add_jobs(jobs).await.unwrap() {
        added.unwrap();
    }
    clock.advance(seconds(60)).await;
    let ledger = Ledger::all(&scheduler).await.unwrap();
    ledger.assert_all_succeeded();
    let is_on_time = |entry: &&punctual_tokio::testing::Entry| entry.result == Some(true.into());
    assert_eq!(ledger.entries().iter().filter(is_on_time).count(), 1_000);
}

#[tokio::test]
async fn what_passes_in_a_pause_is_coalesced_or_missed() {
    let clock = clock();
    let builder = Scheduler::builder().clock(clock.clone());
    let scheduler = builder.build().unwrap();
    scheduler.start().paused().await.unwrap();
    scheduler.add_job(slow, every(60)).id("a").await.unwrap();
    let added = scheduler.add_job(slow, every(60)).id("b");
    added.misfire_grace_time(seconds(90)).await.unwrap();
    clock.advance(seconds(3_600)).await;
    assert!(of(&scheduler, "a").await.entries().is_empty());
    scheduler.resume().await.unwrap();
    clock.run_until_idle().await;
    of(&scheduler, "a").await.assert_outcomes(&[
        "2026-03-28T12:01:00Z coalesced, 59 fire times",
        "2026-03-28T13:00:00Z succeeded",
    ]);
    let ledger = of(&scheduler, "b").await;
    assert_eq!(ledger.entries().len(), 3, "{ledger}");
    assert_eq!(ledger.count(Outcome::Succeeded), 1, "{ledger}");
    assert_eq!(ledger.count(Outcome::Coalesced), 1, "{ledger}");
    // An hour later nothing more is put together.
    clock.advance(seconds(120)).await;
    assert_eq!(of(&scheduler, "a").await.count(Outcome::Succeeded), 3);
}

#[tokio::test]
async fn a_slow_store_is_waited_for() {
    let clock = clock();
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let calls = [StoreCall::Claim, StoreCall::Due, StoreCall::Register];
    faults.set(calls, Fault::slow(|| sleep(millis(40))));
    let scheduler = with(&clock, store).await;
    scheduler.add_job(slow, every(60)).id("a").await.unwrap();
    clock.advance(seconds(180)).await;
    let lines = |minute: u8| format!("2026-03-28T12:0{minute}:00Z succeeded: true");
    let lines = [1, 2, 3].map(lines);
    let lines = lines.each_ref().map(String::as_str);
    of(&scheduler, "a").await.assert_lines(&lines);
}

/// Its fire time runs at its time, however long the store was away meanwhile.
#[tokio::test]
async fn a_store_that_comes_back_is_waited_for_and_one_that_does_not_is_named() {
    let clock = clock().patience(millis(300));
    let (store, faults) = FaultyStore::new(MemoryStore::new());
    let scheduler = with(&clock, store).await;
    scheduler.add_job(slow, every(60)).id("a").await.unwrap();
    faults.next(StoreCall::Claim, Fault::Failed);
    clock.advance(seconds(60)).await;
    let lines = ["2026-03-28T12:01:00Z succeeded: true"];
    of(&scheduler, "a").await.assert_lines(&lines);
    faults.set(StoreCall::Claim, Fault::Held);
    let words = refused(clock.clone(), seconds(60)).await;
    let named = "store default: `claim` is not answered for 0.";
    assert!(words.contains(named), "{words}");
    faults.mend_all();
    clock.run_until_idle().await;
    faults.set(StoreCall::Claim, Fault::Failed);
    let words = refused(clock.clone(), seconds(60)).await;
    assert!(words.contains("no connection for `claim`"), "{words}");
}

#[tokio::test]
async fn two_nodes_share_the_clock() {
    let clock = clock();
    let store = MemoryStore::new();
    let node = || {
        let builder = Scheduler::builder().clock(clock.clone());
        let builder = builder.task("slow", slow);
        builder.store("default", store.clone()).build().unwrap()
    };
    let (one, two) = (node(), node());
    one.start().await.unwrap();
    two.start().await.unwrap();
    one.add_job("slow", every(60)).id("a").await.unwrap();
    two.add_job("slow", every(60)).id("b").await.unwrap();
    clock.advance(seconds(300)).await;
    // What a paused one does not claim is the other one's within a second.
    two.pause().await.unwrap();
    clock.advance(seconds(301)).await;
    // One that is gone is waited for no longer.
    two.shutdown().await.unwrap();
    drop(two);
    clock.advance(seconds(301)).await;
    let ledger = Ledger::all(&one).await.unwrap();
    assert_eq!(ledger.count(Outcome::Succeeded), 30, "{ledger}");
    assert_eq!(ledger.entries().len(), 30, "{ledger}");
}

#[tokio::test]
async fn a_shutdown_goes_by_the_clock_too() {
    let clock = clock();
    let scheduler = on(&clock).await;
    let body = |context: JobContext| async move {
        context.cancelled().await;
        Err::<(), _>("told")
    };
    scheduler.add_job(body, every(60)).id("a").await.unwrap();
    scheduler.run_job("a").await.unwrap();
    let deaf = || std::future::pending::<()>();
    scheduler.add_job(deaf, every(60)).id("b").await.unwrap();
    scheduler.run_job("b").await.unwrap();
    let hasty = clock.clone().patience(millis(200));
    let (report, ()) = tokio::join!(scheduler.shutdown(), hasty.advance(seconds(60)));
    let report = report.unwrap();
    assert_eq!(report.cancelled.len(), 2, "{report:?}");
    assert!(report.abandoned.is_empty(), "{report:?}");
    let ledger = Ledger::all(&scheduler).await.unwrap();
    ledger.assert_outcomes(&[
        "2026-03-28T12:00:00Z cancelled (shutdown)",
        "2026-03-28T12:00:00.000001Z cancelled (shutdown)",
    ]);
}

#[tokio::test]
async fn a_day_of_minutes_takes_no_time() {
    let clock = clock();
    let scheduler = on(&clock).await;
    scheduler
        .add_job(|| async {}, every(60))
        .id("a")
        .await
        .unwrap();
    clock.advance(seconds(86_400)).await;
    let done = scheduler.statistics("a").await.unwrap();
    assert_eq!(done.succeeded, 1_440);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "take `start_paused = true`")]
async fn a_clock_with_io_refuses_paused_time() {
    let _ = clock();
}

#[tokio::test]
#[should_panic(expected = "take `start_paused = true`")]
async fn a_clock_with_io_refuses_time_that_was_paused_since() {
    let clock = clock();
    tokio::time::pause();
    clock.advance(seconds(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[should_panic(expected = "or `TestClock::with_io(..)`")]
async fn a_clock_without_io_refuses_many_threads() {
    let _ = TestClock::at(START);
}

#[tokio::test]
async fn a_clock_without_io_refuses_stores_with_io() {
    let store = || {
        let (store, _faults) = FaultyStore::new(MemoryStore::new());
        store.with_capabilities(StoreCapabilities::default().does_io(true))
    };
    let builder = Scheduler::builder().clock(TestClock::at(START));
    let refused = builder.store("books", store()).build().unwrap_err();
    let scheduler = on(&TestClock::at(START)).await;
    let later = scheduler.add_store("books", store()).await.unwrap_err();
    for words in [refused.to_string(), later.to_string()] {
        assert!(words.contains("store `books`"), "{words}");
        assert!(words.contains("`TestClock::with_io(..)`"), "{words}");
    }
    // A wrapper says what the store behind it says.
    let (wrapped, _faults) = FaultyStore::new(store());
    assert!(wrapped.capabilities().does_io);
    with(&clock_of_real_time(), wrapped).await;
}

fn clock_of_real_time() -> TestClock {
    tokio::time::resume();
    clock()
}

#[tokio::test]
async fn a_job_cannot_move_a_clock_without_io() {
    let clock = TestClock::at(START);
    let scheduler = on(&clock).await;
    let own = clock.clone();
    let moves = move || {
        let clock = own.clone();
        async move { clock.advance(seconds(1)).await }
    };
    scheduler.add_job(moves, every(60)).id("a").await.unwrap();
    clock.advance(seconds(60)).await;
    let ledger = of(&scheduler, "a").await;
    assert_eq!(ledger.count(Outcome::Panicked), 1, "{ledger}");
    assert_eq!(clock.now().to_rfc3339(), "2026-03-28T12:01:00+00:00");
}

#[tokio::test]
async fn a_clock_is_moved_to_texts_and_to_times_of_any_zone() {
    let start: chrono::DateTime<chrono::FixedOffset> = "2026-03-28T13:00:00+01:00".parse().unwrap();
    let clock = TestClock::with_io(start);
    let scheduler = on(&clock).await;
    let log = Log::default();
    let logging = log.clone();
    let body = move |context: JobContext| logging.push(context.fire_time());
    scheduler.add_job(body, every(60)).id("a").await.unwrap();
    let text = String::from("2026-03-28T12:01:00Z");
    clock.advance_to(&text).await;
    clock.advance_to(text.clone()).await;
    let next = start + chrono::TimeDelta::minutes(2);
    clock.advance_to(next).await;
    let ledger = of(&scheduler, "a").await;
    ledger.assert_succeeded_at(["2026-03-28T12:01:00Z", "2026-03-28T12:02:00Z"]);
    ledger.assert_succeeded_at(&[text, next.to_rfc3339()]);
    ledger.assert_succeeded_at(log.all());
}
