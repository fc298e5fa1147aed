//! How many jobs there are of each state. Stores hold them, so they are read; only after changes,
//! and never so often that reading becomes noticeable.

use std::sync::Arc;
use std::time::Duration;

use metrics::Gauge;
use punctual_store::JobFilter;
use tokio::sync::Notify;

use crate::core::Core;
use crate::scheduler::{JobSnapshot, JobStatus};

/// The states, and their words as labels.
pub(super) const STATES: [(JobStatus, &str); 5] = [
    (JobStatus::Scheduled, "scheduled"),
    (JobStatus::Paused, "paused"),
    (JobStatus::Parked, "parked"),
    (JobStatus::Stuck, "stuck"),
    (JobStatus::Finished, "finished"),
];

/// Between two counts pass at least so much time,
const REST: Duration = Duration::from_secs(5);
/// and so many times what the last one took: counting costs at most a twentieth of a core.
const REST_FACTOR: u32 = 20;

type Counts = [u64; STATES.len()];

pub(super) async fn run(core: Arc<Core>, gauges: [Gauge; STATES.len()], changed: Arc<Notify>) {
    loop {
        let began = core.clock.micros();
        // A store that does not answer leaves the last figures standing.
        if let Ok(counts) = count(&core).await {
            for (gauge, count) in gauges.iter().zip(counts) {
                gauge.set(count as f64);
            }
        }
        let took = u64::try_from(core.clock.micros() - began).unwrap_or(0);
        let rest = Duration::from_micros(took).saturating_mul(REST_FACTOR);
        tokio::time::sleep(rest.max(REST)).await;
        changed.notified().await;
    }
}

async fn count(core: &Core) -> Result<Counts, punctual_store::Error> {
    let mut counts = Counts::default();
    for named in core.stores() {
        for stored in named.store.list(JobFilter::default()).await?.jobs {
            let status = JobSnapshot::new(core, &named, stored).status();
            let at = STATES.iter().position(|(state, _)| *state == status);
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
    }
    Ok(counts)
}
