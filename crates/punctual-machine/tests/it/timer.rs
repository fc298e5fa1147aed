//! A timer of alarms in two ordered maps.

use std::collections::BTreeMap;

use punctual_machine::{ActiveKey, Alarm, Armed};

#[derive(Default)]
pub(crate) struct Timer {
    /// By wall time, order and registration.
    wall: BTreeMap<(i64, u64, u64), Alarm>,
    /// By the time that has passed, and registration.
    elapsed: BTreeMap<(i64, u64), Alarm>,
    /// The time that has passed, however the wall clock was set.
    passed: i64,
    /// The time by which the wall clock is ahead of `passed`.
    ahead: i64,
    serial: u64,
}

impl Timer {
    pub(crate) fn of(now: i64) -> Self {
        Self {
            ahead: now,
            ..Self::default()
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.passed + self.ahead
    }

    pub(crate) fn passed(&self) -> i64 {
        self.passed
    }

    pub(crate) fn pass(&mut self, span: i64) {
        self.passed += span;
    }

    pub(crate) fn set_by(&mut self, by: i64) {
        self.ahead += by;
    }

    pub(crate) fn at(&mut self, at: i64, order: u64, alarm: Alarm) {
        self.serial += 1;
        self.wall.insert((at, order, self.serial), alarm);
    }

    pub(crate) fn cancel_at(&mut self, at: i64, alarm: Alarm) {
        self.wall
            .retain(|key, armed| key.0 != at || *armed != alarm);
    }

    pub(crate) fn after(&mut self, span: i64, alarm: Alarm) {
        if let Some(run) = run_of(alarm) {
            self.disarm(run);
        }
        if alarm == Alarm::Shutdown {
            self.elapsed.retain(|_, armed| *armed != alarm);
        }
        self.serial += 1;
        self.elapsed
            .insert((self.passed + span, self.serial), alarm);
    }

    /// Arms an alarm, unless it is armed for an earlier time.
    pub(crate) fn within(&mut self, span: i64, alarm: Alarm) {
        let at = self.passed + span;
        let is_earlier = |(key, armed): (&(i64, u64), &Alarm)| *armed == alarm && key.0 <= at;
        if !self.elapsed.iter().any(is_earlier) {
            self.after(span, alarm);
        }
    }

    pub(crate) fn disarm(&mut self, run: ActiveKey) {
        self.elapsed.retain(|_, armed| run_of(*armed) != Some(run));
    }

    /// Returns the time until the next alarm.
    pub(crate) fn next(&self) -> Option<i64> {
        let wall = self.wall.keys().next().map(|key| key.0 - self.now());
        let elapsed = self.elapsed.keys().next().map(|key| key.0 - self.passed);
        wall.into_iter().chain(elapsed).min()
    }

    /// Removes and returns the due alarms.
    pub(crate) fn take_due(&mut self) -> Vec<Alarm> {
        let mut due = Vec::new();
        while let Some(first) = self.wall.first_entry()
            && first.key().0 <= self.passed + self.ahead
        {
            due.push(first.remove());
        }
        while let Some(first) = self.elapsed.first_entry()
            && first.key().0 <= self.passed
        {
            due.push(first.remove());
        }
        due
    }
}

fn run_of(alarm: Alarm) -> Option<ActiveKey> {
    match alarm {
        Alarm::Timeout(attempt) | Alarm::Abort(attempt) => Some(attempt.run),
        _ => None,
    }
}

impl Armed for Timer {
    fn wall(&self) -> Vec<(i64, Alarm)> {
        let all = self.wall.iter();
        all.map(|(key, alarm)| (key.0, *alarm)).collect()
    }

    fn elapsed(&self) -> Vec<(i64, Alarm)> {
        let all = self.elapsed.iter();
        all.map(|(key, alarm)| (key.0 + self.ahead, *alarm))
            .collect()
    }
}
