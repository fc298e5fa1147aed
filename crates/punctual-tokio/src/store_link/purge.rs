//! Stores that survive the process do not remember for ever.

use std::time::Duration;

use chrono::TimeDelta;
use punctual_store::Retention;
use tokio::time::sleep;

use crate::store_link::worker::Worker;
use crate::stores::retention_policy::RetentionPolicy;

/// How often old entries are looked for.
const EVERY: Duration = Duration::from_secs(60);
/// Entries that go together: a moment's work for a database, and more than a claim adds. So the
/// ledger shrinks though claims take every other turn.
const BATCH: usize = 1_000;
/// Between two batches, so that claims have their turn.
const PAUSE: Duration = Duration::from_millis(5);

impl Worker {
    /// Forgets what is too old, or too much, until the scheduler is gone.
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
        // What is longer than all time is for ever.
        let age = TimeDelta::from_std(retention.age).ok();
        let now = self.shared.clock.now();
        let retention = Retention {
            ended_before: age.and_then(|age| now.checked_sub_signed(age)),
            per_job: Some(retention.per_job),
        };
        while !self.replies.is_closed() {
            match self.store.purge(retention, BATCH).await {
                Ok(gone) if gone >= BATCH as u64 => sleep(PAUSE).await,
                Ok(_) => return,
                // There is time: they go the next time.
                Err(error) => return self.health.fails(&error),
            }
        }
    }
}
