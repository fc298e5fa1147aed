//! What the timer holds: each alarm is needed, or will be gone before long.

use super::super::active::AttemptKey;
use super::super::shutdown::Stage;
use super::super::window::ahead_micros;
use super::super::{Alarm, Driver};
use super::Wrong;
use crate::share::LONGEST_PATIENCE;
use crate::timer::AlarmKey;

impl Driver {
    pub(super) fn check_alarms(&self, latest: i64, wrong: &mut Wrong) {
        for (key, alarm) in self.timer.elapsed_alarms() {
            if !self.is_span_needed(key, alarm) {
                wrong.push(format!("the alarm {alarm:?} is not needed"));
            }
        }
        let soon = latest.saturating_add(ahead_micros());
        for (at, alarm) in self.timer.wall_alarms() {
            if !self.is_wall_needed(at, alarm, soon) {
                wrong.push(format!("the alarm {alarm:?} at {at} is not needed"));
            }
        }
        self.check_looks(wrong);
    }

    fn is_span_needed(&self, key: AlarmKey, alarm: Alarm) -> bool {
        match alarm {
            Alarm::Timeout(attempt) | Alarm::Abort(attempt) => self.has_alarm(attempt, key),
            Alarm::Shutdown => !matches!(self.stage, Stage::Running),
            // Of a store that is gone it tells once more, and soon.
            Alarm::Left { store } => {
                let partition = self.partitions.get(&store);
                partition.is_none_or(|own| own.left.is_armed)
            }
            Alarm::Job { .. } | Alarm::Refill { .. } | Alarm::Promote { .. } => false,
        }
    }

    fn has_alarm(&self, attempt: AttemptKey, alarm: AlarmKey) -> bool {
        let mut its = self.active.all().filter(|(key, _)| *key == attempt.run);
        its.any(|(_, active)| active.turn == attempt.turn && active.alarm == Some(alarm))
    }

    fn is_wall_needed(&self, at: i64, alarm: Alarm, soon: i64) -> bool {
        match alarm {
            // An edit leaves the alarm behind that it has made useless. It is not looked for, as it
            // goes by itself, at the latest a minute after the latest time that the clock has shown.
            Alarm::Job { .. } => at <= soon,
            Alarm::Refill { store } => {
                let partition = self.partitions.get(&store);
                partition.is_some_and(|own| own.window.refill_at == Some(at))
            }
            Alarm::Promote { store, birth } => {
                let waits = self.partitions.get(&store);
                let waits = waits.and_then(|own| own.waits.get(&birth));
                waits.is_some_and(|waits| waits.times.contains(&at))
            }
            Alarm::Left { .. } | Alarm::Timeout(_) | Alarm::Abort(_) | Alarm::Shutdown => false,
        }
    }

    /// A store has one alarm for its next reading at most, one for each time that something
    /// waits for, and one for what is left to others.
    fn check_looks(&self, wrong: &mut Wrong) {
        let mut seen = Vec::new();
        for (at, alarm) in self.timer.wall_alarms() {
            let is_one = matches!(alarm, Alarm::Refill { .. } | Alarm::Promote { .. });
            if is_one && seen.contains(&(at, alarm)) {
                wrong.push(format!("the alarm {alarm:?} is armed twice for {at}"));
            }
            if is_one {
                seen.push((at, alarm));
            }
        }
        let longest = self.core.clock.micros().saturating_add(LONGEST_PATIENCE);
        for partition in self.partitions.values() {
            let store = partition.id;
            let its = self.timer.elapsed_alarms();
            let its = its.filter(|(_, alarm)| *alarm == Alarm::Left { store });
            let near = its.filter(|(key, _)| self.timer.due_at(*key) <= longest);
            if near.count() != usize::from(partition.left.is_armed) {
                wrong.push(format!(
                    "store {}: the look at others is lost",
                    partition.alias
                ));
            }
        }
    }

    /// Whether the alarm of a job that is due soon is there.
    pub(super) fn is_armed(&self, armed: Alarm, at: i64) -> bool {
        self.timer.has_wall(at, armed)
    }
}
