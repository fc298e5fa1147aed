//! Stopped, running, paused: what each call answers and makes of it.

use punctual_tokio::{ErrorKind, Scheduler};

use crate::case::{Case, different, same};
use crate::fixture::{Fixture, every, nothing, paused};

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Stopped,
    Running,
    Paused,
}

async fn in_state(state: State) -> Fixture {
    let fixture = Fixture::new();
    match state {
        State::Stopped => {}
        State::Running => fixture.scheduler.start().await.unwrap(),
        State::Paused => fixture.scheduler.start().paused().await.unwrap(),
    }
    fixture.heard().await;
    fixture.forget();
    fixture
}

/// In which state the scheduler is: a job that is due runs, or does not.
async fn state_of(fixture: &Fixture) -> State {
    if !fixture.scheduler.is_running() {
        return State::Stopped;
    }
    let probe = fixture.scheduler.add_job(nothing, every(1)).id("probe");
    probe.await.unwrap();
    fixture.jump(1).await;
    if fixture.runs("probe").await.is_empty() {
        State::Paused
    } else {
        State::Running
    }
}

/// What a call answers in a state, the state after it, and the events of it.
async fn call(
    state: State,
    call: impl AsyncFnOnce(&Scheduler) -> Result<(), ErrorKind>,
) -> (Result<(), ErrorKind>, Vec<&'static str>, State) {
    let fixture = in_state(state).await;
    let answer = call(&fixture.scheduler).await;
    let events = fixture.heard().await;
    (answer, events, state_of(&fixture).await)
}

async fn start(scheduler: &Scheduler) -> Result<(), ErrorKind> {
    scheduler.start().await.map_err(|error| error.kind())
}

async fn pause(scheduler: &Scheduler) -> Result<(), ErrorKind> {
    scheduler.pause().await.map_err(|error| error.kind())
}

async fn resume(scheduler: &Scheduler) -> Result<(), ErrorKind> {
    scheduler.resume().await.map_err(|error| error.kind())
}

async fn shutdown(scheduler: &Scheduler) -> Result<(), ErrorKind> {
    scheduler
        .shutdown()
        .await
        .map(drop)
        .map_err(|error| error.kind())
}

macro_rules! row {
    ($call:ident in $state:ident: $answer:pat, $events:pat => $after:ident) => {
        paused(async {
            let (answer, events, after) = call(State::$state, $call).await;
            assert!(matches!(answer, $answer), "{answer:?}");
            assert!(matches!(events[..], $events), "{events:?}");
            assert_eq!(after, State::$after);
        })
    };
}

pub(crate) const CASES: &[Case] = &[
    same("start while stopped", || {
        row!(start in Stopped: Ok(()), [.., "SCHEDULER_STARTED"] => Running);
    }),
    same("start while running", || {
        row!(start in Running: Err(ErrorKind::AlreadyRunning), [] => Running);
    }),
    same("start while paused", || {
        row!(start in Paused: Err(ErrorKind::AlreadyRunning), [] => Paused);
    }),
    same("pause while stopped", || {
        row!(pause in Stopped: Err(ErrorKind::NotRunning), [] => Stopped);
    }),
    same("pause while running", || {
        row!(pause in Running: Ok(()), ["SCHEDULER_PAUSED"] => Paused);
    }),
    same(
        "pause while paused",
        || row!(pause in Paused: Ok(()), [] => Paused),
    ),
    same("resume while stopped", || {
        row!(resume in Stopped: Err(ErrorKind::NotRunning), [] => Stopped);
    }),
    same(
        "resume while running",
        || row!(resume in Running: Ok(()), [] => Running),
    ),
    same("resume while paused", || {
        row!(resume in Paused: Ok(()), ["SCHEDULER_RESUMED"] => Running);
    }),
    different(
        "shutdown while stopped",
        "stopping what is stopped is no error: shutdown paths meet, and the second must not fail",
        || row!(shutdown in Stopped: Ok(()), [] => Stopped),
    ),
    same("shutdown while running", || {
        row!(shutdown in Running: Ok(()), ["SCHEDULER_SHUTDOWN"] => Stopped);
    }),
    same("shutdown while paused", || {
        row!(shutdown in Paused: Ok(()), ["SCHEDULER_SHUTDOWN"] => Stopped);
    }),
    different(
        "start after shutdown",
        "a scheduler can be started again with all its executors; upstream's pools refuse every run then",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                fixture.scheduler.shutdown().await.unwrap();
                fixture.scheduler.start().await.unwrap();
                assert_eq!(state_of(&fixture).await, State::Running);
            });
        },
    ),
    different(
        "start with a job whose id is taken",
        "an id is checked when a job is added, so no start can fail half-way for it",
        || {
            paused(async {
                let fixture = Fixture::new();
                fixture
                    .scheduler
                    .add_job(nothing, every(1))
                    .id("a")
                    .await
                    .unwrap();
                let again = fixture.scheduler.add_job(nothing, every(1)).id("a");
                assert!(again.await.unwrap_err().is_conflict());
                fixture.scheduler.start().await.unwrap();
            });
        },
    ),
    different(
        "shutdown from inside a job",
        "a job may stop its scheduler; its own run is one of those that are given time to end",
        || {
            paused(async {
                let fixture = Fixture::started().await;
                let body = |context: punctual_tokio::JobContext| async move {
                    let scheduler = context.scheduler().map_err(|_| "gone")?;
                    tokio::spawn(async move { scheduler.shutdown().await });
                    Ok::<(), &str>(())
                };
                fixture
                    .scheduler
                    .add_job(body, every(1))
                    .id("a")
                    .await
                    .unwrap();
                fixture.jump(1).await;
                assert_eq!(
                    fixture.scheduler.statistics("a").await.unwrap().succeeded,
                    1
                );
                assert!(!fixture.scheduler.is_running());
            });
        },
    ),
];
