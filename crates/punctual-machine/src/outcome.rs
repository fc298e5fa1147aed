//! What an attempt makes of its run, depending on what it was told.

use punctual_core::{CancelReason, Outcome};
use punctual_store::EndText;

/// Why an attempt was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    TimedOut,
    Cancel(CancelReason),
    /// Others took this node for dead: the run is theirs to decide about.
    Fenced,
}

impl Stop {
    /// Whether it counts though the attempt was told to end for another reason before. After its time
    /// a run may be tried again, and what ends it must not be lost.
    pub(crate) fn outdoes(self, other: Self) -> bool {
        let rank = |stop| match stop {
            Self::TimedOut => 0,
            Self::Cancel(_) => 1,
            Self::Fenced => 2,
        };
        rank(self) > rank(other)
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Finish {
    /// What became of it.
    pub outcome: Outcome,
    /// Its result, or what went wrong.
    pub text: Option<EndText>,
}

impl Finish {
    /// An end with nothing more to say.
    #[must_use]
    pub fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            text: None,
        }
    }
}

/// What cancels the rest of an instance too.
pub(crate) fn cancelled_by(stop: Option<Stop>, outcome: Outcome) -> Option<Outcome> {
    match (stop, outcome) {
        (Some(Stop::Cancel(reason)), _) => Some(Outcome::Cancelled(reason)),
        (_, Outcome::Cancelled(_)) => Some(outcome),
        _ => None,
    }
}

/// How a run ends whose attempt has ended so, after it was told to or not. What was done all the
/// same is done: its result counts, unless others decide about the run.
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

/// The end of an attempt that was dropped though this node had not told it to end: the thread or the
/// runtime that it ran on is gone. In a shutdown that is part of it.
fn dropped(is_stopping: bool) -> Finish {
    if is_stopping {
        return Finish::plain(Outcome::Cancelled(CancelReason::Shutdown));
    }
    let text = "the run was dropped before it was done: the thread or runtime of its executor has ended; \
                keep that alive until the scheduler has shut down";
    Finish {
        outcome: Outcome::Failed,
        text: Some(EndText::Error(text.into())),
    }
}
