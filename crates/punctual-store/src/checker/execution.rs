use chrono::{DateTime, Utc};
use punctual_core::{JobId, Run, RunId};

/// One attempt, as the body of the job wrote it down.
///
/// The checker compares these times only with each other. Any clock serves that all bodies share.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a body has to write all of it down"
)]
pub struct Execution {
    /// The id of the job.
    pub job: JobId,
    /// The number of the run, as the body was told.
    pub run: RunId,
    /// The fire time, as the body was told.
    pub fire_time: DateTime<Utc>,
    /// The number of the attempt, counted from 1. A rerun counts on from the attempts before it.
    pub attempt: u32,
    /// The name of the node.
    pub node: String,
    /// The time at which the body was entered.
    pub began: DateTime<Utc>,
    /// The time at which the body saw that its token was cancelled, or `None` if it never did.
    pub told: Option<DateTime<Utc>>,
    /// The time at which the body was left in any way, or `None` if it is under way.
    pub ended: Option<DateTime<Utc>>,
    /// The way in which the body was left.
    pub ending: Ending,
    /// The time at which its node was declared dead while the body went on, as happens to a process
    /// that was stopped for a while. After this time nothing is promised.
    pub forsaken: Option<DateTime<Utc>>,
}

/// The way in which a body was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Ending {
    /// The body is under way, or its process died before it could write down its end.
    #[default]
    Unknown,
    /// The body returned `Ok`.
    Succeeded,
    /// The body returned an error.
    Failed,
    /// The body panicked.
    Panicked,
    /// The body was dropped before it returned, as an abort does.
    Dropped,
}

impl Execution {
    /// Returns the time in which the body counts as under way, or `None` if it does not count.
    pub(super) fn counted(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let ended = self.ended.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let until = self.forsaken.map_or(ended, |forsaken| forsaken.min(ended));
        (until >= self.began).then_some((self.began, until))
    }
}

/// Returns the attempt by which a run ended.
pub(super) fn last_of<'a>(run: &Run, bodies: &[&'a Execution]) -> Option<&'a Execution> {
    let mut its = bodies.iter().rev();
    its.find(|body| body.attempt == run.attempts).copied()
}
