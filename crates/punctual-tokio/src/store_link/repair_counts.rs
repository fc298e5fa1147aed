//! Compares the counts in the rows of jobs with the runs that they count.

use std::time::Duration;

use punctual_store::{Drift, Error, JobStore, RecountRequest};
use tokio::time::sleep;

use crate::store_link::worker::Worker;

/// The number of jobs that one request compares. A database needs a moment for them.
const PAGE: usize = 500;
/// The pause between two requests, so that claims have their turn.
const PAUSE: Duration = Duration::from_millis(20);
/// The rest after all jobs were compared, however many nodes die.
const REST: Duration = Duration::from_secs(60);

/// Compares the counts of all jobs of a store with their open runs, and mends those that are wrong.
pub(crate) async fn recount(store: &dyn JobStore, alias: &str) -> Result<Vec<Drift>, Error> {
    let mut mended = Vec::new();
    let mut after = None;
    loop {
        let limit = PAGE;
        let page = store
            .recount(RecountRequest::new(limit).after(after))
            .await?;
        for drift in &page.mended {
            tracing::warn!(
                store = alias,
                job = %drift.job,
                counted = ?drift.counted,
                open = ?drift.open,
                "the counts of running and queued instances were wrong, and are mended"
            );
        }
        mended.extend(page.mended);
        after = page.next;
        if after.is_none() {
            return Ok(mended);
        }
        sleep(PAUSE).await;
    }
}

impl Worker {
    /// Compares counts whenever the runs of dead nodes were settled, until the scheduler is gone.
    pub(crate) async fn check_counts(self) {
        loop {
            tokio::select! {
                () = self.replies.closed() => return,
                () = self.settled.notified() => {}
            }
            if let Err(error) = recount(&*self.store, &self.alias).await {
                self.health.fails(&error);
            }
            tokio::select! {
                () = self.replies.closed() => return,
                () = sleep(REST) => {}
            }
        }
    }
}
