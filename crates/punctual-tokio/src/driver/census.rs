//! Counts the jobs of all stores, for the metrics.

use std::sync::Arc;

use punctual_store::JobFilter;
use tokio::runtime::Handle;

use crate::metrics::{Census, Counts};
use crate::shared::Shared;

/// Counts now, and again whenever jobs change, until the census is dropped.
pub(super) fn take(shared: &Arc<Shared>, runtime: &Handle) -> Census {
    for named in shared.all_stores() {
        named.health.count_errors();
    }
    let counted = Arc::clone(shared);
    shared
        .metrics
        .take_census(move || count(Arc::clone(&counted)), runtime)
}

/// Counts the jobs of all stores. Returns `None` if a store does not answer.
async fn count(shared: Arc<Shared>) -> Option<Counts> {
    let mut counts = Counts::default();
    for named in shared.stores() {
        for stored in named.store.list(JobFilter::default()).await.ok()?.jobs {
            counts.add(shared.snapshot(&named, stored).status());
        }
    }
    Some(counts)
}
