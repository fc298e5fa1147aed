//! Counts the jobs of each state. Stores hold the jobs, so the census reads them. It does so only
//! after changes, and never often enough to become noticeable.

use std::sync::Arc;
use std::time::Duration;

use metrics::Gauge;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::job::snapshot::JobStatus;

/// The states, and their words as labels.
pub(super) const STATES: [(JobStatus, &str); 5] = [
    (JobStatus::Scheduled, "scheduled"),
    (JobStatus::Paused, "paused"),
    (JobStatus::Parked, "parked"),
    (JobStatus::Stuck, "stuck"),
    (JobStatus::Finished, "finished"),
];

/// The shortest time between two counts.
const REST: Duration = Duration::from_secs(5);
/// The shortest time between two counts, as a multiple of the time that the last count took.
/// Counting costs at most a twentieth of a core.
const REST_FACTOR: u32 = 20;

/// The number of jobs of each state.
#[derive(Default)]
pub(crate) struct Counts([u64; STATES.len()]);

impl Counts {
    pub(crate) fn add(&mut self, status: JobStatus) {
        let at = STATES.iter().position(|(state, _)| *state == status);
        if let Some(count) = at.and_then(|at| self.0.get_mut(at)) {
            *count += 1;
        }
    }
}

/// Counts at first, and again after each change. If a store does not answer, the last figures stay.
pub(super) async fn run<F: Future<Output = Option<Counts>>>(
    count: impl Fn() -> F,
    gauges: [Gauge; STATES.len()],
    changed: Arc<Notify>,
) {
    loop {
        let began = Instant::now();
        if let Some(counts) = count().await {
            for (gauge, count) in gauges.iter().zip(counts.0) {
                gauge.set(count as f64);
            }
        }
        let rest = began.elapsed().saturating_mul(REST_FACTOR);
        tokio::time::sleep(rest.max(REST)).await;
        changed.notified().await;
    }
}
