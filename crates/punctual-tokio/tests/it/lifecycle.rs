//! Starting, pausing, stopping, on every kind of runtime.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CancelReason, Interval, MissReason, Outcome, Retry, RunState};
use punctual_tokio::{ErrorKind, ManualClock, Scheduler};
use tokio::sync::Notify;

use crate::support::{every, given_up, ledger, pass, runs, seconds, started};

async fn nothing() {}

#[tokio::test(start_paused = true)]
async fn verbs_that_need_a_running_scheduler_say_so() {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    assert!(scheduler.run_job("a").await.unwrap_err().is_not_running());
    assert!(scheduler.pause().await.unwrap_err().is_not_running());
    assert!(scheduler.running().await.unwrap_err().is_not_running());
    scheduler.start().await.unwrap();
    assert_eq!(
        scheduler.start().await.unwrap_err().kind(),
        ErrorKind::AlreadyRunning
    );
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_can_be_started_again_and_a_second_shutdown_is_harmless() {
    let scheduler = started().await;
    scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    pass(2).await;
    for _ in 0..2 {
        let report = scheduler.shutdown().await.unwrap();
        assert_eq!(report, punctual_tokio::ShutdownReport::default());
        assert!(!scheduler.is_running());
    }
    pass(3).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().succeeded, 2);
    scheduler.start().await.unwrap();
    pass(1).await;
    let statistics = scheduler.statistics("a").await.unwrap();
    assert!(
        statistics.succeeded >= 4 && statistics.coalesced >= 2,
        "{statistics:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn pausing_a_node_holds_runs_up_and_resuming_decides_them() {
    let scheduler = started().await;
    scheduler
        .add_job(nothing, every(1))
        .id("a")
        .misfire_grace_time(Duration::from_millis(1_200))
        .await
        .unwrap();
    pass(1).await;
    scheduler.pause().await.unwrap();
    pass(5).await;
    scheduler.resume().await.unwrap();
    pass(0).await;
    let entries = ledger(&scheduler, "a").await;
    assert_eq!(entries[0], (Outcome::Succeeded, 1));
    assert!(
        matches!(entries[1], (Outcome::Missed(MissReason::Paused), 4)),
        "{entries:?}"
    );
    assert_eq!(
        entries[2..],
        [(Outcome::Coalesced, 1), (Outcome::Succeeded, 1)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_that_was_started_paused_runs_nothing_before_resume() {
    let scheduler = Scheduler::builder().build().unwrap();
    scheduler.add_job(nothing, every(1)).id("a").await.unwrap();
    scheduler.start().paused().await.unwrap();
    pass(5).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().runs(), 0);
    scheduler.resume().await.unwrap();
    pass(0).await;
    assert_eq!(scheduler.statistics("a").await.unwrap().runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_then_cancels_then_aborts() {
    let scheduler = started().await;
    let quick = || async { tokio::time::sleep(seconds(3)).await };
    let polite = given_up;
    let deaf = std::future::pending::<()>;
    scheduler
        .add_job(quick, every(600))
        .id("quick")
        .run_at_start()
        .await
        .unwrap();
    scheduler
        .add_job(polite, every(600))
        .id("polite")
        .run_at_start()
        .await
        .unwrap();
    scheduler
        .add_job(deaf, every(600))
        .id("deaf")
        .run_at_start()
        .await
        .unwrap();
    for idle in 0..1_000 {
        scheduler
            .add_job(nothing, every(600))
            .id(format!("idle-{idle}"))
            .await
            .unwrap();
    }
    pass(1).await;
    let began = tokio::time::Instant::now();
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 20);
    assert_eq!(
        (
            report.cancelled.len(),
            report.abandoned.len(),
            report.unrecorded
        ),
        (2, 0, 0)
    );
    assert_eq!(ledger(&scheduler, "quick").await, [(Outcome::Succeeded, 1)]);
    for id in ["polite", "deaf"] {
        assert_eq!(
            ledger(&scheduler, id).await,
            [(Outcome::Cancelled(CancelReason::Shutdown), 1)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_its_next_attempt_outlives_the_shutdown_and_keeps_its_error() {
    let scheduler = started().await;
    for id in ["stopped", "by hand"] {
        let fails = || async { Err::<(), _>("the mail server is away") };
        let job = scheduler.add_job(fails, every(600)).id(id);
        let job = job.retry(Retry::attempts(4).backoff(seconds(60)).cap(seconds(60)));
        job.run_at_start().await.unwrap();
    }
    pass(1).await;
    let by_hand = runs(&scheduler, "by hand").await[0].id;
    scheduler.cancel_run(by_hand).await.unwrap();
    let report = scheduler.shutdown().await.unwrap();
    let stopped = runs(&scheduler, "stopped").await.swap_remove(0);
    let handed_on: Vec<_> = report.handed_on.iter().map(|own| own.run).collect();
    assert_eq!((report.cancelled, handed_on), (vec![], vec![stopped.id]));
    let by_hand = runs(&scheduler, "by hand").await.swap_remove(0);
    let cancelled = RunState::Ended(Outcome::Cancelled(CancelReason::User));
    for (run, state) in [(stopped, RunState::Retrying), (by_hand, cancelled)] {
        assert_eq!(run.state, state);
        assert_eq!(run.attempts, 1);
        assert_eq!(run.error.as_deref(), Some("the mail server is away"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_with_nothing_running_is_immediate() {
    let scheduler = started().await;
    let began = tokio::time::Instant::now();
    scheduler.shutdown().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_end_is_told_what_it_left_behind() {
    let never_ran = Scheduler::builder().build().unwrap();
    assert_eq!(never_ran.wait_until_stopped().await, Default::default());
    let scheduler = started().await;
    let deaf = std::future::pending::<()>;
    let deaf = scheduler.add_job(deaf, every(600)).id("deaf");
    deaf.run_at_start().await.unwrap();
    pass(1).await;
    let waiting = tokio::spawn({
        let scheduler = scheduler.clone();
        async move {
            let report = scheduler.wait_until_stopped().await;
            (report, scheduler.is_running())
        }
    });
    pass(1).await;
    assert!(!waiting.is_finished());
    let report = scheduler.shutdown().await.unwrap();
    assert_eq!(report.cancelled.len(), 1);
    let waited = tokio::time::timeout(seconds(60), waiting).await;
    assert_eq!(waited.unwrap().unwrap(), (report.clone(), false));
    assert_eq!(scheduler.wait_until_stopped().await, report);
    scheduler.start().await.unwrap();
    let waiting = tokio::time::timeout(seconds(60), scheduler.wait_until_stopped());
    assert!(waiting.await.is_err(), "it runs once more");
}

#[test]
fn a_runtime_that_is_gone_is_not_waited_for() {
    let scheduler = Scheduler::builder().build().unwrap();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let mut runtime = || builder.enable_all().build();
    let start = scheduler.start().into_future();
    runtime().unwrap().block_on(start).unwrap();
    let report = runtime().unwrap().block_on(scheduler.wait_until_stopped());
    assert_eq!(report, Default::default());
}

#[tokio::test]
async fn a_thread_that_cannot_be_taken_away_is_named() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let scheduler = Scheduler::builder().clock(clock.clone()).build().unwrap();
    scheduler.start().await.unwrap();
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let stuck = move || {
        begins.notify_one();
        // An error means that the test is over.
        let _ = held.lock().unwrap().recv();
    };
    scheduler
        .add_job(stuck, every(600))
        .id("stuck")
        .await
        .unwrap();
    scheduler.run_job("stuck").await.unwrap();
    // A thread that has not begun can be taken away.
    begun.notified().await;
    let stopping = scheduler.clone();
    let shutdown = tokio::spawn(async move { stopping.shutdown().immediately().await });
    while !shutdown.is_finished() {
        clock.advance(seconds(1));
        tokio::task::yield_now().await;
    }
    let report = shutdown.await.unwrap().unwrap();
    assert_eq!(report.abandoned.len(), 1);
    assert_eq!(report.abandoned[0].job.as_str(), "stuck");
    let outcome = Outcome::Cancelled(CancelReason::Shutdown);
    assert_eq!(ledger(&scheduler, "stuck").await, [(outcome, 1)]);
    drop(release);
}

#[test]
fn a_background_scheduler_needs_no_runtime() {
    let background = Scheduler::builder().build().unwrap().background().unwrap();
    let scheduler = background.scheduler().clone();
    let result = background.block_on(async move {
        let mut events = scheduler.events();
        scheduler
            .add_job(nothing, Interval::every(seconds(600)))
            .id("a")
            .await?;
        scheduler.run_job("a").await?;
        while let Some(Ok(event)) = events.next().await {
            if matches!(event.kind, punctual_tokio::EventKind::JobExecuted(_)) {
                break;
            }
        }
        Ok::<(), punctual_tokio::Error>(())
    });
    result.unwrap();
    background.shutdown().unwrap();
}

#[test]
fn a_thread_that_must_not_wait_hands_its_verbs_over() {
    let background = Scheduler::builder().build().unwrap().background().unwrap();
    let scheduler = background.scheduler().clone();
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let adding = background.spawn(async move {
        gone.await.unwrap();
        scheduler.add_job(nothing, every(600)).id("a").await
    });
    // Not before this thread, which has gone on, says so.
    assert!(!adding.is_finished());
    go.send(()).unwrap();
    background.block_on(adding).unwrap().unwrap();
    // Verbs with settings need no block of their own.
    let verb = background.scheduler().modify_job("a").name("A");
    background.block_on(verb).unwrap();
    let job = background.block_on(background.scheduler().get_job("a"));
    assert_eq!(job.unwrap().unwrap().name(), "A");
    let verb = background.scheduler().remove_job("a");
    let removing = background.spawn(verb);
    background.block_on(removing).unwrap().unwrap();
    background.shutdown().unwrap();
}

fn panics_with(call: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

#[tokio::test]
async fn a_blocking_verb_on_a_runtime_thread_panics_and_says_what_to_await() {
    let scheduler = Scheduler::new();
    let said = panics_with(|| drop(scheduler.blocking()));
    assert!(
        said.contains("await `run_until_signal()` instead"),
        "{said}"
    );
    let background = std::thread::spawn(|| Scheduler::new().background().unwrap());
    let background = background.join().unwrap();
    let said = panics_with(|| background.block_on(async {}));
    assert!(said.contains("await the verb instead"), "{said}");
    let said = panics_with(|| drop(background.shutdown()));
    assert!(said.contains("await `scheduler().shutdown()`"), "{said}");
}

#[test]
fn a_node_without_a_name_is_refused() {
    for name in ["", " "] {
        let error = Scheduler::builder().node(name).build().unwrap_err();
        assert!(
            error.to_string().starts_with("node: the name is empty"),
            "{error}"
        );
    }
}

#[test]
fn a_node_with_a_long_name_is_refused() {
    let build = |chars: usize| Scheduler::builder().node("é".repeat(chars)).build();
    build(191).unwrap();
    let error = build(1_000).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::TooLarge, Some("node"))
    );
    let message = error.to_string();
    assert!(
        message.ends_with("has 1000 characters, more than 191; write a shorter name"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_value_of_one_type_of_state_is_refused() {
    let builder = Scheduler::builder().state("a").state(7_u32);
    assert!(builder.build().is_ok());
    let error = Scheduler::builder().state("a").state("b").build().err();
    let error = error.unwrap();
    assert!(error.is_conflict());
    assert_eq!(
        error.to_string(),
        "state: a value of type `&str` was given already; give each a type of its own"
    );
}
