//! The place at which a clock that is moved step by step and a driver tell each other how they
//! stand.

use std::sync::Arc;

use punctual_store::lock::Mutex;
use tokio::sync::Notify;

/// A question of the clock to a scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Asks if anything goes on.
    IsQuiet,
    /// Asks the same after a read of the stores, since an edit may not have been told yet.
    IsQuietToEdits,
    /// Asks the same after a read of all jobs, due at any time. A waiting run of a node that is
    /// gone is unknown to other nodes until it is due, and the clock is to stop for it.
    IsQuietToAll,
    /// Asks what goes on. The clock then no longer waits for runs that the scheduler's own clock
    /// ends.
    WhatLasts,
}

/// The questions of the clock that a scheduler has not taken yet.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ask {
    /// The number of the question. A later question has a greater number.
    pub(crate) number: u64,
    /// True if the stores are to be read first, since an edit may not have been told yet.
    pub(crate) reads_stores: bool,
    /// True if the stores are to be read without a limit of time.
    pub(crate) reads_all: bool,
    /// True if the scheduler is to name what is not over. The clock then no longer waits for runs
    /// that the scheduler's own clock ends.
    pub(crate) names: bool,
}

/// The state that a scheduler tells the clock.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The number of the last question that the scheduler knew of.
    pub(crate) asked: u64,
    /// True if everything that goes on waits for the clock.
    pub(crate) is_quiet: bool,
    /// The time at which the scheduler wants to be woken, in microseconds.
    pub(crate) next: Option<i64>,
    /// Counts what has ended or was answered.
    pub(crate) progress: u64,
}

/// Something that the clock waits for.
#[derive(Debug, Clone)]
pub(crate) struct Unfinished {
    /// The name of what goes on, in words.
    pub(crate) what: String,
    /// True if the scheduler's clock ends it.
    pub(crate) ends_by_clock: bool,
}

#[derive(Debug, Default)]
struct State {
    ask: Ask,
    standing: Standing,
    /// The list of what was not over when the clock last asked.
    unfinished: Vec<Unfinished>,
}

/// The place at which the clock and a driver meet. The driver holds it, and the clock knows of it.
#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// Wakes the driver.
    asked: Arc<Notify>,
    /// Wakes the clock.
    told: Arc<Notify>,
}

impl Desk {
    /// Returns a desk for a scheduler that starts while the clock is at this question.
    pub(crate) fn new(number: u64, asked: &Arc<Notify>, told: &Arc<Notify>) -> Self {
        let ask = Ask {
            number,
            ..Ask::default()
        };
        Self {
            state: Mutex::new(State {
                ask,
                ..State::default()
            }),
            asked: Arc::clone(asked),
            told: Arc::clone(told),
        }
    }

    /// Asks a question of the clock. Questions that the clock asked before and that were not
    /// answered stay asked.
    pub(crate) fn ask(&self, number: u64, question: Question) {
        let mut state = self.state.lock();
        let pending = &mut state.ask;
        pending.number = number;
        pending.reads_stores |= question == Question::IsQuietToEdits;
        pending.reads_all |= question == Question::IsQuietToAll;
        pending.names |= question == Question::WhatLasts;
        drop(state);
        self.asked.notify_one();
    }

    /// Looks at what the scheduler has told.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Standing) -> T) -> T {
        look(&self.state.lock().standing)
    }

    /// Returns what was not over when the clock last asked.
    pub(crate) fn unfinished(&self) -> Vec<Unfinished> {
        self.state.lock().unfinished.clone()
    }

    /// Takes the questions for the scheduler.
    pub(crate) fn take(&self) -> Ask {
        let mut state = self.state.lock();
        let pending = &mut state.ask;
        let ask = *pending;
        *pending = Ask {
            number: ask.number,
            ..Ask::default()
        };
        ask
    }

    /// Tells the clock where the scheduler stands, and what is not over if the clock has asked for
    /// that.
    pub(crate) fn tell(&self, standing: Standing, unfinished: Option<Vec<Unfinished>>) {
        let mut state = self.state.lock();
        state.standing = standing;
        if let Some(unfinished) = unfinished {
            state.unfinished = unfinished;
        }
        drop(state);
        self.told.notify_one();
    }
}

/// Lets the clock no longer wait for a scheduler that has ended.
impl Drop for Desk {
    fn drop(&mut self) {
        self.told.notify_one();
    }
}
