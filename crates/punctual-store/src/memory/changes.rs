//! The latest edits, and the tokio tasks that wait for the next one.

use std::collections::VecDeque;
use std::task::Waker;

use punctual_core::{CancelReason, RunId};

/// The number of edits that are kept. A reader that is further behind reads the window again.
const KEPT: usize = 1_024;

/// An edit that other schedulers have to know of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Edit {
    /// The job of this incarnation was edited.
    Job(u64),
    /// A run was asked to end.
    Cancel(RunId, CancelReason),
    /// Another node has registered, so the store is shared from now on.
    Node,
}

#[derive(Debug, Default)]
pub(super) struct Edits {
    counter: u64,
    /// The newest edit is the last one.
    recent: VecDeque<Edit>,
    waiting: Vec<Waker>,
}

impl Edits {
    pub(super) fn counter(&self) -> u64 {
        self.counter
    }

    /// Notes edits of jobs. The caller wakes the returned wakers after it has released its lock.
    pub(super) fn note(&mut self, incarnations: impl IntoIterator<Item = u64>) -> Vec<Waker> {
        for incarnation in incarnations {
            self.push(Edit::Job(incarnation));
        }
        std::mem::take(&mut self.waiting)
    }

    /// Notes one edit of any kind, as [`note`](Self::note) does for jobs.
    pub(super) fn note_one(&mut self, edit: Edit) -> Vec<Waker> {
        self.push(edit);
        std::mem::take(&mut self.waiting)
    }

    fn push(&mut self, edit: Edit) {
        self.counter += 1;
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(edit);
    }

    /// Returns the edits after `since`, or `None` if some of them are no longer kept.
    pub(super) fn since(&self, since: u64) -> Option<impl Iterator<Item = Edit>> {
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
