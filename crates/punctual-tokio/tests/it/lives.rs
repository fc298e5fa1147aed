//! How long a scheduler lives, and what it was given with it.

use std::sync::{Arc, OnceLock};

use punctual_tokio::{EventMask, Scheduler, State, WeakScheduler};
use tokio::sync::Notify;

use crate::support::{Counter, every, pass, seconds, started};

fn counting(counter: &Counter) -> impl Fn() -> std::future::Ready<()> + Clone + use<> {
    let counter = counter.clone();
    move || {
        counter.enter();
        std::future::ready(())
    }
}

async fn start_it(counter: &Counter) -> Result<WeakScheduler, punctual_tokio::Error> {
    let scheduler = Scheduler::builder().build()?;
    scheduler.add_job(counting(counter), every(1)).await?;
    scheduler.start().await?;
    Ok(scheduler.downgrade())
}

#[tokio::test(start_paused = true)]
async fn what_was_started_goes_on_without_a_handle_until_it_is_shut_down() {
    let counter = Counter::default();
    let weak = start_it(&counter).await.unwrap();
    pass(3).await;
    assert_eq!(counter.all(), 3);
    let scheduler = weak.upgrade().unwrap();
    assert!(scheduler.is_running());
    scheduler.shutdown().await.unwrap();
    drop(scheduler);
    pass(3).await;
    assert_eq!(counter.all(), 3);
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_guard_shuts_down_and_lets_runs_end() {
    let counter = Counter::default();
    let guard = Scheduler::builder().build().unwrap().drop_guard();
    let scheduler = guard.scheduler().clone();
    scheduler.start().await.unwrap();
    let (begun, seen) = (Arc::new(Notify::new()), counter.clone());
    let tell = Arc::clone(&begun);
    let body = move || {
        let (seen, tell) = (seen.clone(), Arc::clone(&tell));
        async move {
            tell.notify_one();
            tokio::time::sleep(seconds(10)).await;
            seen.enter();
        }
    };
    scheduler.add_job(body, every(1)).await.unwrap();
    begun.notified().await;
    drop(guard);
    let report = scheduler.wait_until_stopped().await;
    assert_eq!(report, punctual_tokio::ShutdownReport::default());
    assert!(!scheduler.is_running());
    assert_eq!(counter.all(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_was_disarmed_ends_nothing_and_one_of_a_stopped_scheduler_is_harmless() {
    let guard = started().await.drop_guard();
    let scheduler = guard.disarm();
    pass(60).await;
    assert!(scheduler.is_running());
    scheduler.shutdown().await.unwrap();
    drop(scheduler.clone().drop_guard());
    scheduler.start().await.unwrap();
    pass(60).await;
    assert!(scheduler.is_running());
}

/// State in which the application keeps its scheduler.
#[derive(Clone)]
struct App {
    scheduler: Arc<OnceLock<Scheduler>>,
    counter: Counter,
    _held: Arc<()>,
}

async fn uses_the_app(State(app): State<App>) {
    let scheduler = app.scheduler.get().unwrap();
    assert!(scheduler.is_running());
    assert!(!scheduler.running().await.unwrap().is_empty());
    app.counter.enter();
}

/// A scheduler whose state, closure and listener hold a handle, and `held`.
async fn entangled(held: &Arc<()>, counter: &Counter) -> Scheduler {
    let app = App {
        scheduler: Arc::default(),
        counter: counter.clone(),
        _held: Arc::clone(held),
    };
    let scheduler = Scheduler::builder().state(app.clone()).build().unwrap();
    app.scheduler.set(scheduler.clone()).unwrap();
    let (inside, also) = (scheduler.clone(), Arc::clone(held));
    let listener = move |_| {
        let _ = (&inside, &also);
    };
    scheduler.add_listener(EventMask::ALL, listener).unwrap();
    let (inside, also) = (scheduler.clone(), Arc::clone(held));
    let closure = move || {
        let inside = inside.clone();
        let _ = &also;
        async move { assert!(inside.is_running()) }
    };
    scheduler.add_job(closure, every(10)).await.unwrap();
    scheduler.add_job(uses_the_app, every(60)).await.unwrap();
    scheduler
}

#[tokio::test(start_paused = true)]
async fn handles_in_state_jobs_and_listeners_keep_nothing_after_a_shutdown() {
    let (held, counter) = (Arc::new(()), Counter::default());
    let scheduler = entangled(&held, &counter).await;
    let weak = scheduler.downgrade();
    scheduler.start().await.unwrap();
    pass(60).await;
    assert_eq!(counter.all(), 1);
    scheduler.shutdown().await.unwrap();
    assert!(Arc::strong_count(&held) > 1);
    drop(scheduler);
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_a_scheduler_was_given_is_there_when_it_is_started_again() {
    let (held, counter) = (Arc::new(()), Counter::default());
    let scheduler = entangled(&held, &counter).await;
    for times in 1..=2 {
        scheduler.start().await.unwrap();
        pass(60).await;
        assert!(counter.all() >= times);
        scheduler.shutdown().await.unwrap();
        pass(60).await;
    }
    // Any handle may start it again, and keeps it from then on.
    let other = scheduler.clone();
    other.start().await.unwrap();
    drop(scheduler);
    pass(60).await;
    assert!(counter.all() > 2);
    other.shutdown().await.unwrap();
    drop(other);
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_is_left_over_says_that_the_rest_is_gone() {
    let (held, counter) = (Arc::new(()), Counter::default());
    let scheduler = entangled(&held, &counter).await;
    scheduler.start().await.unwrap();
    let left = scheduler.clone();
    scheduler.shutdown().await.unwrap();
    drop(scheduler);
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
    let error = left.start().await.unwrap_err();
    assert!(error.is_not_running());
    assert!(error.to_string().contains("build another"), "{error}");
    assert!(left.add_listener(EventMask::ALL, |_| {}).is_err());
    // The store is still there.
    assert_eq!(left.get_jobs().await.unwrap().len(), 2);
}

#[test]
fn a_runtime_that_ends_takes_everything_with_it() {
    let (held, counter) = (Arc::new(()), Counter::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let scheduler = runtime.block_on(async {
        let scheduler = entangled(&held, &counter).await;
        scheduler.start().await.unwrap();
        pass(60).await;
        scheduler
    });
    let weak = scheduler.downgrade();
    drop(runtime);
    assert!(!scheduler.is_running());
    drop(scheduler);
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_never_started_goes_with_its_last_handle() {
    let held = Arc::new(());
    let scheduler = Scheduler::builder()
        .state(Arc::clone(&held))
        .build()
        .unwrap();
    let also = Arc::clone(&held);
    let closure = move || {
        let _ = &also;
        async {}
    };
    scheduler.add_job(closure, every(60)).await.unwrap();
    let also = Arc::clone(&held);
    let listener = move |_| {
        let _ = &also;
    };
    scheduler.add_listener(EventMask::ALL, listener).unwrap();
    let other = scheduler.clone();
    drop(scheduler);
    assert!(Arc::strong_count(&held) > 1);
    drop(other);
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_background_scheduler_that_is_dropped_is_over_and_lets_go() {
    // The channel is closed when the state is dropped.
    let (held, over) = std::sync::mpsc::channel::<()>();
    let scheduler = Scheduler::builder().state(held).build().unwrap();
    let background = scheduler.clone().background().unwrap();
    assert!(scheduler.is_running());
    let weak = scheduler.downgrade();
    drop(scheduler);
    assert!(weak.upgrade().unwrap().is_running());
    drop(background);
    assert!(
        over.recv_timeout(seconds(60))
            .is_err_and(|error| { error == std::sync::mpsc::RecvTimeoutError::Disconnected })
    );
}

/// Handles of jobs hold the scheduler, so a program may keep nothing else.
#[tokio::test(start_paused = true)]
async fn the_handle_of_a_job_is_enough_to_use_it() {
    let scheduler = Scheduler::new();
    let job = scheduler.add_job(|| async {}, every(60)).id("a").await;
    drop(scheduler);
    let job = job.unwrap();
    job.scheduler().start().await.unwrap();
    job.pause().await.unwrap();
    job.resume().catch_up().await.unwrap();
    assert!(job.next_run_time().await.unwrap().is_some());
    job.run().await.unwrap().wait().await.unwrap();
    job.scheduler().shutdown().await.unwrap();
}

/// State that holds handles of jobs, as an application's often does.
#[tokio::test(start_paused = true)]
async fn handles_of_jobs_in_state_keep_nothing_after_a_shutdown() {
    type Jobs = Arc<OnceLock<punctual_tokio::JobHandle>>;
    let (held, jobs) = (Arc::new(()), Jobs::default());
    let builder = Scheduler::builder().state(Arc::clone(&held));
    let scheduler = builder.state(Arc::clone(&jobs)).build().unwrap();
    let job = scheduler.add_job(|| async {}, every(60)).await.unwrap();
    let inside = job.clone();
    let listener = move |_| {
        let _ = inside.id();
    };
    scheduler.add_listener(EventMask::ALL, listener).unwrap();
    jobs.set(job).unwrap();
    let weak = scheduler.downgrade();
    scheduler.start().await.unwrap();
    scheduler.shutdown().await.unwrap();
    drop((scheduler, jobs));
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(weak.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn handles_of_jobs_keep_nothing_alive() {
    let held = Arc::new(());
    let scheduler = Scheduler::builder()
        .state(Arc::clone(&held))
        .build()
        .unwrap();
    let job = scheduler.add_job(|| async {}, every(60)).await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.shutdown().await.unwrap();
    drop(scheduler);
    pass(1).await;
    assert_eq!(Arc::strong_count(&held), 1);
    // The store is still there.
    assert!(job.get().await.unwrap().is_some());
    assert!(job.run().await.unwrap_err().is_not_running());
}
