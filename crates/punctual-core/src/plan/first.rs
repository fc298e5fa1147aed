//! The first fire time of a new job, and the anchor that its row keeps.

use chrono::{DateTime, Utc};

use crate::instant;
use crate::{Trigger, Undecided};

/// The beginning of a job's schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstFire {
    /// The first fire time. `None` if the trigger has no fire time left.
    pub fire_time: Option<DateTime<Utc>>,
    /// The instant from which a trigger without a start counts. The job row keeps it, so that
    /// pauses and restarts do not move the phase of the trigger.
    pub anchor: Option<DateTime<Utc>>,
}

/// Decides the first fire time of a job that is added, rescheduled or resumed at `now`.
///
/// `next_run_time` is a first fire time that the caller gave. It is one extra fire time, after
/// which the job returns to its trigger. Only an interval without a start counts from it.
///
/// # Errors
///
/// Returns an error if the trigger cannot decide. A finished trigger is not an error.
pub fn first_fire(
    trigger: &Trigger,
    next_run_time: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<FirstFire, Undecided> {
    let next_run_time = next_run_time.map(instant::floor);
    if trigger.is_anchored() {
        let fire_time = match next_run_time {
            Some(given) => Some(given),
            None => trigger.try_next(None, now)?,
        };
        return Ok(FirstFire {
            fire_time,
            anchor: None,
        });
    }
    let by_trigger = trigger.try_next(None, now)?;
    let fire_time = next_run_time.or(by_trigger);
    let anchor = if matches!(trigger, Trigger::Interval(_)) {
        fire_time
    } else {
        by_trigger
    };
    Ok(FirstFire { fire_time, anchor })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{CalendarInterval, Cron, Interval};

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    fn first(trigger: &Trigger, given: Option<&str>) -> FirstFire {
        first_fire(trigger, given.map(at), at("10:00:30")).unwrap()
    }

    fn fires(fire_time: &str, anchor: Option<&str>) -> FirstFire {
        FirstFire {
            fire_time: Some(at(fire_time)),
            anchor: anchor.map(at),
        }
    }

    #[test]
    fn a_trigger_that_knows_its_times_needs_no_anchor() {
        let minutes = Cron::new().second(0).build().unwrap();
        assert_eq!(first(&minutes, None), fires("10:01:00", None));
        assert_eq!(first(&minutes, Some("10:07:08")), fires("10:07:08", None));
    }

    #[test]
    fn a_given_fire_time_is_kept_to_the_microsecond() {
        let minutes = Cron::new().second(0).build().unwrap();
        let given = first(&minutes, Some("10:07:08.123456789"));
        assert_eq!(given, fires("10:07:08.123456", None));
    }

    #[test]
    fn an_interval_counts_from_the_first_fire_time() {
        let minutes = Interval::every(Duration::from_secs(60)).build().unwrap();
        let by_trigger = first(&minutes, None);
        assert_eq!(by_trigger.anchor, by_trigger.fire_time);
        let given = Some("10:07:08");
        assert_eq!(first(&minutes, given), fires("10:07:08", given));
    }

    #[test]
    fn a_calendar_interval_keeps_its_phase_when_a_first_fire_time_is_given() {
        let days = CalendarInterval::days(2).build().unwrap();
        let by_trigger = first(&days, None);
        assert_eq!(by_trigger.anchor, by_trigger.fire_time);
        let given = first(&days, Some("10:07:08"));
        assert_eq!(given.fire_time, Some(at("10:07:08")));
        assert_eq!(given.anchor, by_trigger.anchor);
    }
}
