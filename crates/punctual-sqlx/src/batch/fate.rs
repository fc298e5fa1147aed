//! What becomes of the runs of a dead node.

use std::sync::Arc;

use punctual_core::OnLost;
use punctual_store::StoredJob;

use super::OpenRow;

/// What becomes of an instance of a dead node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost,
    Rerun,
    /// For a node that knows the task.
    Waits,
}

impl Fate {
    /// Decides about the runs of one instance, which share their fate.
    pub(crate) fn of(instance: &[OpenRow], job: Option<&StoredJob>, tasks: &[Arc<str>]) -> Self {
        let Some(job) = job else {
            return Self::Lost;
        };
        let OnLost::Rerun { at_most } = job.job.policies().on_lost else {
            return Self::Lost;
        };
        let is_over = |run: &OpenRow| run.is_unwanted || run.reruns >= at_most;
        if instance.iter().any(is_over) {
            return Self::Lost;
        }
        if tasks.iter().any(|task| **task == **job.job.task()) {
            Self::Rerun
        } else {
            Self::Waits
        }
    }
}

/// Open runs in the order of their numbers, as they belong together.
pub(crate) fn instances(runs: &[OpenRow]) -> impl Iterator<Item = &[OpenRow]> {
    runs.chunk_by(|run, _| !run.ends_instance)
}
