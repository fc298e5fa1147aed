//! Simulated time, and what is true of runs while they are under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_store::checker::{Ending, Execution};
use punctual_tokio::ManualClock;
use tokio::sync::oneshot;

/// Shared by the test and the jobs.
#[derive(Clone)]
pub(super) struct World {
    pub(super) clock: ManualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    seed: u64,
    /// What the clock showed first.
    start: DateTime<Utc>,
    /// Time that has passed, however the clock was set.
    elapsed: Duration,
    /// The latest that the clock ever showed.
    high: Option<DateTime<Utc>>,
    /// Who waits until when.
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    slept: u64,
    /// What was written down last.
    stamped: DateTime<Utc>,
    executions: Vec<Execution>,
    faults: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64, now: DateTime<Utc>) -> Self {
        let state = State {
            seed,
            start: now,
            high: Some(now),
            ..State::default()
        };
        Self {
            clock: ManualClock::at(now),
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A body may panic on purpose, but never while it holds this.
        self.state.lock().unwrap()
    }

    pub(super) fn seed(&self) -> u64 {
        self.state().seed
    }

    /// The latest that the clock ever showed.
    pub(super) fn latest(&self) -> DateTime<Utc> {
        self.state().high.unwrap_or_default()
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    /// Lets time pass at a stretch: nothing runs before it is over.
    pub(super) fn pass(&self, span: Duration) {
        self.clock.advance(span);
        let mut state = self.state();
        state.elapsed += span;
        state.high = state.high.max(Some(self.clock.now()));
        let now = state.elapsed;
        let later = state.sleepers.split_off(&(now, u64::MAX));
        let awake = std::mem::replace(&mut state.sleepers, later);
        drop(state);
        for sleeper in awake.into_values() {
            // It may have been aborted.
            let _ = sleeper.send(());
        }
    }

    /// When the next run wants to go on, from now.
    pub(super) fn next_sleeper(&self) -> Option<Duration> {
        let state = self.state();
        let (until, _) = state.sleepers.keys().next()?;
        Some(until.saturating_sub(state.elapsed))
    }

    /// Sets the clock; no time passes.
    pub(super) fn jump(&self, by: TimeDelta) {
        self.clock.set(self.clock.now() + by);
        let mut state = self.state();
        state.high = state.high.max(Some(self.clock.now()));
    }

    /// Waits until simulated time has passed.
    pub(super) async fn sleep(&self, span: Duration) {
        let (awake, waiting) = oneshot::channel();
        {
            let mut state = self.state();
            state.slept += 1;
            let until = (state.elapsed + span, state.slept);
            state.sleepers.insert(until, awake);
        }
        // The world outlives its runs.
        waiting.await.unwrap();
    }

    /// Notes that an attempt begins, and whether it is early.
    pub(super) fn enter(&self, execution: Execution) -> UnderWay {
        let mut state = self.state();
        let Execution {
            run,
            job,
            fire_time,
            ..
        } = &execution;
        if state.high < Some(*fire_time) {
            let fault = format!("run {run} of {job} is early: {fire_time}");
            state.faults.push(fault);
        }
        let began = state.stamp();
        state.executions.push(Execution { began, ..execution });
        UnderWay {
            world: self.clone(),
            index: state.executions.len() - 1,
        }
    }

    pub(super) fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    /// Attempts whose code was entered.
    pub(super) fn executions(&self) -> Vec<Execution> {
        self.state().executions.clone()
    }
}

impl State {
    /// A time that was never given before, by what has passed and not by what the clock shows.
    fn stamp(&mut self) -> DateTime<Utc> {
        let next = self.stamped + TimeDelta::microseconds(1);
        self.stamped = next.max(self.start + self.elapsed);
        self.stamped
    }
}

/// Held by an attempt as long as it is under way, however it ends.
pub(super) struct UnderWay {
    world: World,
    index: usize,
}

impl UnderWay {
    /// The token of the attempt is cancelled.
    pub(super) fn told(&self) {
        let mut state = self.world.state();
        let now = state.stamp();
        state.executions[self.index].told = Some(now);
    }

    pub(super) fn returned(&self, ending: Ending) {
        self.world.state().executions[self.index].ending = ending;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.world.state();
        let now = state.stamp();
        let execution = &mut state.executions[self.index];
        execution.ended = Some(now);
        if execution.ending == Ending::Unknown {
            execution.ending = if std::thread::panicking() {
                Ending::Panicked
            } else {
                Ending::Dropped
            };
        }
    }
}
