//! A run that a caller asks for.

use chrono::{DateTime, Utc};

use super::{JobView, Next, Plan, overlap};
use crate::instant;

/// Decides about a run by hand at `now`.
///
/// The run passes admission like any other and takes part in the overlap policy. It leaves the
/// schedule where it is, so [`Plan::next`] has no meaning. A paused job can be run by hand.
#[must_use]
pub fn manual(job: &JobView<'_>, now: DateTime<Utc>) -> Plan {
    let mut plan = Plan::nothing(Next::Paused);
    overlap::admit(job, vec![instant::floor(now)], &mut plan);
    plan
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Interval, Job, JobId, JobState, SkipReason};

    #[test]
    fn a_run_by_hand_needs_room_and_leaves_the_schedule() {
        let trigger = Interval::every(Duration::from_secs(60)).build().unwrap();
        let job = Job::new(JobId::new("job").unwrap(), "task", trigger);
        let now = DateTime::from_timestamp(1_772_366_400, 123_456_789).unwrap();
        let mut state = JobState {
            paused: true,
            ..JobState::default()
        };
        let plan = manual(&job.view(&state), now);
        assert_eq!(plan.start, [instant::floor(now)]);
        assert_eq!((plan.next, plan.after_oldest), (Next::Paused, None));
        state.running = 1;
        let plan = manual(&job.view(&state), now);
        let (range, reason) = plan.skipped.unwrap();
        assert_eq!(range.first, instant::floor(now));
        assert_eq!(reason, SkipReason::MaxInstances);
    }
}
