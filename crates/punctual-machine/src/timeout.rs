//! The time limit of an attempt, which counts from the start of its body.

use std::time::Duration;

use punctual_core::Overlap;
use punctual_core::plan::latest_start;

use crate::alarm::Alarm;
use crate::key::{ActiveKey, AttemptKey};
use crate::machine::Machine;
use crate::node::Node;
use crate::outcome::Stop;

impl<N: Node> Machine<N> {
    /// Returns the latest time for the body of a run to begin, in microseconds, if it may have to
    /// wait for a place.
    ///
    /// A run that waits in the queue of its job is never late.
    pub(crate) fn latest_begin(&mut self, key: ActiveKey) -> Option<i64> {
        let active = self.active.get_mut(key)?;
        let is_limited = active.may_be_late && self.node.keeps_waiting(&active.code);
        if !is_limited || active.job.policies().overlap() != Overlap::Skip {
            return None;
        }
        let (job, fire_time) = (active.key, active.fire_time);
        let stored = &self.entry(job)?.stored;
        let latest = latest_start(&stored.job.view(&stored.state), fire_time)?;
        Some(latest.timestamp_micros())
    }

    /// Handles the end of an attempt's time, unless its body `began` later than the attempt, in
    /// microseconds.
    ///
    /// If the body has not begun, the driver reports its start by
    /// [`attempt_begun`](Self::attempt_begun).
    pub fn timed_out(&mut self, key: AttemptKey, began: Option<i64>) {
        let Some(limit) = self.time_of(key.run) else {
            return;
        };
        let now = self.now;
        let Some(active) = self.active.at(key).filter(|active| active.stop.is_none()) else {
            return;
        };
        active.alarm = None;
        let Some(began) = began else {
            active.is_awaited = true;
            return;
        };
        if active.is_measured {
            return self.stop(key.run, Stop::TimedOut);
        }
        // A change of the clock in between never makes the rest longer than the limit.
        let under_way = u64::try_from(now.saturating_sub(began)).unwrap_or(0);
        let rest = limit.saturating_sub(Duration::from_micros(under_way));
        if rest.is_zero() {
            return self.stop(key.run, Stop::TimedOut);
        }
        active.is_measured = true;
        active.alarm = Some(Alarm::Timeout(key));
        self.effects.after(rest, Alarm::Timeout(key));
    }

    /// Handles the start of a body that has waited for longer than it may take.
    pub fn attempt_begun(&mut self, key: ActiveKey) {
        let Some(limit) = self.time_of(key) else {
            return;
        };
        let awaited = self.active.get_mut(key);
        let Some(active) = awaited.filter(|active| active.is_awaited && active.stop.is_none())
        else {
            return;
        };
        (active.is_awaited, active.is_measured) = (false, true);
        let alarm = Alarm::Timeout(active.attempt_of(key));
        active.alarm = Some(alarm);
        self.effects.after(limit, alarm);
    }

    fn time_of(&mut self, key: ActiveKey) -> Option<Duration> {
        self.active.get_mut(key)?.job.policies().timeout()
    }
}
