//! The last run of a job.

use std::time::Duration;

use chrono::serde::{ts_microseconds, ts_microseconds_option};
use chrono::{DateTime, Utc};
use punctual_core::{Outcome, RunId};
use serde::{Deserialize, Serialize};

/// The newest run of a job that ran and has ended. A run that never began is not one, nor is an
/// open one.
///
/// A store keeps it in the row of the job and writes it with the end of the run. It stays when the
/// run has left the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastRun {
    /// The number of the run in its store.
    pub id: RunId,
    /// The fire time, or the time of the request.
    #[serde(with = "ts_microseconds")]
    pub fire_time: DateTime<Utc>,
    /// How the run ended.
    pub outcome: Outcome,
    /// The time at which the first attempt started. It is unknown if the process died.
    #[serde(default, with = "ts_microseconds_option")]
    pub started: Option<DateTime<Utc>>,
    /// The time at which the run ended.
    #[serde(with = "ts_microseconds")]
    pub finished: DateTime<Utc>,
}

impl LastRun {
    /// Returns the run if it ran. Times are in microseconds.
    ///
    /// A run that was cancelled before it began did not run. A lost run may have begun, and its node can
    /// no longer tell when.
    #[must_use]
    pub fn of(
        id: RunId,
        fire_time: i64,
        outcome: Outcome,
        started: Option<i64>,
        finished: i64,
    ) -> Option<Self> {
        let has_begun = started.is_some() || !matches!(outcome, Outcome::Cancelled(_));
        let at = |micros| DateTime::from_timestamp_micros(micros);
        (outcome.has_run() && has_begun).then_some(Self {
            id,
            fire_time: at(fire_time)?,
            outcome,
            started: started.and_then(at),
            finished: at(finished)?,
        })
    }

    /// Returns the time from the first start to the end, all attempts and waits included.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some((self.finished - self.started?).to_std().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use punctual_core::{CancelReason, MissReason};

    use super::*;

    #[test]
    fn what_never_began_did_not_run() {
        let cancelled = Outcome::Cancelled(CancelReason::User);
        let ran = |outcome, started| LastRun::of(RunId(1), 5, outcome, started, 9).is_some();
        assert!(ran(Outcome::Succeeded, Some(6)) && ran(cancelled, Some(6)));
        assert!(ran(Outcome::Lost, None) && ran(Outcome::Failed, None));
        assert!(!ran(cancelled, None));
        assert!(!ran(Outcome::Missed(MissReason::Paused), None));
        assert!(!ran(Outcome::Coalesced, Some(6)));
        // No chrono time is that late. It does not panic.
        assert_eq!(
            LastRun::of(RunId(1), i64::MAX, Outcome::Lost, None, 9),
            None
        );
    }

    #[test]
    fn it_comes_back_as_it_was_written() {
        for started in [None, Some(6)] {
            let last = LastRun::of(RunId(7), -5, Outcome::TimedOut, started, 1_006).unwrap();
            let text = serde_json::to_string(&last).unwrap();
            assert_eq!(
                serde_json::from_str::<LastRun>(&text).unwrap(),
                last,
                "{text}"
            );
            let took = started.map(|_| Duration::from_millis(1));
            assert_eq!(last.duration(), took);
        }
    }
}
