//! Tells if the driver holds what it needs, and nothing else. Tests ask, and no program does.

use std::collections::BTreeMap;

use punctual_machine::{Alarm, Armed, Held};

use super::Driver;
use super::attempt::Place;
use super::gate::Gate;
use crate::time::timer::Timer;

impl Driver {
    /// Returns what is held and wrong. `latest` is the latest time that the clock has ever shown,
    /// in microseconds. Alarms from before the clock was set back are further ahead than others.
    pub(super) fn held(&self, latest: i64) -> Held {
        let mut held = self.machine.held(latest, &self.timer);
        for (what, count) in [
            ("commands", self.inbox.len()),
            ("reports", self.reports.len()),
            ("due alarms", self.due.len()),
        ] {
            if count > 0 {
                held.wrong
                    .push(format!("{count} {what} are left of a turn"));
            }
        }
        self.check_attempts(&mut held.wrong);
        self.check_permits(&mut held.wrong);
        held
    }

    fn check_attempts(&self, wrong: &mut Vec<String>) {
        for (_, active) in self.machine.active() {
            if active.own.attempt.is_none() {
                wrong.push(format!("run {} has no attempt", active.run));
            }
        }
    }

    fn check_permits(&self, wrong: &mut Vec<String>) {
        let mut permits = BTreeMap::new();
        for (_, active) in self.machine.active() {
            *permits.entry(active.key).or_default() +=
                usize::from(matches!(active.own.place, Place::Taken(Some(_))));
        }
        for (job, gate) in self.machine.gates() {
            let held = permits.get(&job).copied().unwrap_or_default();
            if gate.as_ref().map_or(held, Gate::taken) != held {
                wrong.push(format!(
                    "the gate of {job:?} has given out other permits than are held"
                ));
            }
            if gate.is_some() && !permits.contains_key(&job) {
                wrong.push(format!("the gate of {job:?} is kept for nothing"));
            }
        }
    }
}

impl Armed for Timer<Alarm> {
    fn wall(&self) -> Vec<(i64, Alarm)> {
        self.wall_alarms().collect()
    }

    fn elapsed(&self) -> Vec<(i64, Alarm)> {
        let alarms = self.elapsed_alarms();
        alarms
            .map(|(key, alarm)| (self.due_at(key), alarm))
            .collect()
    }
}
