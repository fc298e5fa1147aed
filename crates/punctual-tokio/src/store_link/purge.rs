//! Forgets old runs in stores that survive the process.

use std::time::Duration;

use chrono::TimeDelta;
use punctual_store::Retention;
use tokio::time::sleep;

use crate::store_link::worker::Worker;
use crate::stores::retention_policy::RetentionPolicy;

/// The time between two looks for old entries.
const EVERY: Duration = Duration::from_secs(60);
/// The number of entries that go together. A database needs a moment for them, and they are more
/// than a claim adds, so the ledger shrinks though claims take every other turn.
const BATCH: usize = 1_000;
/// The pause between two batches, so that claims have their turn.
const PAUSE: Duration = Duration::from_millis(5);

impl Worker {
    /// Forgets entries that are too old, or too many, until the scheduler is gone.
    pub(crate) async fn forget(self, retention: RetentionPolicy) {
        if !self.store.capabilities().persistent {
            return;
        }
        loop {
            tokio::select! {
                () = self.replies.closed() => return,
                () = sleep(EVERY) => self.forget_now(retention).await,
            }
        }
    }

    async fn forget_now(&self, retention: RetentionPolicy) {
        // An age that is longer than all time means for ever.
        let age = TimeDelta::from_std(retention.age).ok();
        let now = self.shared.clock.now();
        let retention = Retention::default()
            .ended_before(age.and_then(|age| now.checked_sub_signed(age)))
            .per_job(Some(retention.per_job));
        while !self.replies.is_closed() {
            match self.store.purge(retention, BATCH).await {
                Ok(gone) if gone >= BATCH as u64 => sleep(PAUSE).await,
                Ok(_) => return,
                // The entries are not urgent, and the next look takes them.
                Err(error) => return self.health.fails(&error),
            }
        }
    }
}
