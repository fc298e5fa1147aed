//! The connection of one process to the database, and everything that can be wrong with it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use punctual_store::Error;

use super::dice::Dice;

/// Shared by a process and the simulation.
#[derive(Debug, Clone)]
pub(crate) struct Line(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    dice: Dice,
    condition: Condition,
}

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Good,
    /// Each call takes up to three seconds.
    Slow,
    /// Of some calls nobody learns what became of them.
    Flaky,
    /// Nothing gets through; every call fails at once.
    Refused,
    /// Nothing gets through; calls fail after some seconds.
    Silent,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// Done, but the answer is lost.
    Unheard,
    /// Not done.
    Failed,
}

impl Line {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            dice: Dice::new(seed),
            condition: Condition::Good,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn condition(&self) -> Condition {
        self.state().condition
    }

    pub(crate) fn set(&self, condition: Condition) {
        self.state().condition = condition;
    }

    /// One way of a call.
    pub(crate) async fn travel(&self) {
        let span = {
            let mut state = self.state();
            let longest = match state.condition {
                Condition::Good | Condition::Flaky => 3,
                Condition::Slow => 1_500,
                Condition::Refused => 0,
                Condition::Silent => 5_000,
            };
            state.dice.range(0, longest)
        };
        // Half of the calls are answered without a wait at all, as those of a cache are.
        if span > 1 {
            tokio::time::sleep(Duration::from_millis(span)).await;
        }
    }

    pub(crate) fn fate(&self) -> Fate {
        let mut state = self.state();
        let luck = state.dice.range(0, 99);
        match state.condition {
            Condition::Good | Condition::Slow => Fate::Done,
            Condition::Flaky if luck < 15 => Fate::Unheard,
            Condition::Flaky if luck < 30 => Fate::Failed,
            Condition::Flaky => Fate::Done,
            // The connection broke while the call was on its way.
            Condition::Refused | Condition::Silent if luck < 5 => Fate::Unheard,
            Condition::Refused | Condition::Silent => Fate::Failed,
        }
    }

    pub(crate) fn wait(&self, most: u64) -> Duration {
        Duration::from_millis(self.state().dice.range(0, most))
    }
}

impl Condition {
    /// Whether a node can do its work over such a line.
    pub(crate) fn works(self) -> bool {
        matches!(self, Self::Good | Self::Slow | Self::Flaky)
    }
}

pub(crate) fn unavailable() -> Error {
    Error::unavailable("the cable is out")
}
