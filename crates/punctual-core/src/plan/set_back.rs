//! The reaction of a job to a clock that had run ahead and was set back.
//!
//! The rule is that of [cron(8)](https://manpages.debian.org/cron.8), extended to longer
//! corrections. If a clock is set back by less than three hours, wild jobs continue by the new
//! time. Fixed jobs wait for their next fire time, so that none of their fire times repeats. A
//! greater change is a correction of a wrong clock, and the new time counts for all jobs.

use chrono::{DateTime, TimeDelta, Utc};

use super::{JobView, first_fire};
use crate::{FireRange, Outcome, SkipReason, Trigger};

/// Smaller corrections change nothing, because clocks that are kept right are set by less than
/// this.
const NOTICED: TimeDelta = TimeDelta::minutes(1);

/// From this difference on, a correction counts for fixed times, too.
const FOR_ALL: TimeDelta = TimeDelta::hours(3);

/// The place at which a job continues after the clock was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetBack {
    /// The nominal fire time that comes next, by the new time.
    pub next_run_time: DateTime<Utc>,
    /// The anchor that the job row keeps for a trigger without a start of its own.
    pub anchor: Option<DateTime<Utc>>,
    /// The fire time that was next until now, as the ledger records it.
    pub given_up: (FireRange, Outcome),
}

/// Decides where a job continues if its clock showed `was` and now shows `now`. Returns `None` if
/// the job stays as it is.
///
/// ```text
/// set back by      under 1 min      1 min to 3 h      over 3 h
/// interval, wild   as it was        continues         continues
/// fixed            as it was        waits             continues
/// date             as it was        waits             waits
/// ```
///
/// An interval is wild, and so is a cron whose hour, minute or second is a `*` or `*/n`. See
/// [`Gap`](crate::Gap). A combination is fixed if any of its triggers is, and a custom trigger is
/// fixed. A date never comes twice.
///
/// A job that continues elsewhere does so under a new incarnation, since the same fire times come
/// again. A next fire time that lies further ahead than the trigger says was set by a caller, and
/// stays.
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use punctual_core::plan::set_back;
/// use punctual_core::{Crontab, Job, JobId, JobState};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let job = Job::new(JobId::new("poll")?, "poll", "* * * * *".parse()?);
/// let now: DateTime<Utc> = "2026-03-01T12:00:30Z".parse()?;
/// let was = now + TimeDelta::days(365);
/// let mut state = JobState::default();
/// state.next_run_time = Some(was + TimeDelta::seconds(30));
/// let job = set_back(&job.view(&state), was, now).unwrap();
/// assert_eq!(job.next_run_time, "2026-03-01T12:01:00Z".parse::<DateTime<Utc>>()?);
/// # Ok(()) }
/// ```
#[must_use]
pub fn set_back(job: &JobView<'_>, was: DateTime<Utc>, now: DateTime<Utc>) -> Option<SetBack> {
    let by = was - now;
    let next = job.next_fire.filter(|next| *next > now)?;
    let is_meant = by >= FOR_ALL && recurs(job.trigger);
    if by < NOTICED || !(is_meant || is_wild(job.trigger)) {
        return None;
    }
    let (before, target) = by_new_time(job, next, now)?;
    // The clock ran on for a while after the scheduler read it last.
    let after_was = before.after(was + NOTICED);
    // Either nothing passed by the wrong clock, or a caller has set the fire time further ahead
    // than the trigger.
    let is_of_trigger = after_was.is_none_or(|last| next <= last);
    if target.next_run_time >= next || target.next_run_time > was || !is_of_trigger {
        return None;
    }
    Some(target)
}

/// Returns the job's trigger by the old time, and where the job continues by the new time.
fn by_new_time(
    job: &JobView<'_>,
    next: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<(Trigger, SetBack)> {
    let anchor = (!job.trigger.is_anchored()).then(|| job.anchor.unwrap_or(next));
    let before = anchor.map_or_else(|| job.trigger.clone(), |at| job.trigger.anchored(at));
    let (next_run_time, anchor) = match anchor {
        // The wrong clock showed this time when the job was added or begun anew.
        Some(anchor) if anchor > now => {
            let first = first_fire(job.trigger, None, now).ok()?;
            (first.fire_time?, first.anchor)
        }
        _ => (before.after(now)?, job.anchor),
    };
    let given_up = Outcome::Skipped(SkipReason::ClockSet);
    let target = SetBack {
        next_run_time,
        anchor,
        given_up: (FireRange::single(next), given_up),
    };
    Some((before, target))
}

/// Returns whether the trigger follows real time, so that none of its fire times is bound to a time
/// of day.
fn is_wild(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Interval(_) => true,
        Trigger::Cron(cron) => cron.compiled().pattern.daylight.wild,
        Trigger::Crontab(crontab) => crontab.compiled().pattern.daylight.wild,
        Trigger::Date(_) | Trigger::CalendarInterval(_) | Trigger::Custom(_) => false,
        Trigger::And(_) | Trigger::Or(_) => trigger.children().iter().all(is_wild),
    }
}

