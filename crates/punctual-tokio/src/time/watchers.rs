//! The alarms that are woken when a clock was set.

use std::sync::{Arc, Weak};

use punctual_store::lock::Mutex;
use tokio::sync::Notify;

/// The alarms that a clock rings when it was set or moved. An alarm that its owner has dropped is
/// forgotten.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<Vec<Weak<Notify>>>);

impl Watchers {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn add(&self, alarm: &Arc<Notify>) {
        let mut all = self.0.lock();
        all.retain(|watcher| watcher.strong_count() > 0);
        all.push(Arc::downgrade(alarm));
    }

    pub(crate) fn wake(&self) {
        for watcher in self.0.lock().iter().filter_map(Weak::upgrade) {
            watcher.notify_one();
        }
    }
}
