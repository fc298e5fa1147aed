//! The outcome of fire times that passed while a job was paused.

use chrono::{DateTime, Utc};

use super::{JobView, backlog, passed_over};
use crate::{FireRange, Outcome, Undecided};

/// Decides what becomes of the fire times that passed while a job was paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// The fire times are recorded as missed (paused).
    #[default]
    SkipMissed,
    /// The grace time and the coalescing of the job decide about the fire times.
    CatchUp,
}

/// The place at which a job continues after a pause. [`JobState::resume`](crate::JobState::resume)
/// moves the job there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed {
    /// The job continues where it stands, because nothing passed or because it was not paused.
    AsItStands,
    /// The job continues where it stands. The fire times that passed are due, and late because of
    /// the pause.
    CatchesUp,
    /// The job continues after the fire times that passed.
    Skips {
        /// The nominal fire time that comes next. `None` if the trigger is finished.
        next_run_time: Option<DateTime<Utc>>,
        /// The fire times that passed, as the ledger records them.
        missed: (FireRange, Outcome),
    },
}

impl Resumed {
    /// Returns the fire times that the end of the pause decides, with their outcome.
    #[must_use]
    pub fn missed(&self) -> Option<(FireRange, Outcome)> {
        match self {
            Self::Skips { missed, .. } => Some(*missed),
            Self::AsItStands | Self::CatchesUp => None,
        }
    }
}

