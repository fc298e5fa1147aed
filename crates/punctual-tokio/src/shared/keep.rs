//! Keeps what a scheduler was given, which is its functions, its state and its listeners.
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
//! When the last keeper is gone, the functions, the state and the listeners are dropped, together
//! with handles in them.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::shared::Shared;
use punctual_store::lock::Mutex;

/// Counts the keepers of what a scheduler was given.
#[derive(Default)]
pub(crate) struct Keepers(Mutex<Count>);

#[derive(Default)]
struct Count {
    keepers: usize,
    /// False before the first start, when every handle may still start the scheduler.
    was_started: bool,
    /// True if what the scheduler was given is gone.
    is_spent: bool,
}

impl Keepers {
    /// Notes that the scheduler is about to run, for the first time or again.
    pub(crate) fn started(&self) {
        self.0.lock().was_started = true;
    }

    /// Returns true if what the scheduler was given is gone.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.lock().is_spent
    }

    /// Counts one keeper less. Returns whether it was the last one that counts.
    fn is_last(&self) -> bool {
        let mut count = self.0.lock();
        count.keepers -= 1;
        let is_last = count.keepers == 0 && count.was_started && !count.is_spent;
        count.is_spent |= is_last;
        is_last
    }
}

/// Keeps what a scheduler was given, until it is dropped.
pub(crate) struct Keeper(Arc<Shared>);

impl Keeper {
    /// Returns a keeper. Returns `None` if what the scheduler was given is gone already.
    pub(crate) fn of(shared: &Arc<Shared>) -> Option<Self> {
        let mut count = shared.keepers.0.lock();
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
