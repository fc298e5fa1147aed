//! Checks the alarms. Each one is needed, or will be gone before long.

use super::{Alarms, Wrong};
use crate::alarm::Alarm;
use crate::key::AttemptKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::share::LONGEST_PATIENCE;
use crate::stage::Stage;
use crate::window::ahead_micros;

impl<N: Node> Machine<N> {
    pub(crate) fn check_alarms(&self, latest: i64, alarms: &Alarms, wrong: &mut Wrong) {
        for (alarm, times) in &alarms.elapsed {
            let is_one = times.len() == 1 || matches!(alarm, Alarm::Left { .. });
            if !is_one || !self.is_span_needed(*alarm) {
                wrong.push(format!("the alarm {alarm:?} is not needed"));
            }
        }
        let soon = latest.saturating_add(ahead_micros());
        for &(at, alarm) in alarms.wall.keys() {
            if !self.is_wall_needed(at, alarm, soon) {
                wrong.push(format!("the alarm {alarm:?} at {at} is not needed"));
            }
        }
        self.check_looks(alarms, wrong);
    }

    fn is_span_needed(&self, alarm: Alarm) -> bool {
        match alarm {
            Alarm::Timeout(attempt) | Alarm::Abort(attempt) => self.has_alarm(attempt, alarm),
            Alarm::Shutdown => !matches!(self.stage, Stage::Running),
            // The alarm of a store that is gone goes off once more, and soon.
            Alarm::Left { store } => {
                let state = self.stores.get(&store);
                state.is_none_or(|own| own.left.is_armed)
            }
            Alarm::Job { .. } | Alarm::Refill { .. } | Alarm::Promote { .. } => false,
        }
    }

    fn has_alarm(&self, attempt: AttemptKey, alarm: Alarm) -> bool {
        let mut its = self.active.all().filter(|(key, _)| *key == attempt.run);
        its.any(|(_, active)| active.turn == attempt.turn && active.alarm == Some(alarm))
    }

    fn is_wall_needed(&self, at: i64, alarm: Alarm, soon: i64) -> bool {
        match alarm {
            // An edit makes an alarm useless and leaves it behind. No code looks for it, since it
            // goes off at the latest a minute after the latest time that the clock has shown.
            Alarm::Job { .. } => at <= soon,
            Alarm::Refill { store } => {
                let state = self.stores.get(&store);
                state.is_some_and(|own| own.window.refill_at == Some(at))
            }
            Alarm::Promote { store, birth } => {
                let waits = self.stores.get(&store);
                let waits = waits.and_then(|own| own.waits.get(&birth));
                waits.is_some_and(|waits| waits.times.contains(&at))
            }
            Alarm::Left { .. } | Alarm::Timeout(_) | Alarm::Abort(_) | Alarm::Shutdown => false,
        }
    }

    /// Checks that a store has at most one alarm for its next read, one for each time that waiting
    /// runs wait for, and one for the jobs that are left to other nodes.
    fn check_looks(&self, alarms: &Alarms, wrong: &mut Wrong) {
        for ((at, alarm), count) in &alarms.wall {
            let is_one = matches!(alarm, Alarm::Refill { .. } | Alarm::Promote { .. });
            if is_one && *count > 1 {
                wrong.push(format!(
                    "the alarm {alarm:?} is armed {count} times for {at}"
                ));
            }
        }
        let longest = self.now.saturating_add(LONGEST_PATIENCE);
        for state in self.stores.values() {
            let store = state.id;
            let its = alarms.elapsed.get(&Alarm::Left { store });
            let near = its.into_iter().flatten().filter(|at| **at <= longest);
            if near.count() != usize::from(state.left.is_armed) {
                wrong.push(format!("store {}: the look at others is lost", state.alias));
            }
        }
    }
}