/// Returns whether the trigger is bound and contains no date, since a date must not come twice.
fn recurs(trigger: &Trigger) -> bool {
    let is_date = matches!(trigger, Trigger::Date(_));
    !is_date && trigger.is_bound() && trigger.children().iter().all(recurs)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{CalendarInterval, Cron, Date, Interval, Job, JobId, JobState};

    fn at(text: &str) -> DateTime<Utc> {
        let text = if text.len() > 8 {
            text.to_owned()
        } else {
            format!("2026-03-01T{text}Z")
        };
        text.parse().unwrap()
    }

    /// Returns a job that was added by the right clock, and continued by a wrong one until that
    /// showed `was`.
    fn gone_on(trigger: Trigger, added: &str, was: &str) -> (Job, JobState) {
        let job = Job::new(JobId::new("job").unwrap(), "task", trigger);
        let first = first_fire(job.trigger(), None, at(added)).unwrap();
        let anchored = first.anchor.map_or_else(
            || job.trigger().clone(),
            |anchor| job.trigger().anchored(anchor),
        );
        let state = JobState {
            anchor: first.anchor,
            next_run_time: anchored.after(at(was)).or(first.fire_time),
            ..JobState::default()
        };
        (job, state)
    }

    fn goes_on(trigger: Trigger, was: &str, now: &str) -> Option<DateTime<Utc>> {
        let (job, state) = gone_on(trigger, "10:00:00", was);
        let set = set_back(&job.view(&state), at(was), at(now))?;
        assert_eq!(set.given_up.0.first, state.next_run_time.unwrap());
        assert_eq!(set.anchor, state.anchor);
        Some(set.next_run_time)
    }

    fn hourly() -> Trigger {
        Cron::new().minute(0).build().unwrap()
    }

    fn at_ten_and_eleven() -> Trigger {
        Cron::new().hour("10,11").minute(30).build().unwrap()
    }

    fn minutely() -> Trigger {
        Interval::every(Duration::from_secs(60)).build().unwrap()
    }

    #[test]
    fn after_more_than_three_hours_all_that_recurs_goes_on_by_the_new_time() {
        let was = "2027-03-01T10:05:20Z";
        for (trigger, wanted) in [
            (hourly(), "11:00:00"),
            (at_ten_and_eleven(), "10:30:00"),
            (minutely(), "10:06:00"),
            (
                CalendarInterval::days(1).at(10, 30, 0).build().unwrap(),
                "10:30:00",
            ),
            (
                Trigger::or([hourly(), at_ten_and_eleven()])
                    .build()
                    .unwrap(),
                "10:30:00",
            ),
        ] {
            assert_eq!(
                goes_on(trigger.clone(), was, "10:05:20"),
                Some(at(wanted)),
                "{trigger}"
            );
        }
    }

    #[test]
    fn after_less_what_is_fixed_waits_so_that_nothing_repeats() {
        for (trigger, wanted) in [
            (hourly(), Some("10:00:00")),
            (at_ten_and_eleven(), None),
            (minutely(), Some("09:51:00")),
            (
                CalendarInterval::days(1).at(10, 30, 0).build().unwrap(),
                None,
            ),
            (
                Trigger::or([hourly(), at_ten_and_eleven()])
                    .build()
                    .unwrap(),
                None,
            ),
        ] {
            let (job, state) = gone_on(trigger.clone(), "09:00:00", "12:50:00");
            let set = set_back(&job.view(&state), at("12:50:00"), at("09:50:01"));
            let actual = set.map(|set| set.next_run_time);
            assert_eq!(actual, wanted.map(at), "{trigger}");
        }
    }

    #[test]
    fn under_a_minute_nothing_changes() {
        let every_second = || Interval::every(Duration::from_secs(1)).build().unwrap();
        assert_eq!(goes_on(every_second(), "12:00:59", "12:00:00"), None);
        assert!(goes_on(every_second(), "12:01:00", "12:00:00").is_some());
        // A clock that was set forward is a matter of the misfire grace time.
        assert_eq!(goes_on(every_second(), "11:00:00", "12:00:00"), None);
    }

    #[test]
    fn a_date_never_comes_twice() {
        let date = || Date::at(at("11:00:00")).build().unwrap();
        let was = "2027-03-01T10:05:20Z";
        assert_eq!(goes_on(date(), was, "10:05:20"), None);
        let both = Trigger::or([date(), at_ten_and_eleven()]).build().unwrap();
        assert_eq!(goes_on(both, was, "10:05:20"), None);
    }

    #[test]
    fn a_next_fire_time_that_was_set_by_hand_stays() {
        let (job, mut state) = gone_on(hourly(), "10:00:00", "15:30:00");
        for by_hand in ["2026-03-02T00:00:00Z", "2026-03-01T16:30:00Z"] {
            state.next_run_time = Some(at(by_hand));
            let set = set_back(&job.view(&state), at("15:30:00"), at("10:05:00"));
            assert_eq!(set, None, "{by_hand}");
        }
        // A job stays, too, if none of its fire times has passed.
        state.next_run_time = Some(at("11:00:00"));
        let set = set_back(&job.view(&state), at("15:30:00"), at("10:05:00"));
        assert_eq!(set, None);
    }

    #[test]
    fn an_interval_that_was_added_by_the_wrong_clock_begins_anew() {
        let was = "2027-03-01T10:05:20Z";
        let (job, state) = gone_on(minutely(), "2027-03-01T10:00:00Z", was);
        let set = set_back(&job.view(&state), at(was), at("10:05:20")).unwrap();
        assert_eq!(set.next_run_time, at("10:06:20"));
        assert_eq!(set.anchor, Some(at("10:06:20")));
    }

    #[test]
    fn what_goes_on_once_stays_then() {
        let was = "2027-03-01T10:05:20Z";
        for trigger in [hourly(), at_ten_and_eleven(), minutely()] {
            let (job, mut state) = gone_on(trigger, "10:00:00", was);
            let set = set_back(&job.view(&state), at(was), at("10:05:20")).unwrap();
            state.next_run_time = Some(set.next_run_time);
            state.anchor = set.anchor;
            assert_eq!(set_back(&job.view(&state), at(was), at("10:05:20")), None);
        }
    }
}
