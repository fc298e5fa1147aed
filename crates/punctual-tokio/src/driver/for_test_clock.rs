//! Tells a test clock what it needs to wait for the driver. The test clock hears if anything goes
//! on, what goes on, and when the driver wants to be woken.

use std::sync::Arc;

use chrono::SecondsFormat;

use punctual_machine::{Active, ActiveKey, Alarm, AttemptKey, Reply};

use super::surroundings::Surroundings;
use super::{Driver, Link, Wake};
use crate::time::desk::{Desk, Standing, Unfinished};

/// Keeps what the driver tells the test clock.
#[derive(Debug)]
pub(super) struct Clerk {
    /// Absent if the clock does not ask.
    desk: Option<Arc<Desk>>,
    /// Counts attempts that have ended and claims that were answered.
    progress: u64,
    /// Attempts that the clock no longer waits for. The flag is true if the attempt had been told
    /// to end by then.
    hanging: Vec<(AttemptKey, bool)>,
}

impl Clerk {
    pub(super) fn new(desk: Option<Arc<Desk>>) -> Self {
        Self {
            desk,
            progress: 0,
            hanging: Vec::new(),
        }
    }
}

impl Driver {
    /// Counts an event as progress. Renewals and reads come by themselves, and do not count.
    pub(super) fn note_progress(&mut self, wake: &Wake) {
        let is_progress = match wake {
            Wake::Reports => true,
            Wake::Reply(reply) => matches!(reply.reply, Reply::Claimed(..)),
            _ => false,
        };
        self.clerk.progress += u64::from(is_progress);
    }

    /// Counts an answer that a store has given within the turn.
    pub(super) fn note_answer(&mut self) {
        self.clerk.progress += 1;
    }

    /// Tells the clock how the driver stands after this turn.
    pub(super) fn tell_clock(&mut self) {
        let Some(desk) = self.clerk.desk.clone() else {
            return;
        };
        let ask = desk.take();
        if ask.reads_stores || ask.reads_all {
            if ask.reads_all {
                self.machine.look_at_all();
            } else {
                self.machine.look_again();
            }
            self.carry_out();
        }
        let unfinished = ask.names.then(|| self.name_unfinished());
        let next = self.next_alarm();
        let is_overdue = next.is_some_and(|next| next <= self.shared.clock.micros());
        if is_overdue {
            // No queue wakes the driver for an overdue alarm.
            self.clock_set.notify_one();
        }
        let standing = Standing {
            asked: ask.number,
            is_quiet: !is_overdue && self.is_quiet(),
            next,
            progress: self.clerk.progress,
        };
        desk.tell(standing, unfinished);
    }

    /// Returns the time at which the driver wants to be woken. The driver looks twice a second for
    /// jobs that were left to other nodes, and such a look finds nothing before the first of these
    /// jobs is due.
    fn next_alarm(&self) -> Option<i64> {
        let mut next = self.timer.next_wall().unwrap_or(i64::MAX);
        for (key, alarm) in self.timer.elapsed_alarms() {
            let at = self.timer.due_at(key);
            let Alarm::Left { store } = alarm else {
                next = next.min(at);
                break;
            };
            next = next.min(at.max(self.machine.first_left(store)));
        }
        (next != i64::MAX).then_some(next)
    }

    /// Returns true if everything that goes on waits for the clock.
    fn is_quiet(&self) -> bool {
        let is_heard = self.commands.is_empty() && self.replies.is_empty();
        is_heard && self.machine.busy_stores().next().is_none() && self.are_runs_quiet()
    }

    fn are_runs_quiet(&self) -> bool {
        if self.clerk.hanging.is_empty() {
            return self.machine.under_way() == 0;
        }
        let mut all = self.machine.active();
        all.all(|(key, active)| {
            self.clerk.hanging.contains(&hanging(key, active)) && self.ends_by_clock(active)
        })
    }

    /// Returns true if the timer is armed for the end of the attempt, or for the end of all
    /// attempts.
    fn ends_by_clock(&self, active: &Active<Surroundings>) -> bool {
        let is_armed = |alarm| self.timer.elapsed_alarm(alarm).is_some();
        let mut alarms = self.timer.elapsed_alarms();
        active.own.alarm.is_some_and(is_armed) || alarms.any(|(_, alarm)| alarm == Alarm::Shutdown)
    }

    /// Lets the clock wait again for all attempts, since they were told to end, or aborted.
    pub(super) fn wait_anew(&mut self) {
        self.clerk.hanging.clear();
    }

    /// Names what is not over. From now on the clock no longer waits for runs that an alarm of the
    /// timer will end.
    fn name_unfinished(&mut self) -> Vec<Unfinished> {
        let mut unfinished = Vec::new();
        let mut hang = Vec::new();
        for (key, active) in self.machine.active() {
            let ends_by_clock = self.ends_by_clock(active);
            if ends_by_clock {
                hang.push(hanging(key, active));
            }
            unfinished.push(Unfinished {
                what: named(active),
                ends_by_clock,
            });
        }
        self.clerk.hanging = hang;
        let busy = self.machine.busy_stores();
        let busy = busy.filter_map(|store| self.links.get(&store));
        unfinished.extend(busy.map(|link| Unfinished {
            what: awaited(link),
            ends_by_clock: false,
        }));
        unfinished
    }
}

fn hanging(run: ActiveKey, active: &Active<Surroundings>) -> (AttemptKey, bool) {
    (active.attempt_of(run), active.is_told_to_end())
}

fn named(active: &Active<Surroundings>) -> String {
    let fire_time = active
        .fire_time
        .to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let told = if active.is_told_to_end() {
        ", told to end"
    } else {
        ""
    };
    let lasts = active
        .own
        .attempt
        .as_ref()
        .map(|attempt| attempt.began.elapsed());
    let seconds = lasts.unwrap_or_default().as_secs_f64();
    let (job, attempt) = (active.job.id(), active.attempts);
    format!("job {job}, fire time {fire_time}, attempt {attempt}{told}: runs for {seconds:.1} s")
}

fn awaited(link: &Link) -> String {
    let health = link.health.report();
    let call = health.calls.first().map(|pending| {
        let seconds = pending.since.as_secs_f64();
        format!("`{}` is not answered for {seconds:.1} s", pending.call)
    });
    let call = call.unwrap_or_else(|| "what was asked of it is not done".to_owned());
    let error = health
        .error
        .map(|error| format!(", the last error is: {error}"));
    format!("store {}: {call}{}", link.alias, error.unwrap_or_default())
}
