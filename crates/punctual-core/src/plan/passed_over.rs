//! The outcome of a backlog whose job is edited or removed before a node decided about it.

use chrono::{DateTime, Utc};

use super::{JobView, backlog};
use crate::instant;
use crate::{FireRange, MissReason, Outcome, SkipReason};

/// Decides the fire times that are due at `now` and that an edit passes over, so that each of them
/// is recorded. Those of a paused job are missed, and all others are skipped.
///
/// An edit passes over fire times if it gives the job different ones, by another trigger or another
/// next fire time. A removal passes them over, too.
///
/// ```
/// use punctual_core::{Interval, Job, JobId, JobState, Outcome, SkipReason, plan::passed_over};
/// use std::time::Duration;
///
/// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
/// let noon = at("2026-03-01T12:00:00Z");
/// let trigger = Interval::every(Duration::from_secs(60)).start(noon).build()?;
/// let job = Job::new(JobId::new("poll")?, "poll", trigger);
/// let mut state = JobState::default();
/// state.next_run_time = Some(noon);
/// let (range, outcome) = passed_over(&job.view(&state), at("2026-03-01T12:02:30Z")).unwrap();
/// assert_eq!((range.first, range.count.number()), (noon, 3));
/// assert_eq!(outcome, Outcome::Skipped(SkipReason::Edited));
/// assert_eq!(passed_over(&job.view(&state), at("2026-03-01T11:59:59Z")), None);
/// # Ok::<(), punctual_core::Error>(())
/// ```
#[must_use]
pub fn passed_over(job: &JobView<'_>, now: DateTime<Utc>) -> Option<(FireRange, Outcome)> {
    let now = instant::floor(now);
    let oldest = job.next_fire?;
    let outcome = if job.paused {
        Outcome::Missed(MissReason::Paused)
    } else {
        Outcome::Skipped(SkipReason::Edited)
    };
    if job.trigger.unbound_name().is_some() {
        // The code of the trigger is not here, so only the fire time in the row is known.
        return (oldest <= now).then(|| (FireRange::single(oldest), outcome));
    }
    let trigger = &*backlog::anchored(job, oldest);
    let due = backlog::of(job, trigger, oldest, now)?;
    Some((due.backlog.range(trigger), outcome))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Interval, Job, JobId, JobState, Trigger};

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    fn passed(trigger: Trigger, paused: bool, now: &str) -> Option<(u64, Outcome)> {
        let job = Job::new(JobId::new("job").unwrap(), "task", trigger);
        let state = JobState {
            next_run_time: Some(at("10:00:00")),
            paused,
            ..JobState::default()
        };
        let (range, outcome) = passed_over(&job.view(&state), at(now))?;
        assert_eq!(range.first, at("10:00:00"));
        Some((range.count.number(), outcome))
    }

    const EDITED: Outcome = Outcome::Skipped(SkipReason::Edited);
    const PAUSED: Outcome = Outcome::Missed(MissReason::Paused);

    #[test]
    fn an_edit_skips_what_is_due_and_misses_what_was_paused() {
        let minutes = || Interval::every(Duration::from_secs(60)).build().unwrap();
        assert_eq!(passed(minutes(), false, "09:59:59"), None);
        assert_eq!(passed(minutes(), false, "10:02:30"), Some((3, EDITED)));
        assert_eq!(passed(minutes(), true, "10:02:30"), Some((3, PAUSED)));
    }

    #[test]
    fn of_an_unbound_trigger_only_the_fire_time_in_the_row_is_decided() {
        let tides = || Trigger::custom("tides", serde_json::Value::Null);
        assert_eq!(passed(tides(), false, "09:59:59"), None);
        assert_eq!(passed(tides(), false, "10:00:00"), Some((1, EDITED)));
        assert_eq!(passed(tides(), true, "10:02:30"), Some((1, PAUSED)));
    }
}
