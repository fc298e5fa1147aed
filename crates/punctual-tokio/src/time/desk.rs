//! What a clock that is moved step by step and the task of a scheduler tell each other.

use std::sync::{Arc, MutexGuard};

use punctual_store::lock::Mutex;
use tokio::sync::Notify;

/// What the clock wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether anything goes on.
    IsQuiet,
    /// The same, once the stores were read, since an edit may not have been told yet.
    IsQuietToEdits,
    /// The same, once all was read that is due at any time. What waits of a node that is gone is known
    /// to no other until it is due, and the clock is to stop for it.
    IsQuietToAll,
    /// What goes on. Those runs are not waited for any more that end by the scheduler's own clock.
    WhatLasts,
}

/// What the clock asks of a scheduler.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ask {
    /// The later question has the greater number.
    pub(crate) number: u64,
    /// Whether the stores are to be read first, since an edit may not have been told yet.
    pub(crate) reads_stores: bool,
    /// Whether they are to be read without a limit of time.
    pub(crate) reads_all: bool,
    /// Whether what is not over is to be named. Those runs are not waited for any more that end by the
    /// scheduler's own clock.
    pub(crate) names: bool,
}

/// Where a scheduler stands.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The last question that it knew of.
    pub(crate) asked: u64,
    /// Whether nothing goes on but what waits for the clock.
    pub(crate) is_quiet: bool,
    /// When it wants to be woken, in microseconds.
    pub(crate) next: Option<i64>,
    /// Counts what has ended or was answered.
    pub(crate) progress: u64,
}

/// Something that the clock waits for.
#[derive(Debug, Clone)]
pub(crate) struct Unfinished {
    /// What it is, in words.
    pub(crate) what: String,
    /// Whether the scheduler's clock ends it.
    pub(crate) ends_by_clock: bool,
}

#[derive(Debug, Default)]
struct State {
    ask: Ask,
    standing: Standing,
    /// What was not over when that was last asked.
    unfinished: Vec<Unfinished>,
}

/// Where the two meet. The scheduler's task holds it, and the clock knows of it.
#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// Wakes the scheduler's task.
    asked: Arc<Notify>,
    /// Wakes the clock.
    told: Arc<Notify>,
}

impl Desk {
    /// A scheduler comes in while the clock is at this question.
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

    /// The clock asks. What it has asked before and was not told yet it goes on asking.
    pub(crate) fn ask(&self, number: u64, question: Question) {
        let mut state = self.state();
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
        look(&self.state().standing)
    }

    /// What was not over when that was last asked.
    pub(crate) fn unfinished(&self) -> Vec<Unfinished> {
        self.state().unfinished.clone()
    }

    /// The scheduler takes what it is asked.
    pub(crate) fn take(&self) -> Ask {
        let mut state = self.state();
        let pending = &mut state.ask;
        let ask = *pending;
        *pending = Ask {
            number: ask.number,
            ..Ask::default()
        };
        ask
    }

    /// The scheduler tells where it stands, and once what is not over.
    pub(crate) fn tell(&self, standing: Standing, unfinished: Option<Vec<Unfinished>>) {
        let mut state = self.state();
        state.standing = standing;
        if let Some(unfinished) = unfinished {
            state.unfinished = unfinished;
        }
        drop(state);
        self.told.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// A scheduler that has ended is waited for no longer.
impl Drop for Desk {
    fn drop(&mut self) {
        self.told.notify_one();
    }
}
