//! Hints for callers who add a job that may not do what they mean. Each hint is given once.

use std::collections::HashSet;

use punctual_core::Job;
use punctual_store::lock::Mutex;

/// The number of hints that are remembered, so that each is given once. When the memory is full,
/// further hints are left out.
const MOST: usize = 1_000;

/// The hints that were given already.
#[derive(Default)]
pub(crate) struct Hints(Mutex<HashSet<String>>);

impl Hints {
    /// Returns `true` if the hint comes for the first time.
    pub(crate) fn is_new(&self, what: String) -> bool {
        let mut said = self.0.lock();
        said.len() < MOST && said.insert(what)
    }

    /// Warns of a trigger or a policy that may have another meaning than it seems to.
    pub(crate) fn of_meaning(&self, job: &Job) {
        for warning in job.warnings() {
            let (id, text) = (job.id(), warning.to_string());
            if self.is_new(format!("{}: {text}", job.trigger())) {
                tracing::warn!(job = %id, "{text}");
            }
        }
    }
}
