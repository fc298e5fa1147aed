//! The misfire grace time. It makes fire times too late to begin, both when they are planned and when
//! the store has answered late.

use chrono::{DateTime, TimeDelta, Utc};

use super::backlog::start;
use super::{JobView, Plan};
use crate::instant;

impl Plan {
    /// Takes out the starts whose grace time has passed since they were admitted, because the store
    /// answered very late. Those fire times become missed. The others of the instance still run.
    ///
    /// Queued fire times stay, because the grace time does not limit how long a run waits for room.
    ///
    /// ```
    /// use punctual_core::{Interval, Job, JobId, JobState, Policies, plan::plan};
    /// use std::time::Duration;
    ///
    /// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let noon = at("2026-03-01T12:00:00Z");
    /// let trigger = Interval::every(Duration::from_secs(60)).start(noon).build()?;
    /// let policies = Policies::new().misfire_grace_time("10s").build()?;
    /// let job = Job::new(JobId::new("poll")?, "poll", trigger).with_policies(policies);
    /// let mut state = JobState::default();
    /// state.next_run_time = Some(noon);
    /// let mut plan = plan(&job.view(&state), noon);
    /// assert!(plan.drop_overdue(&job.view(&state), at("2026-03-01T12:00:10Z")).is_empty());
    /// assert_eq!(plan.drop_overdue(&job.view(&state), at("2026-03-01T12:00:11Z")), [noon]);
    /// assert!(plan.start.is_empty());
    /// # Ok::<(), punctual_core::Error>(())
    /// ```
    pub fn drop_overdue(&mut self, job: &JobView<'_>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let count = overdue(job, &self.start, now);
        self.start.drain(..count).collect()
    }
}

/// Counts how many of these fire times, the earliest first, are beyond their grace time.
#[must_use]
pub fn overdue(job: &JobView<'_>, fire_times: &[DateTime<Utc>], now: DateTime<Utc>) -> usize {
    let now = instant::floor(now);
    fire_times.partition_point(|due| is_too_late(job, *due, now))
}

/// Returns the latest time at which the run of a fire time may begin. Returns `None` if the job has
/// no grace time, or one that never ends.
#[must_use]
pub fn latest_start(job: &JobView<'_>, fire_time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let grace = TimeDelta::from_std(job.policies.misfire_grace_time.limit()?).ok()?;
    start(job, fire_time).checked_add_signed(grace)
}

/// Returns whether the grace time of a fire time has passed.
fn is_too_late(job: &JobView<'_>, fire_time: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    in_grace_from(job, now).is_some_and(|in_grace_from| start(job, fire_time) < in_grace_from)
}

/// Returns the earliest start that is still in grace. Returns `None` if no start is too late.
pub(super) fn in_grace_from(job: &JobView<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let grace = job.policies.misfire_grace_time.limit()?;
    now.checked_sub_signed(TimeDelta::from_std(grace).ok()?)
}
