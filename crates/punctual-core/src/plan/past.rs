//! First fire times that have passed when their job is added or declared.

use chrono::{DateTime, Utc};

use super::{FirstFire, first_fire};
use crate::instant;
use crate::{MissReason, Trigger, Undecided};

/// Returns the fire time if it has passed at `now`. A fire time that is due exactly at `now` has
/// not passed.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use punctual_core::plan::passed;
///
/// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
/// assert_eq!(passed(Some(noon), noon), None);
/// assert_eq!(passed(Some(noon), noon + TimeDelta::seconds(1)), Some(noon));
/// assert_eq!(passed(None, noon), None);
/// ```
#[must_use]
pub fn passed(fire_time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    fire_time.filter(|fire_time| *fire_time < instant::floor(now))
}

/// Decides how a job begins by its trigger alone if no fire time of the past may run.
///
/// The job begins with the first fire time from `now` on. Returns `None` if the trigger has no fire
/// time left, or is a date that has passed.
///
/// A job that code declares begins this way. An earlier start of the program ran or missed its
/// date, which must not run again at every start from then on. A job whose given first fire time
/// was decided before also begins this way when it is added again.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use punctual_core::plan::{first_ahead, first_fire};
/// use punctual_core::{Date, Trigger};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let at = |text: &str| text.parse::<DateTime<Utc>>();
/// let now = at("2026-03-01T12:00:30Z")?;
/// let launch = Date::at(at("2026-02-01T09:00:00Z")?).build()?;
/// assert_eq!(first_ahead(&launch, now)?, None);
/// // A call that adds the job wants it to run, so it is late from the start.
/// assert!(first_fire(&launch, None, now)?.fire_time < Some(now));
///
/// let minutes: Trigger = "* * * * *".parse()?;
/// assert_eq!(first_ahead(&minutes, now)?.unwrap().fire_time, Some(at("2026-03-01T12:01:00Z")?));
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Returns an error if the trigger cannot decide. A finished trigger is not an error.
pub fn first_ahead(trigger: &Trigger, now: DateTime<Utc>) -> Result<Option<FirstFire>, Undecided> {
    let first = first_fire(trigger, None, now)?;
    let is_ahead = first.fire_time.is_some() && passed(first.fire_time, now).is_none();
    Ok(is_ahead.then_some(first))
}

impl FirstFire {
    /// Returns the reason why a job that begins at `now` is late, if its first fire time is of the
    /// past. The run still takes place if the job's grace time allows it.
    #[must_use]
    pub fn absence(&self, now: DateTime<Utc>) -> MissReason {
        match passed(self.fire_time, now) {
            Some(_) => MissReason::Past,
            None => MissReason::Grace,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::at;
    use super::*;
    use crate::{CalendarInterval, Cron, Date, Interval, JobState};

    const NOW: &str = "10:00:30";

    fn first(trigger: &Trigger, given: Option<&str>) -> FirstFire {
        first_fire(trigger, given.map(at), at(NOW)).unwrap()
    }

    fn date(text: &str) -> Trigger {
        Date::at(at(text)).build().unwrap()
    }

    fn minutes() -> Trigger {
        Interval::every(Duration::from_secs(60)).build().unwrap()
    }

    #[test]
    fn a_fire_time_has_passed_when_it_is_before_now() {
        for (fire_time, has_passed) in [
            ("10:00:29.999999", true),
            ("10:00:30", false),
            ("10:00:31", false),
        ] {
            let wanted = has_passed.then_some(at(fire_time));
            assert_eq!(passed(Some(at(fire_time)), at(NOW)), wanted);
        }
        // Fire times are in microseconds, so one that is asked for now has not passed.
        let now = at("10:00:30.000000999");
        assert_eq!(passed(Some(instant::floor(now)), now), None);
    }

    #[test]
    fn a_date_of_the_past_is_why_a_new_job_is_late() {
        let late = first(&date("09:00:00"), None);
        assert_eq!(late.absence(at(NOW)), MissReason::Past);
        let given = first(&minutes(), Some("09:00:00"));
        assert_eq!(given.absence(at(NOW)), MissReason::Past);
        for on_time in [
            first(&date(NOW), None),
            first(&date("11:00:00"), None),
            first(&minutes(), None),
            first(&minutes(), Some(NOW)),
        ] {
            assert_eq!(on_time.absence(at(NOW)), MissReason::Grace, "{on_time:?}");
        }
    }

    #[test]
    fn a_date_of_the_past_is_nothing_to_begin_with() {
        let ahead = |trigger: &Trigger| first_ahead(trigger, at(NOW)).unwrap();
        assert_eq!(ahead(&date("09:00:00")), None);
        assert_eq!(ahead(&date("10:00:29.999999")), None);
        for date in [date(NOW), date("11:00:00")] {
            assert_eq!(ahead(&date), Some(first(&date, None)));
        }
        let over = Cron::new().end(at("09:00:00")).build().unwrap();
        assert_eq!(ahead(&over), None);
    }

    #[test]
    fn what_recurs_begins_as_if_it_were_added() {
        let days = CalendarInterval::days(1).build().unwrap();
        let since = Interval::every(Duration::from_secs(3_600)).start(at("09:00:00"));
        for trigger in [minutes(), days, since.build().unwrap()] {
            let ahead = first_ahead(&trigger, at(NOW)).unwrap();
            assert_eq!(ahead, Some(first(&trigger, None)), "{trigger}");
        }
    }

    #[test]
    fn a_trigger_without_its_code_is_not_over() {
        let tides = Trigger::custom("tides", serde_json::Value::Null);
        let unbound = Undecided::Unbound("tides".to_owned());
        assert_eq!(first_ahead(&tides, at(NOW)), Err(unbound));
    }

    #[test]
    fn a_state_begins_with_its_first_fire_time() {
        let late = JobState::begin(&first(&minutes(), Some("09:00:00")), at(NOW));
        let wanted = JobState {
            next_run_time: Some(at("09:00:00")),
            anchor: Some(at("09:00:00")),
            absence: MissReason::Past,
            ..JobState::default()
        };
        assert_eq!(late, wanted);
        let on_time = JobState::begin(&first(&date("11:00:00"), None), at(NOW));
        let wanted = JobState {
            next_run_time: Some(at("11:00:00")),
            ..JobState::default()
        };
        assert_eq!(on_time, wanted);
    }
}
