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
        text: text.filter(|text| is_done || matches!(text, EndText::Error(_))),
    }
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
