//! Who keeps what a scheduler was given: its functions, its state and its listeners.
//!
//! These may hold a handle themselves, and a handle that kept them would keep itself. So not every
//! handle counts:
//!
//! ```text
//! before the first start   all handles keep them
//! while it runs            the scheduler task keeps them
//! afterwards               the handle that `build` gave, and those that have started it, stopped it
//!                          or waited for its end
//! ```
//!
//! When the last of them is gone, what was given is dropped, and a handle in it with it.

use std::sync::{Arc, MutexGuard};

use crate::error::{Error, ErrorKind};
use crate::shared::Shared;
use punctual_store::lock::Mutex;

/// How many keep what a scheduler was given.
#[derive(Default)]
pub(crate) struct Keepers(Mutex<Count>);

#[derive(Default)]
struct Count {
    keepers: usize,
    /// Before that, every handle may still start it.
    was_started: bool,
    /// What was given is gone.
    is_spent: bool,
}

impl Keepers {
    /// The scheduler is about to run for the first time, or again.
    pub(crate) fn started(&self) {
        self.count().was_started = true;
    }

    /// Whether what was given is gone.
    pub(crate) fn is_spent(&self) -> bool {
        self.count().is_spent
    }

    /// One keeper less. Answers whether that was the last that counts.
    fn is_last(&self) -> bool {
        let mut count = self.count();
        count.keepers -= 1;
        let is_last = count.keepers == 0 && count.was_started && !count.is_spent;
        count.is_spent |= is_last;
        is_last
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.0.lock()
    }
}

/// One that keeps what a scheduler was given.
pub(crate) struct Keeper(Arc<Shared>);

impl Keeper {
    /// Nothing if it is gone already.
    pub(crate) fn of(shared: &Arc<Shared>) -> Option<Self> {
        let mut count = shared.keepers.count();
        if count.is_spent {
            return None;
        }
        count.keepers += 1;
        drop(count);
        Some(Self(Arc::clone(shared)))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if self.0.keepers.is_last() {
            self.0.let_go();
        }
    }
}

pub(crate) fn spent() -> Error {
    let message = "the scheduler was shut down, and the handles that could start it again are gone, with its functions and its state: keep the handle that `build` gave, or one that has started it, or build another scheduler";
    Error::of(ErrorKind::NotRunning, message)
}
