use chrono::{DateTime, Utc};
use punctual_core::{JobId, Run, RunId};

/// One attempt, as the body of the job wrote it down itself.
///
/// Its times are compared with those of other executions only, so any clock will do that is the
/// same for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The job.
    pub job: JobId,
    /// The number of the run, as the body was told.
    pub run: RunId,
    /// The fire time, as the body was told.
    pub fire_time: DateTime<Utc>,
    /// Which attempt, counted from 1. Those of a rerun count on.
    pub attempt: u32,
    /// Where.
    pub node: String,
    /// When the body was entered.
    pub began: DateTime<Utc>,
    /// When the body saw that its token was cancelled; `None` if it never did.
    pub told: Option<DateTime<Utc>>,
    /// When it was left, in whatever way; `None` if it is under way.
    pub ended: Option<DateTime<Utc>>,
    /// In which way it was left.
    pub ending: Ending,
    /// When its node was declared dead while the body went on, as a process does that was stopped
    /// for a while: since then nothing is promised.
    pub forsaken: Option<DateTime<Utc>>,
}

/// How a body was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Ending {
    /// Its process died before it could write that down, or it is under way.
    #[default]
    Unknown,
    /// It returned `Ok`.
    Succeeded,
    /// It returned an error.
    Failed,
    /// It panicked.
    Panicked,
    /// It was dropped where it stood, as an abort does.
    Dropped,
}

impl Execution {
    /// How long it counts; `None` for what does not count at all.
    pub(super) fn counted(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let ended = self.ended.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let until = self.forsaken.map_or(ended, |forsaken| forsaken.min(ended));
        (until >= self.began).then_some((self.began, until))
    }
}

/// The attempt by which a run ended.
pub(super) fn last_of<'a>(run: &Run, bodies: &[&'a Execution]) -> Option<&'a Execution> {
    let mut its = bodies.iter().rev();
    its.find(|body| body.attempt == run.attempts).copied()
}
