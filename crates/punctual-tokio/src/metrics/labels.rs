//! Outcomes as labels. They are a closed list, so that every counter is looked up once, when the
//! scheduler is first started.

use punctual_core::{CancelReason, MissReason, Outcome, SkipReason};

/// The reason of an outcome that has none, since every counter of a name has the same labels.
const NONE: &str = "none";

/// The number of counters.
pub(super) const OUTCOMES: usize = 21;

/// All outcomes, each at its [`index`].
pub(super) const ALL: [Outcome; OUTCOMES] = [
    Outcome::Succeeded,
    Outcome::Failed,
    Outcome::Panicked,
    Outcome::TimedOut,
    Outcome::Cancelled(CancelReason::User),
    Outcome::Cancelled(CancelReason::Shutdown),
    Outcome::Cancelled(CancelReason::Replaced),
    Outcome::Missed(MissReason::Grace),
    Outcome::Missed(MissReason::Paused),
    Outcome::Missed(MissReason::Parked),
    Outcome::Missed(MissReason::Down),
    Outcome::Skipped(SkipReason::MaxInstances),
    Outcome::Skipped(SkipReason::QueueFull),
    Outcome::Skipped(SkipReason::NoExecutor),
    Outcome::Skipped(SkipReason::NoTask),
    Outcome::Coalesced,
    Outcome::Lost,
    Outcome::Skipped(SkipReason::Edited),
    Outcome::Skipped(SkipReason::ClockSet),
    Outcome::Missed(MissReason::Past),
    Outcome::Skipped(SkipReason::RolledBack),
];

pub(super) fn index(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Succeeded => 0,
        Outcome::Failed => 1,
        Outcome::Panicked => 2,
        Outcome::TimedOut => 3,
        Outcome::Cancelled(CancelReason::User) => 4,
        Outcome::Cancelled(CancelReason::Shutdown) => 5,
        Outcome::Cancelled(CancelReason::Replaced) => 6,
        Outcome::Missed(MissReason::Grace) => 7,
        Outcome::Missed(MissReason::Paused) => 8,
        Outcome::Missed(MissReason::Parked) => 9,
        Outcome::Missed(MissReason::Down) => 10,
        Outcome::Skipped(SkipReason::MaxInstances) => 11,
        Outcome::Skipped(SkipReason::QueueFull) => 12,
        Outcome::Skipped(SkipReason::NoExecutor) => 13,
        Outcome::Skipped(SkipReason::NoTask) => 14,
        Outcome::Coalesced => 15,
        Outcome::Lost => 16,
        Outcome::Skipped(SkipReason::Edited) => 17,
        Outcome::Skipped(SkipReason::ClockSet) => 18,
        Outcome::Missed(MissReason::Past) => 19,
        Outcome::Skipped(SkipReason::RolledBack) => 20,
    }
}

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
    fn every_outcome_has_its_own_place_and_its_own_words() {
        let mut words = std::collections::HashSet::new();
        for (at, outcome) in ALL.into_iter().enumerate() {
            assert_eq!(index(outcome), at);
            assert!(words.insert(labels(outcome)), "{outcome}");
            let json = serde_json::to_string(&outcome).unwrap();
            let (name, reason) = labels(outcome);
            assert!(json.contains(name), "{json}");
            assert!(reason == NONE || json.contains(reason), "{json}");
        }
    }
}
