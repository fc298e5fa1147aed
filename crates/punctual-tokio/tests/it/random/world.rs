//! Simulated time, and what is true of runs while they are under way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::RunId;
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
    /// Time that has passed, however the clock was set.
    elapsed: Duration,
    /// The latest that the clock ever showed.
    high: Option<DateTime<Utc>>,
    /// Who waits until when.
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    slept: u64,
    /// How many runs of a job may be under way, and how many are.
    limits: HashMap<String, Option<u32>>,
    under_way: HashMap<String, u32>,
    most: u32,
    /// Attempts that have begun.
    begun: BTreeSet<(RunId, u32)>,
    faults: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64, now: DateTime<Utc>) -> Self {
        let state = State {
            seed,
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

    pub(super) fn set_limit(&self, job: &str, limit: Option<u32>) {
        self.state().limits.insert(job.to_owned(), limit);
    }

    /// Notes that an attempt begins, and everything that is wrong about it.
    pub(super) fn enter(
        &self,
        job: &str,
        run: RunId,
        attempt: u32,
        fire_time: DateTime<Utc>,
    ) -> UnderWay {
        let mut state = self.state();
        if state.high < Some(fire_time) {
            state
                .faults
                .push(format!("run {run} of {job} is early: {fire_time}"));
        }
        if !state.begun.insert((run, attempt)) {
            state.faults.push(format!(
                "attempt {attempt} of run {run} of {job} began twice"
            ));
        }
        let now = state.under_way.entry(job.to_owned()).or_default();
        *now += 1;
        let now = *now;
        state.most = state.most.max(now);
        if let Some(Some(limit)) = state.limits.get(job).copied()
            && now > limit
        {
            state
                .faults
                .push(format!("{now} runs of {job} at once, {limit} allowed"));
        }
        drop(state);
        UnderWay {
            world: self.clone(),
            job: job.to_owned(),
        }
    }

    pub(super) fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    /// Runs whose code was entered.
    pub(super) fn begun(&self) -> BTreeSet<RunId> {
        self.state().begun.iter().map(|(run, _)| *run).collect()
    }

    pub(super) fn most(&self) -> u32 {
        self.state().most
    }
}

/// Held by an attempt as long as it is under way, however it ends.
pub(super) struct UnderWay {
    world: World,
    job: String,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(now) = self.world.state().under_way.get_mut(&self.job) {
            *now -= 1;
        }
    }
}
