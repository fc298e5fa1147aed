//! The cost of the driver while nothing is due.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::{Date, Interval, Retry};
use tokio::sync::mpsc;

use super::{COMMANDS, Driver};
use crate::command::Command;
use crate::handler::Host;
use crate::handler::reports::Reports;
use crate::job::new_job::NewJob;
use crate::scheduler::Scheduler;
use crate::time::clock::{AnyClock, Clock};
use crate::time::system_clock::SilentClock;

/// Polls a future and counts how often it was woken.
async fn counted(future: impl Future<Output = ()>, polls: Arc<AtomicU64>) {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        polls.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut future).poll(context)
    })
    .await;
}

/// Returns a driver of a scheduler's stores, and the channel to it.
fn driver_of(scheduler: &Scheduler) -> (mpsc::Sender<Command>, Driver) {
    let (commands, receiver) = mpsc::channel(COMMANDS);
    let host = Arc::new(Host {
        clock: scheduler.shared.clock.clone(),
        states: scheduler.shared.states(),
        reports: Reports::default(),
        scheduler: Box::new(scheduler.downgrade()),
    });
    let mut driver = Driver::new(Arc::clone(&scheduler.shared), host, receiver, false);
    for named in scheduler.shared.stores() {
        driver.adopt_store(named);
    }
    (commands, driver)
}

/// Starts a driver of a scheduler's stores whose wake-ups are counted.
fn begin(scheduler: &Scheduler) -> (mpsc::Sender<Command>, Arc<AtomicU64>) {
    let (commands, driver) = driver_of(scheduler);
    let polls = Arc::new(AtomicU64::new(0));
    tokio::spawn(counted(driver.run(), Arc::clone(&polls)));
    (commands, polls)
}

/// Returns a clock of a system that does not tell when it is set, and the value that sets the
/// clock.
fn silent() -> (Clock, Arc<AtomicI64>) {
    let (clock, set_by) = SilentClock::new();
    (Clock::new(clock), set_by)
}

#[tokio::test(start_paused = true)]
async fn idle_hours_wake_nobody_up() {
    let scheduler = Scheduler::builder().build().unwrap();
    let (_commands, polls) = begin(&scheduler);
    let far = scheduler.now() + TimeDelta::days(30);
    let jobs = (0..5_000).map(|_| NewJob::new(|| async {}, Date::at(far)));
    let added = scheduler.add_jobs(jobs).await.unwrap();
    assert!(added.iter().all(Result::is_ok));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = polls.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(12 * 3_600)).await;
    assert_eq!(polls.load(Ordering::SeqCst), before);
    // The driver was asleep and not dead.
    tokio::time::sleep(Duration::from_secs(31 * 86_400)).await;
    let left = scheduler.get_jobs().await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_daily_job_costs_a_few_wake_ups_a_day_however_many_others_wait() {
    let scheduler = Scheduler::builder().build().unwrap();
    let (_commands, polls) = begin(&scheduler);
    let day = Duration::from_secs(86_400);
    let daily = scheduler
        .add_job(|| async {}, Interval::every(day))
        .id("daily");
    daily.await.unwrap();
    let far = scheduler.now() + TimeDelta::days(300);
    let jobs = (0..5_000).map(|_| NewJob::new(|| async {}, Date::at(far)));
    assert!(scheduler.add_jobs(jobs).await.is_ok());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = polls.load(Ordering::SeqCst);
    tokio::time::sleep(day * 10).await;
    assert_eq!(scheduler.statistics("daily").await.unwrap().succeeded, 10);
    let a_day = (polls.load(Ordering::SeqCst) - before) / 10;
    // Reading the window, the run itself, its claim and its end, and the steps of the timer wheel.
    assert!(a_day <= 16, "{a_day} wake-ups a day");
}

/// Lets a driver go on for `span`.
async fn drive(driver: &mut Driver, span: Duration) {
    let turns = async {
        loop {
            driver.turn().await;
        }
    };
    // The driver goes on until the time is over.
    let _ = tokio::time::timeout(span, turns).await;
}

