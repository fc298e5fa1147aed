//! The admission of runs, by `max_instances` and the overlap policy.

use chrono::{DateTime, Utc};

use super::{JobView, Plan};
use crate::{Count, FireRange, Overlap, SkipReason};

/// Admits the fire times that the grace time and coalescing left. Together they are one instance.
pub(super) fn admit(job: &JobView<'_>, runs: Vec<DateTime<Utc>>, plan: &mut Plan) {
    let limit = job.policies.max_instances;
    if job.queued == 0 && limit.admits(job.running) {
        plan.start = runs;
        return;
    }
    match job.policies.overlap {
        // Without a queue, waiting runs do not hold up a new one.
        Overlap::Skip | Overlap::CancelRunning if limit.admits(job.running) => plan.start = runs,
        Overlap::Skip => plan.skipped = Some((span(&runs), SkipReason::MaxInstances)),
        Overlap::Queue { at_most } if job.queued < at_most => plan.queue = runs,
        Overlap::Queue { .. } => plan.skipped = Some((span(&runs), SkipReason::QueueFull)),
        // The store asks older runs to end, which makes room.
        Overlap::CancelRunning => plan.queue = runs,
    }
}

fn span(runs: &[DateTime<Utc>]) -> FireRange {
    FireRange {
        first: runs[0],
        last: runs[runs.len() - 1],
        count: Count::Exact(runs.len() as u64),
    }
}
