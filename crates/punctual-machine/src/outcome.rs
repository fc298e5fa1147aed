//! The outcome that an attempt gives its run, depending on what the attempt was told.

use punctual_core::{CancelReason, Outcome};
use punctual_store::EndText;

/// The reason for which an attempt was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    TimedOut,
    Cancel(CancelReason),
    /// Other nodes took this one for dead and decide about the run.
    Fenced,
}

impl Stop {
    /// Returns true if this reason replaces an earlier one. A run may be tried again after its time
    /// is over, and a reason that ends the run must not be lost.
    pub(crate) fn outdoes(self, other: Self) -> bool {
        let rank = |stop| match stop {
            Self::TimedOut => 0,
            Self::Cancel(_) => 1,
            Self::Fenced => 2,
        };
        rank(self) > rank(other)
    }
}

/// The result of an attempt.
#[derive(Debug)]
pub struct Finish {
    /// The outcome.
    pub outcome: Outcome,
    /// The returned value or the error.
    pub text: Option<EndText>,
}

impl Finish {
    /// Returns a result without a text.
    #[must_use]
    pub fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            text: None,
        }
    }
}

/// Returns the outcome that also cancels the rest of an instance, if there is one.
pub(crate) fn cancelled_by(stop: Option<Stop>, outcome: Outcome) -> Option<Outcome> {
    match (stop, outcome) {
        (Some(Stop::Cancel(reason)), _) => Some(Outcome::Cancelled(reason)),
        (_, Outcome::Cancelled(_)) => Some(outcome),
        _ => None,
    }
}

/// Returns the result of a run whose attempt has ended, after it was told to or not.
///
/// A success counts even after the attempt was told to end, unless other nodes decide about the
/// run.
pub(crate) fn finish_of(stop: Option<Stop>, finish: Option<Finish>, is_stopping: bool) -> Finish {
    let outcome = match (stop, &finish) {
        (None, _) => return finish.unwrap_or_else(|| dropped(is_stopping)),
        (Some(Stop::Fenced), _) => Outcome::Lost,
        (_, Some(done)) if done.outcome == Outcome::Succeeded => done.outcome,
        (Some(Stop::Cancel(reason)), _) => Outcome::Cancelled(reason),
        (Some(Stop::TimedOut), _) => Outcome::TimedOut,
    };
    let is_done = outcome == Outcome::Succeeded;
    let text = finish.and_then(|finish| finish.text);
    Finish {
        outcome,
        text: text
            .filter(|text| is_done || matches!(text, EndText::Error(_)))
            .or_else(|| (outcome == Outcome::Lost).then(fenced)),
    }
}

/// Returns the error of an attempt that other nodes decide about.
fn fenced() -> EndText {
    EndText::Error("the lease of this node ended, so other nodes decide about the run".into())
}

/// Returns the result of an attempt that was dropped although this node had not told it to end.
///
/// The thread or the runtime that it ran on is gone. In a shutdown that is expected.
fn dropped(is_stopping: bool) -> Finish {
    if is_stopping {
        return Finish::plain(Outcome::Cancelled(CancelReason::Shutdown));
    }
    let text = "the run was dropped before it ended, since the thread or runtime of its executor is gone; \
                keep it alive until the scheduler has shut down";
    Finish {
        outcome: Outcome::Failed,
        text: Some(EndText::Error(text.into())),
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::CancelReason::{Shutdown, User};
    use punctual_core::Outcome::{Cancelled, Failed, Lost, Succeeded, TimedOut};

    use super::*;

    fn result() -> EndText {
        EndText::Result("7".into())
    }

    fn error() -> EndText {
        EndText::Error("bad luck".into())
    }

    #[test]
    fn a_reason_replaces_only_one_that_says_less_about_the_end() {
        let reasons = [Stop::TimedOut, Stop::Cancel(User), Stop::Fenced];
        for (place, reason) in reasons.into_iter().enumerate() {
            for (other_place, other) in reasons.into_iter().enumerate() {
                assert_eq!(reason.outdoes(other), place > other_place);
            }
        }
    }

    #[test]
    fn a_success_counts_unless_other_nodes_decide() {
        let cancel = Some(Stop::Cancel(User));
        for (stop, outcome, text, wanted) in [
            (None, Succeeded, Some(result()), (Succeeded, Some(result()))),
            (None, Failed, Some(error()), (Failed, Some(error()))),
            (
                cancel,
                Succeeded,
                Some(result()),
                (Succeeded, Some(result())),
            ),
            (
                cancel,
                Failed,
                Some(error()),
                (Cancelled(User), Some(error())),
            ),
            (
                cancel,
                Cancelled(User),
                Some(result()),
                (Cancelled(User), None),
            ),
            (
                Some(Stop::TimedOut),
                Succeeded,
                Some(result()),
                (Succeeded, Some(result())),
            ),
            (
                Some(Stop::TimedOut),
                Failed,
                Some(error()),
                (TimedOut, Some(error())),
            ),
            (
                Some(Stop::Fenced),
                Succeeded,
                Some(result()),
                (Lost, Some(fenced())),
            ),
            (
                Some(Stop::Fenced),
                Failed,
                Some(error()),
                (Lost, Some(error())),
            ),
        ] {
            let finish = finish_of(stop, Some(Finish { outcome, text }), false);
            assert_eq!((finish.outcome, finish.text), wanted, "{stop:?}, {outcome}");
        }
    }

    #[test]
    fn an_attempt_that_was_dropped_unasked_has_failed_unless_the_node_shuts_down() {
        let dropped = finish_of(None, None, false);
        assert_eq!(dropped.outcome, Failed);
        assert!(matches!(dropped.text, Some(EndText::Error(text)) if text.contains("dropped")));
        let dropped = finish_of(None, None, true);
        assert_eq!((dropped.outcome, dropped.text), (Cancelled(Shutdown), None));
        let aborted = finish_of(Some(Stop::TimedOut), None, true);
        assert_eq!((aborted.outcome, aborted.text), (TimedOut, None));
    }

    #[test]
    fn a_cancelled_run_takes_the_rest_of_its_instance_along() {
        let cancelled = Cancelled(User);
        assert_eq!(
            cancelled_by(Some(Stop::Cancel(User)), Succeeded),
            Some(cancelled)
        );
        assert_eq!(cancelled_by(None, cancelled), Some(cancelled));
        assert_eq!(cancelled_by(Some(Stop::TimedOut), TimedOut), None);
        assert_eq!(cancelled_by(None, Failed), None);
    }
}
