//! When the body of an attempt begins: its time counts from there.

use std::time::Duration;

use punctual_core::Overlap;
use punctual_core::plan::latest_start;

use super::active::{AttemptKey, Stop};
use super::{Alarm, Driver};
use crate::reports::Key;

impl Driver {
    /// The latest time for the body of a run to begin, in microseconds, if it may have to wait for a
    /// place. As elsewhere, what waits in a queue of its job is never late.
    pub(super) fn latest_begin(&mut self, key: Key) -> Option<i64> {
        let active = self.active.get_mut(key)?;
        let is_limited = active.may_be_late && active.code.place.keeps_waiting();
        if !is_limited || active.job.policies().overlap != Overlap::Skip {
            return None;
        }
        let (job, fire_time) = (active.key, active.fire_time);
        let stored = &self.entry(job)?.stored;
        let latest = latest_start(&stored.job.view(&stored.state), fire_time)?;
        Some(latest.timestamp_micros())
    }

    /// The time of an attempt is over, unless its body began later than the attempt.
    pub(super) fn timed_out(&mut self, key: AttemptKey) {
        let Some(limit) = self.time_of(key.run) else {
            return;
        };
        let now = self.core.clock.micros();
        let Some(active) = self.active.at(key).filter(|active| active.stop.is_none()) else {
            return;
        };
        let Some(attempt) = &active.attempt else {
            return;
        };
        let Some(began) = attempt.info.standing.begun_or_awaited() else {
            active.is_awaited = true;
            active.alarm = None;
            return;
        };
        // A clock that was set meanwhile gives no more than the time itself.
        let under_way = u64::try_from(now.saturating_sub(began)).unwrap_or(0);
        let rest = limit.saturating_sub(Duration::from_micros(under_way));
        if rest.is_zero() {
            return self.stop(key.run, Stop::TimedOut);
        }
        active.alarm = Some(self.timer.after(rest, 0, Alarm::Timeout(key)));
    }

    /// The body of an attempt begins that has waited for longer than it may take.
    pub(super) fn attempt_begun(&mut self, key: Key) {
        let Some(limit) = self.time_of(key) else {
            return;
        };
        let awaited = self.active.get_mut(key);
        let Some(active) = awaited.filter(|active| active.is_awaited && active.stop.is_none())
        else {
            return;
        };
        active.is_awaited = false;
        let alarm = Alarm::Timeout(AttemptKey {
            run: key,
            turn: active.turn,
        });
        active.alarm = Some(self.timer.after(limit, 0, alarm));
    }

    fn time_of(&mut self, key: Key) -> Option<Duration> {
        self.active.get_mut(key)?.job.policies().timeout.limit()
    }
}
