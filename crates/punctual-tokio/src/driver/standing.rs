//! What a test clock that waits for this task is told. That is whether anything goes on, what it is, and
//! when the task wants to be woken.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::active::{Active, AttemptKey};
use super::{Alarm, Driver, Wake};
use crate::partition::Partition;
use crate::reports::Key;
use crate::testing::{Desk, Standing, Unfinished};
use crate::worker::ReplyKind;

/// As many days are all time, a century.
const LONG: i64 = 36_525;

/// Tells the clock.
#[derive(Debug)]
pub(super) struct Clerk {
    /// Nothing, if the clock does not ask.
    desk: Option<Arc<Desk>>,
    /// Counts what has ended or was answered.
    progress: u64,
    /// Attempts that the clock does not wait for any more, and whether they were told to end by then.
    hanging: Vec<(AttemptKey, bool)>,
    /// Stores of which all is to be read that is due at any time.
    pub(super) reads_all: BTreeSet<u32>,
}

impl Clerk {
    pub(super) fn new(desk: Option<Arc<Desk>>) -> Self {
        Self {
            desk,
            progress: 0,
            hanging: Vec::new(),
            reads_all: BTreeSet::new(),
        }
    }
}

impl Driver {
    /// Renewals and reads come by themselves, and do not count.
    pub(super) fn note_progress(&mut self, wake: &Wake) {
        let is_progress = match wake {
            Wake::Reports => true,
            Wake::Reply(reply) => matches!(reply.kind, ReplyKind::Claimed(..)),
            _ => false,
        };
        self.clerk.progress += u64::from(is_progress);
    }

    /// Tells the clock how all stands after this turn.
    pub(super) fn tell_clock(&mut self) {
        let Some(desk) = self.clerk.desk.clone() else {
            return;
        };
        let ask = desk.take();
        if ask.reads_stores || ask.reads_all {
            for store in self.partitions.keys().copied().collect::<Vec<_>>() {
                if ask.reads_all {
                    self.clerk.reads_all.insert(store);
                }
                self.ask_for_window(store);
            }
        }
        let unfinished = ask.names.then(|| self.name_unfinished());
        let next = self.next_alarm();
        let is_overdue = next.is_some_and(|next| next <= self.core.clock.micros());
        if is_overdue {
            // No queue tells of it.
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

    /// Until when a store is read.
    pub(super) fn read_through(&self, store: u32, through: DateTime<Utc>) -> DateTime<Utc> {
        let far = through.checked_add_signed(TimeDelta::days(LONG));
        let far = far.filter(|_| self.clerk.reads_all.contains(&store));
        far.unwrap_or(through)
    }

    /// When the task wants to be woken. Looks for jobs that were left to other nodes come twice a second,
    /// and find nothing before the first of them is due.
    fn next_alarm(&self) -> Option<i64> {
        let mut next = self.timer.next_wall().unwrap_or(i64::MAX);
        for (key, alarm) in self.timer.elapsed_alarms() {
            let at = self.timer.due_at(key);
            let Alarm::Left { store } = alarm else {
                next = next.min(at);
                break;
            };
            let partition = self.partitions.get(&store);
            let first = partition.map_or(i64::MAX, |own| own.left.first);
            next = next.min(at.max(first));
        }
        (next != i64::MAX).then_some(next)
    }

    /// Whether nothing goes on but what waits for the clock.
    fn is_quiet(&self) -> bool {
        let is_heard = self.commands.is_empty() && self.replies.is_empty();
        is_heard && self.are_stores_quiet() && self.are_runs_quiet()
    }

    fn are_stores_quiet(&self) -> bool {
        let begins_runs = self.begins_runs();
        self.partitions
            .values()
            .all(|own| own.is_quiet(begins_runs))
    }

    fn are_runs_quiet(&self) -> bool {
        if self.clerk.hanging.is_empty() {
            return self.active.len() == 0;
        }
        let mut all = self.active.all();
        all.all(|(key, active)| {
            self.clerk.hanging.contains(&hanging(key, active)) && self.ends_by_clock(active)
        })
    }

    /// Whether the timer is armed for the end of the attempt, or for that of all.
    fn ends_by_clock(&self, active: &Active) -> bool {
        let is_armed = |alarm| self.timer.elapsed_alarm(alarm).is_some();
        let mut alarms = self.timer.elapsed_alarms();
        active.alarm.is_some_and(is_armed) || alarms.any(|(_, alarm)| alarm == Alarm::Shutdown)
    }

    /// Runs were told to end, or aborted, and the clock waits for them anew.
    pub(super) fn wait_anew(&mut self) {
        self.clerk.hanging.clear();
    }

    /// Names what is not over. From now on only those runs are waited for that have no other end.
    fn name_unfinished(&mut self) -> Vec<Unfinished> {
        let mut unfinished = Vec::new();
        let mut hang = Vec::new();
        for (key, active) in self.active.all() {
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
        let begins_runs = self.begins_runs();
        let stores = self.partitions.values();
        let busy = stores.filter(|own| !own.is_quiet(begins_runs));
        unfinished.extend(busy.map(|own| Unfinished {
            what: awaited(own),
            ends_by_clock: false,
        }));
        unfinished
    }
}

impl Partition {
    /// Whether the store has answered all, and there is nothing to ask.
    fn is_quiet(&self, begins_runs: bool) -> bool {
        let (outbox, window) = (&self.outbox, &self.window);
        let is_sent = !outbox.is_busy && outbox.ends.is_empty() && outbox.claims.is_empty();
        let is_read = !window.is_asked && !window.ask_again && !self.left.is_asked;
        let is_claimed = !begins_runs || self.due.is_empty();
        let is_known = self.lease.is_some() && self.adopting.is_empty();
        is_known && is_sent && (self.is_leaving || (is_read && is_claimed))
    }
}

fn hanging(run: Key, active: &Active) -> (AttemptKey, bool) {
    let turn = active.turn;
    (AttemptKey { run, turn }, active.stop.is_some())
}

fn named(active: &Active) -> String {
    let fire_time = active
        .fire_time
        .to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let told = match active.stop {
        Some(_) => ", told to end",
        None => "",
    };
    let lasts = active
        .attempt
        .as_ref()
        .map(|attempt| attempt.began.elapsed());
    let seconds = lasts.unwrap_or_default().as_secs_f64();
    let (job, attempt) = (active.job.id(), active.attempts);
    format!("job {job}, fire time {fire_time}, attempt {attempt}{told}: runs for {seconds:.1} s")
}

fn awaited(partition: &Partition) -> String {
    let health = partition.health.report();
    let call = health.calls.first().map(|pending| {
        let seconds = pending.since.as_secs_f64();
        format!("`{}` is not answered for {seconds:.1} s", pending.call)
    });
    let call = call.unwrap_or_else(|| "what was asked of it is not done".to_owned());
    let error = health
        .error
        .map(|error| format!(", the last error is: {error}"));
    format!(
        "store {}: {call}{}",
        partition.alias,
        error.unwrap_or_default()
    )
}