#[tokio::test(start_paused = true)]
async fn attempts_that_have_ended_leave_no_alarm_behind() {
    let scheduler = Scheduler::builder().build().unwrap();
    let (_commands, mut driver) = driver_of(&scheduler);
    let day = Duration::from_secs(86_400);
    let soon = scheduler.now() + TimeDelta::seconds(1);
    let ends = |is_good| move || async move { if is_good { Ok(()) } else { Err("no") } };
    let retry = Retry::attempts(3)
        .backoff(Duration::from_secs(1))
        .cap(Duration::from_secs(1))
        .build()
        .unwrap();
    let jobs = (0..10_000).map(|number| {
        let job = NewJob::new(ends(number % 2 == 0), Date::at(soon));
        job.timeout(day).retry(retry)
    });
    assert!(
        scheduler
            .add_jobs(jobs)
            .await
            .unwrap()
            .iter()
            .all(Result::is_ok)
    );
    drive(&mut driver, Duration::from_secs(60)).await;
    let left = scheduler.get_jobs().await.unwrap();
    assert!(left.is_empty(), "all have run");
    assert_eq!(driver.timer.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn windows_that_are_read_anew_leave_no_alarm_behind() {
    let scheduler = Scheduler::builder().build().unwrap();
    let far = scheduler.now() + TimeDelta::days(30);
    let job = scheduler.add_job(|| async {}, Date::at(far));
    job.await.unwrap();
    let (commands, mut driver) = driver_of(&scheduler);
    for _ in 0..100 {
        commands.send(Command::LookAgain).await.unwrap();
        drive(&mut driver, Duration::from_secs(1)).await;
    }
    assert_eq!(driver.timer.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_and_does_not_tell_is_noticed_within_half_a_minute() {
    let (clock, set_by) = silent();
    let builder = Scheduler::builder().clock(AnyClock(clock));
    let scheduler = builder.build().unwrap();
    let (_commands, _) = begin(&scheduler);
    let eight_hours = TimeDelta::hours(8);
    let morning = scheduler.now() + eight_hours;
    let job = scheduler.add_job(|| async {}, Date::at(morning));
    job.await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    // As after a suspend, in which tokio's clock stood still.
    set_by.store(eight_hours.num_microseconds().unwrap(), Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(31)).await;
    let left = scheduler.get_jobs().await;
    assert!(left.unwrap().is_empty());
}

/// Counts the lines about lateness on standard error.
fn told_late(scheduler: &Scheduler) -> usize {
    let lines = scheduler.shared.voice.lines.lock();
    lines
        .iter()
        .filter(|line| line.contains(" s late: "))
        .count()
}

/// Returns a scheduler with a job each second, and its driver. The clock looks like the system's
/// clock, though the test moves it.
async fn ticking() -> (Scheduler, mpsc::Sender<Command>) {
    let (clock, _) = silent();
    let builder = Scheduler::builder().clock(AnyClock(clock));
    let scheduler = builder.build().unwrap();
    let every = Interval::every(Duration::from_secs(1));
    scheduler.add_job(|| async {}, every).await.unwrap();
    let (commands, _) = begin(&scheduler);
    tokio::time::sleep(Duration::from_secs(10)).await;
    (scheduler, commands)
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_stood_still_is_told_of_once_a_stretch() {
    let (scheduler, _commands) = ticking().await;
    assert_eq!(told_late(&scheduler), 0);
    for _ in 0..3 {
        // No tokio task is polled during this time.
        tokio::time::advance(Duration::from_secs(4)).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(told_late(&scheduler), 1);
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    tokio::time::advance(Duration::from_secs(4)).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(told_late(&scheduler), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_or_moved_by_a_test_is_not_lateness() {
    let (clock, set_by) = silent();
    let manual = crate::ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let every = Interval::every(Duration::from_secs(1));
    let mut schedulers = Vec::new();
    for clock in [
        AnyClock(clock),
        manual.clone().into(),
        AnyClock(Clock::system()),
    ] {
        let scheduler = Scheduler::builder().clock(clock).build().unwrap();
        let ticks = scheduler.add_job(|| async {}, every.clone());
        ticks.await.unwrap();
        let (commands, _) = begin(&scheduler);
        schedulers.push((scheduler, commands));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    // The computer was asleep. The wall clock went on, and the clock of alarms did not.
    set_by.store(3_600_000_000, Ordering::SeqCst);
    manual.advance(Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(schedulers.iter().all(|(own, _)| told_late(own) == 0));
    // A clock that a test has paused and moves.
    tokio::time::advance(Duration::from_secs(3_600)).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(told_late(&schedulers[2].0), 0);
}

#[tokio::test(start_paused = true)]
async fn jobs_of_unknown_tasks_in_a_shared_store_leave_nothing_behind() {
    let store = punctual_store::MemoryStore::new();
    let scheduler = Scheduler::builder().store("default", store.clone());
    let scheduler = scheduler.build().unwrap();
    let other = Scheduler::builder().store("default", store);
    let other = other.task("other", || async {}).build().unwrap();
    other.start().await.unwrap();
    let (_commands, mut driver) = driver_of(&scheduler);
    drive(&mut driver, Duration::from_secs(5)).await;
    let soon = Interval::every(Duration::from_secs(30));
    for number in 0..100 {
        let id = number.to_string();
        let job = other.add_job("other", soon.clone()).id(&id);
        job.await.unwrap();
        drive(&mut driver, Duration::from_millis(100)).await;
        other.remove_job(&id).await.unwrap();
    }
    drive(&mut driver, Duration::from_secs(60)).await;
    let held = driver.held(i64::MAX);
    let store = &held.stores[0];
    assert_eq!((store.parked.len(), store.known.len()), (0, 0));
}
