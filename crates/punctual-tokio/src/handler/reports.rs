//! How attempts tell the scheduler task that they began or ended.

use punctual_machine::{ActiveKey, AttemptEnd};
use punctual_store::lock::Mutex;
use tokio::sync::Notify;

/// What an attempt tells.
#[derive(Debug)]
pub(crate) enum Told {
    /// Its body begins now, after the scheduler task has waited for that.
    Begun(ActiveKey),
    Ended(AttemptEnd),
}

/// What attempts tell, on its way to the scheduler task: at most two for each active run, so the
/// table of active runs bounds it. One list and one wake-up for however many end together.
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

    /// Waits until there is something to take.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Takes all reports, in exchange for an empty list whose room is used again.
    pub(crate) fn take(&self, into: &mut Vec<Told>) {
        let mut list = self.list.lock();
        std::mem::swap(&mut *list, into);
    }
}
