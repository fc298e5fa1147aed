//! The reports of attempts that began or ended, for the scheduler task.

use punctual_machine::{ActiveKey, AttemptEnd};
use punctual_store::lock::Mutex;
use tokio::sync::Notify;

/// A report of an attempt.
#[derive(Debug)]
pub(crate) enum Told {
    /// The body begins now, after the scheduler task has waited for that.
    Begun(ActiveKey),
    Ended(AttemptEnd),
}

/// Reports of attempts on their way to the scheduler task. There are at most two for each active
/// run, so the table of active runs bounds them. Attempts that end together share one list and one
/// wake-up.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    list: Mutex<Vec<Told>>,
    filled: Notify,
}

impl Reports {
    pub(crate) fn push(&self, told: Told) {
        let mut list = self.list.lock();
        let was_empty = list.is_empty();
        list.push(told);
        drop(list);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Waits until there are reports to take.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. Nothing is lost if the future is dropped.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes all reports in exchange for an empty list, whose allocation is used again.
    pub(crate) fn take(&self, into: &mut Vec<Told>) {
        let mut list = self.list.lock();
        std::mem::swap(&mut *list, into);
    }
}
