//! The first fire time of a new job, and the anchor its row keeps.

use chrono::{DateTime, Utc};

use crate::instant;
use crate::{Trigger, Undecided};

/// How a job starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstFire {
    /// The first fire time; `None` if the trigger has none left.
    pub fire_time: Option<DateTime<Utc>>,
    /// What the job row keeps for a trigger without a start of its own, so that pauses and
    /// restarts do not move its phase.
    pub anchor: Option<DateTime<Utc>>,
}

/// The first fire time of a job that is added, rescheduled or resumed at `now`.
///
/// `next_run_time` is a first fire time that the user gave: one extra fire time, after which the
/// job returns to its trigger. Only an interval without a start counts from it.
///
/// # Errors
///
/// If the trigger cannot decide; never because it is finished.
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
    let own = trigger.try_next(None, now)?;
    let fire_time = next_run_time.or(own);
    let anchor = if matches!(trigger, Trigger::Interval(_)) {
        fire_time
    } else {
        own
    };
    Ok(FirstFire { fire_time, anchor })
}
