//! The states of runs as words in a column.

use punctual_core::{CancelReason, MissReason, Outcome, RunState, SkipReason};
use punctual_store::OpenState;

pub(crate) const QUEUED: &str = "queued";
pub(crate) const RUNNING: &str = "running";
pub(crate) const RETRYING: &str = "retrying";

/// Every outcome with its word. Words are never changed, since stores keep them.
const OUTCOMES: [(Outcome, &str); 21] = [
    (Outcome::Succeeded, "succeeded"),
    (Outcome::Failed, "failed"),
    (Outcome::Panicked, "panicked"),
    (Outcome::TimedOut, "timed_out"),
    (Outcome::Cancelled(CancelReason::User), "cancelled_user"),
    (
        Outcome::Cancelled(CancelReason::Shutdown),
        "cancelled_shutdown",
    ),
    (
        Outcome::Cancelled(CancelReason::Replaced),
        "cancelled_replaced",
    ),
    (Outcome::Missed(MissReason::Grace), "missed_grace"),
    (Outcome::Missed(MissReason::Paused), "missed_paused"),
    (Outcome::Missed(MissReason::Parked), "missed_parked"),
    (Outcome::Missed(MissReason::Down), "missed_down"),
    (Outcome::Missed(MissReason::Past), "missed_past"),
    (
        Outcome::Skipped(SkipReason::MaxInstances),
        "skipped_max_instances",
    ),
    (
        Outcome::Skipped(SkipReason::QueueFull),
        "skipped_queue_full",
    ),
    (
        Outcome::Skipped(SkipReason::NoExecutor),
        "skipped_no_executor",
    ),
    (Outcome::Skipped(SkipReason::NoTask), "skipped_no_task"),
    (Outcome::Skipped(SkipReason::Edited), "skipped_edited"),
    (Outcome::Skipped(SkipReason::ClockSet), "skipped_clock_set"),
    (
        Outcome::Skipped(SkipReason::RolledBack),
        "skipped_rolled_back",
    ),
    (Outcome::Coalesced, "coalesced"),
    (Outcome::Lost, "lost"),
];

pub(crate) fn word(outcome: Outcome) -> &'static str {
    let found = OUTCOMES.iter().find(|(own, _)| *own == outcome);
    found.map_or("unknown", |(_, word)| word)
}

pub(crate) fn state(word: &str) -> Option<RunState> {
    match word {
        QUEUED => Some(RunState::Queued),
        RUNNING => Some(RunState::Running),
        RETRYING => Some(RunState::Retrying),
        _ => {
            let (outcome, _) = OUTCOMES.iter().find(|(_, own)| *own == word)?;
            Some(RunState::Ended(*outcome))
        }
    }
}

/// Returns the word for the state of an open run.
pub(crate) fn open_word(state: OpenState) -> &'static str {
    match state {
        OpenState::Queued => QUEUED,
        OpenState::Running => RUNNING,
        OpenState::Retrying { .. } => RETRYING,
    }
}

/// Returns the word for the reason of a cancellation.
pub(crate) fn cancel_word(reason: CancelReason) -> &'static str {
    reason.word()
}

/// Returns the reason of a cancellation. A word that is unknown counts as a request of the user,
/// since the run was asked to end in any case.
pub(crate) fn cancel(word: &str) -> CancelReason {
    use CancelReason::{Replaced, Shutdown, User};
    let mut reasons = [Shutdown, Replaced].into_iter();
    reasons.find(|reason| reason.word() == word).unwrap_or(User)
}

/// Returns the word for the reason of an absence.
pub(crate) fn absence_word(reason: MissReason) -> &'static str {
    reason.word()
}

/// Returns the reason of an absence.
pub(crate) fn absence(word: &str) -> Option<MissReason> {
    use MissReason::{Down, Grace, Parked, Past, Paused};
    [Grace, Paused, Parked, Down, Past]
        .into_iter()
        .find(|reason| reason.word() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_word() {
        for outcome in Outcome::ALL {
            let text = word(outcome);
            assert_eq!(state(text), Some(RunState::Ended(outcome)));
        }
        assert_eq!(state("exploded"), None);
    }

    #[test]
    fn every_reason_to_cancel_has_its_word() {
        for reason in [
            CancelReason::User,
            CancelReason::Shutdown,
            CancelReason::Replaced,
        ] {
            assert_eq!(cancel(cancel_word(reason)), reason);
        }
        assert_eq!(cancel("whim"), CancelReason::User);
    }
}
