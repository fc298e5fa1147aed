//! Bodies of attempts, which begin and end when the test says so.

use punctual_core::{MissReason, Outcome};
use punctual_machine::{ActiveKey, AttemptEnd, Finish};
use punctual_store::EndText;

/// The value that a body returns, as JSON.
const RESULT: &str = "7";
/// The error of a body that fails or panics.
pub(crate) const ERROR: &str = "bad luck";

/// The end of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Succeeds,
    Fails,
    Panics,
    /// The body is dropped without a result.
    Vanishes,
}

/// An attempt.
pub(crate) struct Body {
    pub(crate) key: ActiveKey,
    /// The latest time for the body to begin.
    pub(crate) latest: Option<i64>,
    pub(crate) began: Option<i64>,
    /// The time that had passed when it began, however the clock was set.
    pub(crate) began_after: i64,
    /// True if its start is to be reported.
    pub(crate) is_awaited: bool,
    pub(crate) is_aborted: bool,
    /// The time that had passed when it was told to end.
    pub(crate) told: Option<i64>,
}

impl Body {
    pub(crate) fn new(key: ActiveKey, latest: Option<i64>) -> Self {
        Self {
            key,
            latest,
            began: None,
            began_after: 0,
            is_awaited: false,
            is_aborted: false,
            told: None,
        }
    }

    /// Returns true if it has not begun, and it is too late for it.
    pub(crate) fn is_late(&self, now: i64) -> bool {
        self.began.is_none() && self.latest.is_some_and(|latest| latest < now)
    }

    pub(crate) fn end(&self, how: How, now: i64) -> AttemptEnd {
        let is_late = self.is_late(now);
        let finish = if is_late {
            Some(Finish::plain(Outcome::Missed(MissReason::Grace)))
        } else {
            finish_of(how, self.is_aborted)
        };
        AttemptEnd {
            key: self.key,
            started: if is_late {
                None
            } else {
                self.began.or(Some(now))
            },
            finished: now,
            finish,
        }
    }
}

fn finish_of(how: How, is_aborted: bool) -> Option<Finish> {
    let outcome = match how {
        _ if is_aborted => return None,
        How::Vanishes => return None,
        How::Succeeds => {
            return Some(Finish {
                outcome: Outcome::Succeeded,
                text: Some(EndText::Result(RESULT.into())),
            });
        }
        How::Fails => Outcome::Failed,
        How::Panics => Outcome::Panicked,
    };
    Some(Finish {
        outcome,
        text: Some(EndText::Error(ERROR.into())),
    })
}
