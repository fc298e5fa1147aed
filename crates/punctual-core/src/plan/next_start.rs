//! The time at which a job starts next.

use chrono::{DateTime, Utc};

use super::{JobView, backlog};

/// Returns when the next run of a job starts, which is its next fire time plus its jitter. The
/// scheduler looks at the job then, and not before.
///
/// Returns `None` if nothing starts, because the job is paused, has no next fire time, or has a
/// trigger that is not bound. A start may lie in the past, because the function is not told the
/// time.
///
/// ```
/// use std::time::Duration;
///
/// use chrono::{DateTime, Utc};
/// use punctual_core::plan::next_start;
/// use punctual_core::{Job, JobId, JobState, Policies};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
/// let job = Job::new(JobId::new("poll")?, "poll", "0 * * * *".parse()?);
/// let mut state = JobState::default();
/// state.next_run_time = Some(noon);
/// assert_eq!(next_start(&job.view(&state)), Some(noon));
///
/// let job = job.with_policies(Policies::new().jitter("60s").build()?);
/// let start = next_start(&job.view(&state)).unwrap();
/// assert!(start > noon && start <= noon + Duration::from_secs(60));
///
/// state.paused = true;
/// assert_eq!(next_start(&job.view(&state)), None);
/// # Ok(()) }
/// ```
#[must_use]
pub fn next_start(job: &JobView<'_>) -> Option<DateTime<Utc>> {
    let fire_time = job.next_fire.filter(|_| !job.paused)?;
    let is_bound = job.trigger.is_bound();
    is_bound.then(|| backlog::start(job, fire_time))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::super::tests::{Case, at};
    use super::*;
    use crate::plan::plan;
    use crate::policy::Jitter;
    use crate::{CalendarInterval, Date, Interval, Trigger};

    fn minutes() -> Trigger {
        Interval::every(Duration::from_secs(60)).build().unwrap()
    }

    /// A job with a jitter of up to a day, which its trigger cuts.
    fn spread(trigger: Trigger) -> Case {
        Case::new(trigger).with(|policies| {
            policies.jitter = Jitter::up_to(Duration::from_secs(86_400));
        })
    }

    #[test]
    fn without_jitter_a_job_starts_at_its_fire_time() {
        let case = Case::every_minute();
        assert_eq!(next_start(&case.view()), Some(at("10:00:00")));
        let mut view = case.view();
        // A fire time that a caller gave need not be a member of the trigger.
        view.next_fire = Some(at("10:00:17"));
        assert_eq!(next_start(&view), Some(at("10:00:17")));
    }

    #[test]
    fn the_jitter_is_cut_by_the_fire_time_after_it() {
        let case = spread(minutes());
        let jitter = case.view().policies.jitter;
        let wanted = jitter.start_of(case.view().id, at("10:00:00"), Some(at("10:01:00")));
        assert!(wanted > at("10:00:00"), "the test needs a delay above zero");
        assert_eq!(next_start(&case.view()), Some(wanted));
    }

    #[test]
    fn an_anchor_says_which_fire_time_cuts_the_jitter() {
        let case = spread(minutes());
        let mut view = case.view();
        view.anchor = Some(at("09:00:30"));
        let after = Some(at("10:00:30"));
        let wanted = view
            .policies
            .jitter
            .start_of(view.id, at("10:00:00"), after);
        assert_ne!(next_start(&case.view()), Some(wanted));
        assert_eq!(next_start(&view), Some(wanted));
    }

    #[test]
    fn the_last_fire_time_has_all_of_its_jitter() {
        let case = spread(Date::at(at("10:00:00")).build().unwrap());
        let jitter = case.view().policies.jitter;
        let wanted = jitter.start_of(case.view().id, at("10:00:00"), None);
        assert!(wanted > at("10:01:00"), "the test needs a long delay");
        assert_eq!(next_start(&case.view()), Some(wanted));
    }

    #[test]
    fn nothing_starts_of_a_paused_finished_or_unbound_job() {
        let case = spread(minutes());
        let mut view = case.view();
        view.paused = true;
        assert_eq!(next_start(&view), None);
        let mut view = case.view();
        view.next_fire = None;
        assert_eq!(next_start(&view), None);
        let tides = || Trigger::custom("tides", serde_json::Value::Null);
        let either = || Trigger::or([tides(), minutes_from_ten()]).build().unwrap();
        for case in [
            Case::new(tides()),
            spread(tides()),
            Case::new(either()),
            spread(either()),
        ] {
            assert_eq!(next_start(&case.view()), None, "{:?}", case.view());
        }
    }

    fn minutes_from_ten() -> Trigger {
        let minutes = Interval::every(Duration::from_secs(60));
        minutes.start(at("10:00:00")).build().unwrap()
    }

    /// A job is due at its start, and is not due just before.
    #[test]
    fn a_plan_agrees_about_the_start() {
        let days = CalendarInterval::days(1).build().unwrap();
        for trigger in [minutes(), minutes_from_ten(), days] {
            for case in [Case::new(trigger.clone()), spread(trigger)] {
                let start = next_start(&case.view()).unwrap();
                let before = start - TimeDelta::microseconds(1);
                assert_eq!(plan(&case.view(), before).next.start(), Some(start));
                assert_eq!(plan(&case.view(), start).start, [at("10:00:00")]);
            }
        }
    }
}
