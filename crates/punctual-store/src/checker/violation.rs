use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use punctual_core::{JobId, Run};

/// A rule that a ledger breaks, with the place. It is displayed as one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Violation {
    /// The id of the job.
    pub job: JobId,
    /// The fire time, or the first of several.
    pub fire_time: DateTime<Utc>,
    /// The broken rule.
    pub rule: Rule,
    /// The facts that break the rule.
    pub seen: String,
}

/// A rule that a ledger has to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Every fire time has an outcome.
    Lost,
    /// No fire time has a second outcome, and no body ran for it more often than its policies
    /// allow.
    Twice,
    /// No more instances are under way at the same time than `max_instances`.
    Overlapping,
    /// Every fire time without a run has a reason, and the reason is true.
    WithoutReason,
    /// No fire time starts or is decided before its time.
    Early,
    /// No run starts beyond its grace time. No fire time waits longer than the checker's patience
    /// while a node is there to decide it.
    Late,
    /// Every run has ended.
    StillOpen,
    /// Every run answers for a fire time of its job while the job existed.
    NotAFireTime,
    /// The values of an entry are consistent with each other and with what its body did.
    Contradictory,
}

impl Violation {
    pub(super) fn of(run: &Run, rule: Rule, seen: impl Into<String>) -> Self {
        Self {
            job: run.job.clone(),
            fire_time: run.fire_time(),
            rule,
            seen: format!("run {}: {}", run.id, seen.into()),
        }
    }

    pub(super) fn at(
        job: &JobId,
        fire_time: DateTime<Utc>,
        rule: Rule,
        seen: impl Into<String>,
    ) -> Self {
        Self {
            job: job.clone(),
            fire_time,
            rule,
            seen: seen.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fire_time = self.fire_time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        write!(
            f,
            "{} at {fire_time}: {}: {}",
            self.job, self.rule, self.seen
        )
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Twice => "twice",
            Self::Overlapping => "overlapping",
            Self::WithoutReason => "without reason",
            Self::Early => "early",
            Self::Late => "late",
            Self::StillOpen => "still open",
            Self::NotAFireTime => "not a fire time",
            Self::Contradictory => "contradictory",
        })
    }
}