/// Decides what becomes of the fire times that passed when a paused job is resumed at `now`.
///
/// A fire time has passed if its run would have started by now. A jitter may put a start off until
/// after the pause, and such a fire time is not missed.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use punctual_core::plan::{Resume, Resumed, resume};
/// use punctual_core::{Job, JobId, JobState};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let at = |text: &str| text.parse::<DateTime<Utc>>();
/// let job = Job::new(JobId::new("poll")?, "poll", "* * * * *".parse()?);
/// let mut state = JobState::default();
/// state.next_run_time = Some(at("2026-03-01T12:00:00Z")?);
/// state.paused = true;
/// let now = at("2026-03-01T12:05:30Z")?;
///
/// let resumed = resume(&job.view(&state), Resume::CatchUp, now)?;
/// assert_eq!(resumed, Resumed::CatchesUp);
///
/// let resumed = resume(&job.view(&state), Resume::SkipMissed, now)?;
/// let (range, _) = resumed.missed().unwrap();
/// assert_eq!(range.count.number(), 6);
/// state.resume(&resumed);
/// assert_eq!(state.next_run_time, Some(at("2026-03-01T12:06:00Z")?));
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Returns an error if fire times are to be skipped and the trigger cannot tell which. The job then
/// stays paused.
pub fn resume(job: &JobView<'_>, how: Resume, now: DateTime<Utc>) -> Result<Resumed, Undecided> {
    // Another caller may have resumed the job, so nothing passed because of a pause.
    if !job.paused {
        return Ok(Resumed::AsItStands);
    }
    let Some(missed) = passed_over(job, now) else {
        return Ok(Resumed::AsItStands);
    };
    if how == Resume::CatchUp {
        return Ok(Resumed::CatchesUp);
    }
    let (range, _) = missed;
    let trigger = backlog::anchored(job, range.first);
    // If the trigger cannot tell the last fire time of a backlog, the range holds only a part of
    // it.
    trigger.try_last_at_or_before(now)?;
    Ok(Resumed::Skips {
        next_run_time: trigger.try_after(range.last)?,
        missed,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;
    use serde::{Deserialize, Serialize};

    use super::super::tests::{Case, at, range};
    use super::*;
    use crate::policy::Jitter;
    use crate::{
        Count, CustomTrigger, Date, Interval, JobState, MissReason, Trigger, TriggerRegistry,
    };

    const PAUSED: Outcome = Outcome::Missed(MissReason::Paused);

    /// Resumes a job at `now` that has been due since 10:00.
    fn resumed_at(case: &Case, how: Resume, now: DateTime<Utc>) -> Result<Resumed, Undecided> {
        let mut view = case.view();
        view.paused = true;
        resume(&view, how, now)
    }

    fn skips(case: &Case, now: &str) -> Resumed {
        resumed_at(case, Resume::SkipMissed, at(now)).unwrap()
    }

    #[test]
    fn what_passed_in_the_pause_is_missed_and_the_job_goes_on_after_it() {
        let case = Case::every_minute();
        for (now, last, count, next) in [
            ("10:00:00", "10:00:00", 1, "10:01:00"),
            ("10:05:30", "10:05:00", 6, "10:06:00"),
            ("10:06:00", "10:06:00", 7, "10:07:00"),
        ] {
            let wanted = Resumed::Skips {
                next_run_time: Some(at(next)),
                missed: (range("10:00:00", last, count), PAUSED),
            };
            assert_eq!(skips(&case, now), wanted, "{now}");
            assert_eq!(
                wanted.missed(),
                Some((range("10:00:00", last, count), PAUSED))
            );
        }
    }

    #[test]
    fn a_caller_may_let_the_policies_decide_what_passed() {
        let case = Case::every_minute();
        let resumed = resumed_at(&case, Resume::CatchUp, at("10:05:30"));
        assert_eq!(resumed, Ok(Resumed::CatchesUp));
        assert_eq!(Resumed::CatchesUp.missed(), None);
    }

    #[test]
    fn a_pause_in_which_nothing_passed_changes_nothing() {
        let case = Case::every_minute();
        let mut finished = case.view();
        (finished.next_fire, finished.paused) = (None, true);
        for how in [Resume::SkipMissed, Resume::CatchUp] {
            let early = resumed_at(&case, how, at("09:59:59"));
            assert_eq!(early, Ok(Resumed::AsItStands), "{how:?}");
            let late = resume(&finished, how, at("10:05:30"));
            assert_eq!(late, Ok(Resumed::AsItStands), "{how:?}");
        }
    }

    #[test]
    fn a_job_that_another_caller_resumed_first_misses_nothing() {
        let case = Case::every_minute();
        for how in [Resume::SkipMissed, Resume::CatchUp] {
            let resumed = resume(&case.view(), how, at("10:05:30"));
            assert_eq!(resumed, Ok(Resumed::AsItStands), "{how:?}");
        }
    }

    #[test]
    fn a_run_that_the_jitter_puts_off_until_after_the_pause_is_not_missed() {
        let jitter = Jitter::up_to(Duration::from_secs(60));
        let case = Case::every_minute().with(|policies| policies.jitter = jitter);
        let start = jitter.start_of(case.view().id, at("10:00:00"), Some(at("10:01:00")));
        let before = start - TimeDelta::microseconds(1);
        assert!(before >= at("10:00:00"), "the test needs a delay");
        let resumed = |now| resumed_at(&case, Resume::SkipMissed, now).unwrap();
        assert_eq!(resumed(before), Resumed::AsItStands);
        let missed = (range("10:00:00", "10:00:00", 1), PAUSED);
        assert_eq!(resumed(start).missed(), Some(missed));
    }

    #[test]
    fn a_date_that_passed_in_the_pause_leaves_nothing() {
        let case = Case::new(Date::at(at("10:00:00")).build().unwrap());
        let wanted = Resumed::Skips {
            next_run_time: None,
            missed: (range("10:00:00", "10:00:00", 1), PAUSED),
        };
        assert_eq!(skips(&case, "10:05:30"), wanted);
    }

    #[test]
    fn a_state_goes_on_where_it_is_told() {
        let paused = JobState {
            next_run_time: Some(at("10:00:00")),
            paused: true,
            absence: MissReason::Down,
            running: 1,
            ..JobState::default()
        };
        let resumed = |resumed| {
            let mut state = paused;
            state.resume(&resumed);
            state
        };
        let goes_on = JobState {
            paused: false,
            ..paused
        };
        assert_eq!(resumed(Resumed::AsItStands), goes_on);
        let absence = MissReason::Paused;
        let wanted = JobState { absence, ..goes_on };
        assert_eq!(resumed(Resumed::CatchesUp), wanted);
        for next_run_time in [Some(at("10:06:00")), None] {
            let wanted = JobState {
                next_run_time,
                finished: next_run_time.is_none(),
                absence: MissReason::Grace,
                ..goes_on
            };
            let missed = (range("10:00:00", "10:05:00", 6), PAUSED);
            let skips = Resumed::Skips {
                next_run_time,
                missed,
            };
            assert_eq!(resumed(skips), wanted);
        }
    }

    #[test]
    fn an_interval_keeps_its_phase() {
        let minutes = Interval::every(Duration::from_secs(60)).build().unwrap();
        let case = Case::new(minutes);
        let mut view = case.view();
        view.paused = true;
        let next =
            |view: &JobView<'_>| match resume(view, Resume::SkipMissed, at("10:05:10")).unwrap() {
                Resumed::Skips { next_run_time, .. } => next_run_time,
                other => panic!("{other:?}"),
            };
        assert_eq!(next(&view), Some(at("10:06:00")));
        view.anchor = Some(at("09:00:30"));
        assert_eq!(next(&view), Some(at("10:05:30")));
    }

    #[test]
    fn a_trigger_without_its_code_leaves_the_job_paused() {
        let case = Case::new(Trigger::custom("tides", serde_json::Value::Null));
        let unbound = Undecided::Unbound("tides".to_owned());
        let skips = resumed_at(&case, Resume::SkipMissed, at("10:05:30"));
        assert_eq!(skips, Err(unbound));
        // Catching up needs no answer of the trigger. Neither does a resume before the fire time.
        let catches_up = resumed_at(&case, Resume::CatchUp, at("10:05:30"));
        assert_eq!(catches_up, Ok(Resumed::CatchesUp));
        let early = resumed_at(&case, Resume::SkipMissed, at("09:59:59"));
        assert_eq!(early, Ok(Resumed::AsItStands));
    }

    /// A trigger that names minutes but cannot tell which one was the last.
    #[derive(Debug, Serialize, Deserialize)]
    struct Forgetful;

    impl CustomTrigger for Forgetful {
        const NAME: &'static str = "forgetful";

        fn after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
            let minute = t.timestamp().div_euclid(60) + 1;
            DateTime::from_timestamp(minute * 60, 0)
        }

        fn last_at_or_before(&self, _: DateTime<Utc>) -> Option<DateTime<Utc>> {
            panic!("nothing is remembered")
        }
    }

    #[test]
    fn a_backlog_whose_end_is_unknown_is_not_skipped() {
        let mut registry = TriggerRegistry::new();
        registry.register::<Forgetful>();
        let trigger = Trigger::custom("forgetful", serde_json::Value::Null);
        let case = Case::new(trigger.bind(&registry).unwrap());
        let mut view = case.view();
        view.paused = true;
        let (passed, _) = passed_over(&view, at("10:05:30")).unwrap();
        assert_eq!(passed.count, Count::Exact(1), "only a part of it is known");
        assert!(resume(&view, Resume::SkipMissed, at("10:05:30")).is_err());
    }
}
