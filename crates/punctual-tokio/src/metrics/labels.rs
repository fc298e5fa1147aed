//! Outcomes as labels. They are a closed list, so that every counter is looked up once, when the
//! scheduler is first started.

use punctual_core::{CancelReason, MissReason, Outcome, SkipReason};

/// The reason of an outcome that has none, since every counter of a name has the same labels.
const NONE: &str = "none";

/// Returns the words that the JSON of outcomes has too.
pub(super) fn labels(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Succeeded => ("succeeded", NONE),
        Outcome::Failed => ("failed", NONE),
        Outcome::Panicked => ("panicked", NONE),
        Outcome::TimedOut => ("timed_out", NONE),
        Outcome::Cancelled(CancelReason::User) => ("cancelled", "user"),
        Outcome::Cancelled(CancelReason::Shutdown) => ("cancelled", "shutdown"),
        Outcome::Cancelled(CancelReason::Replaced) => ("cancelled", "replaced"),
        Outcome::Missed(MissReason::Grace) => ("missed", "grace"),
        Outcome::Missed(MissReason::Paused) => ("missed", "paused"),
        Outcome::Missed(MissReason::Parked) => ("missed", "parked"),
        Outcome::Missed(MissReason::Down) => ("missed", "down"),
        Outcome::Skipped(SkipReason::MaxInstances) => ("skipped", "max_instances"),
        Outcome::Skipped(SkipReason::QueueFull) => ("skipped", "queue_full"),
        Outcome::Skipped(SkipReason::NoExecutor) => ("skipped", "no_executor"),
        Outcome::Skipped(SkipReason::NoTask) => ("skipped", "no_task"),
        Outcome::Skipped(SkipReason::Edited) => ("skipped", "edited"),
        Outcome::Skipped(SkipReason::ClockSet) => ("skipped", "clock_set"),
        Outcome::Skipped(SkipReason::RolledBack) => ("skipped", "rolled_back"),
        Outcome::Missed(MissReason::Past) => ("missed", "past"),
        Outcome::Coalesced => ("coalesced", NONE),
        Outcome::Lost => ("lost", NONE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_words() {
        let mut words = std::collections::HashSet::new();
        for outcome in Outcome::ALL {
            assert!(words.insert(labels(outcome)), "{outcome}");
            let json = serde_json::to_string(&outcome).unwrap();
            let (name, reason) = labels(outcome);
            assert!(json.contains(name), "{json}");
            assert!(reason == NONE || json.contains(reason), "{json}");
        }
    }
}
