//! What was edited lately, and who waits to hear of it.

use std::collections::VecDeque;
use std::task::Waker;

/// Beyond this many edits a reader is told to read the window again.
const KEPT: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Edits {
    counter: u64,
    /// The incarnations that were edited, the newest last.
    recent: VecDeque<u64>,
    waiting: Vec<Waker>,
}

impl Edits {
    pub(super) fn counter(&self) -> u64 {
        self.counter
    }

    /// Notes an edit. The wakers are for the caller to wake, outside its lock.
    pub(super) fn note(&mut self, incarnations: impl IntoIterator<Item = u64>) -> Vec<Waker> {
        for incarnation in incarnations {
            self.counter += 1;
            if self.recent.len() == KEPT {
                self.recent.pop_front();
            }
            self.recent.push_back(incarnation);
        }
        std::mem::take(&mut self.waiting)
    }

    /// The edits after `since`, or `None` if they are not all known any more.
    pub(super) fn since(&self, since: u64) -> Option<impl Iterator<Item = u64>> {
        let new = usize::try_from(self.counter.saturating_sub(since)).ok()?;
        let known = self.recent.len().checked_sub(new)?;
        Some(self.recent.iter().skip(known).copied())
    }

    pub(super) fn wait(&mut self, waker: &Waker) {
        if !self.waiting.iter().any(|other| other.will_wake(waker)) {
            self.waiting.push(waker.clone());
        }
    }
}
