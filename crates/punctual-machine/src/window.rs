//! The window of jobs that are known on this node, since they are due soon. The store knows all
//! jobs.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use punctual_core::plan::next_start;
use punctual_store::{ChangedJobs, DueJob, DueJobs, DueRequest, StoredJob, WaitingJob};

use crate::alarm::Alarm;
use crate::effect::{Effect, Effects, Read};
use crate::entry::{Entry, Phase};
use crate::key::JobKey;
use crate::machine::{Machine, instant};
use crate::node::Node;
use crate::store::StoreState;

/// The time within which a due job is in the window.
const AHEAD: Duration = Duration::from_secs(60);
/// The maximum number of jobs in the window, which takes about 30 MB.
const ROOM: usize = 131_072;
/// The time before a cut window is read again of which nothing is decided, a second, in
/// microseconds. It would be read without end otherwise.
pub(crate) const CUT_FOR: i64 = 1_000_000;
/// A number of days that counts as all time, a century.
const LONG: i64 = 36_525;

pub(crate) fn ahead_micros() -> i64 {
    i64::try_from(AHEAD.as_micros()).unwrap_or(i64::MAX)
}

impl<N: Node> Machine<N> {
    pub(crate) fn ask_for_window(&mut self, store: u32) {
        let ahead = TimeDelta::microseconds(ahead_micros());
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        if state.is_leaving {
            return;
        }
        if state.window.is_asked {
            state.window.ask_again = true;
            return;
        }
        let ahead = if std::mem::take(&mut state.window.reads_all) {
            TimeDelta::days(LONG)
        } else {
            ahead
        };
        let now = instant(self.now);
        let through = now.checked_add_signed(ahead).unwrap_or(now);
        let tasks = self.node.tasks_of(store);
        let read = Read::Due(DueRequest::through(through, ROOM).tasks(tasks));
        self.effects.push(Effect::Read { store, read });
        state.window.is_asked = true;
        state.window.ask_again = false;
        state.reads.begin();
        // A fire time that is noted from here on may be newer than the read of the store.
        state.window.beyond = None;
    }

    /// Reads all stores again, since this node can run other jobs than before.
    pub fn look_again(&mut self) {
        let stores: Vec<u32> = self.stores.keys().copied().collect();
        for store in stores {
            self.ask_for_window(store);
        }
    }

    /// Reads all jobs once that are due at any time, for a test clock that looks for the next due
    /// time.
    pub fn look_at_all(&mut self) {
        for state in self.stores.values_mut() {
            state.window.reads_all = true;
        }
        self.look_again();
    }

    pub(crate) fn take_window(&mut self, store: u32, window: DueJobs) {
        let now = self.now;
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        state.window.is_asked = false;
        state.window.is_cut = window.next.is_some();
        if let Some(beyond) = window.beyond {
            state.window.note(beyond.timestamp_micros());
        }
        state.forget_parked(&window, now);
        state.left.nothing();
        for due in window.jobs {
            let is_outdated = state.reads.is_outdated(&due.stored.state);
            if !is_outdated && !state.leaves(&due.stored, now) {
                let (incarnation, revision) = named(&due.stored);
                state.adopt(due, &self.node, &mut self.effects, now);
                state.heard_of(incarnation, revision);
            }
        }
        state.reads.end();
        state.arm_refill(&mut self.effects, now);
        self.look_later(store, now);
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        if std::mem::take(&mut state.window.ask_again) {
            self.ask_for_window(store);
        }
        self.jobs_wait(store, window.waiting);
    }

    pub(crate) fn take_changes(&mut self, store: u32, changed: ChangedJobs) {
        let ChangedJobs::These(jobs) = changed else {
            return self.ask_for_window(store);
        };
        let now = self.now;
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        let queues: Vec<_> = jobs
            .iter()
            .filter(|stored| stored.state.queued > 0 && !stored.state.paused)
            .map(|stored| waiting_job(stored, now))
            .collect();
        let was_resumed = jobs.iter().any(|stored| state.may_be_resumed(stored));
        let asks_by_task = self.node.tasks_of(store).is_some();
        for job in jobs {
            let is_known = state.jobs.find(job.state.incarnation).is_some();
            if !is_known && asks_by_task && !self.node.knows(job.job.task()) {
                continue;
            }
            // Other nodes hear of the edit later. A job that it makes due is claimed by the node
            // that hears of it first.
            let is_due = start_of(&job).is_some_and(|start| start <= now);
            if is_known || is_due || !state.leaves(&job, now) {
                let (incarnation, revision) = named(&job);
                state.adopt(job.into(), &self.node, &mut self.effects, now);
                state.heard_of(incarnation, revision);
                state.hurry(incarnation, is_due);
            }
        }
        state.arm_refill(&mut self.effects, now);
        self.look_later(store, now);
        // The edit may have made room for waiting runs.
        self.jobs_wait(store, queues);
        if was_resumed {
            // The row does not say whether a run waits for its next attempt.
            self.ask_for_window(store);
        }
    }

    pub(crate) fn refill(&mut self, store: u32) {
        let now = self.now;
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        state.window.refill_at = None;
        let near = if state.window.is_cut {
            now
        } else {
            now.saturating_add(ahead_micros())
        };
        if state.window.beyond.is_some_and(|beyond| beyond <= near) {
            // A cut window is read again when its due jobs are decided.
            if !state.window.is_cut || state.due.is_empty() {
                self.ask_for_window(store);
            }
        } else {
            state.arm_refill(&mut self.effects, now);
        }
    }

    pub(crate) fn job_is_due(&mut self, key: JobKey, revision: u64) {
        let now = self.now;
        let Some(state) = self.stores.get_mut(&key.store) else {
            return;
        };
        let is_current = |entry: &&mut Entry<N>| {
            entry.phase == Phase::Armed && entry.stored.state.revision == revision
        };
        let Some(entry) = state.jobs.get_mut(key).filter(is_current) else {
            return;
        };
        entry.phase = Phase::Due;
        if !entry.is_urgent && !state.share.is_alone() {
            let stored = entry.stored.clone();
            if state.leaves(&stored, now) {
                state.leave(key);
                return self.look_later(key.store, now);
            }
        }
        let entry = state.jobs.get_mut(key);
        if entry.is_some_and(|entry| !std::mem::replace(&mut entry.is_listed, true)) {
            state.due.push_back(key);
        }
    }
}

impl<N: Node> StoreState<N> {
    /// Takes over the current state of a job, unless something newer is known.
    pub(crate) fn adopt(&mut self, due: DueJob, node: &N, effects: &mut Effects<N>, now: i64) {
        if self.is_leaving {
            return;
        }
        let state = &due.stored.state;
        let Some(key) = self.jobs.find(state.incarnation) else {
            let code = node.code_of(&due.stored.job).ok();
            let mut entry = Entry::new(due.stored, code);
            entry.is_head = due.is_head;
            let key = self.jobs.insert(entry);
            return self.schedule(key, effects, now);
        };
        if let Some(entry) = self.jobs.get_mut(key)
            && entry.stored.state.revision == state.revision
            && !due.is_head
        {
            entry.fill(&due.stored.job);
        }
        match self.jobs.get_mut(key) {
            Some(entry) if entry.phase == Phase::Claiming => return entry.keep_newer(due),
            Some(entry) if entry.stored.state.revision >= state.revision => {
                if entry.phase != Phase::Idle {
                    return;
                }
                entry.find_code(node);
            }
            Some(entry) => {
                entry.code = node.code_of(&due.stored.job).ok();
                entry.take(due);
                entry.phase = Phase::Idle;
            }
            None => {}
        }
        self.schedule(key, effects, now);
    }

    fn heard_of(&mut self, incarnation: u64, revision: u64) {
        let key = self.jobs.find(incarnation);
        if let Some(entry) = key.and_then(|key| self.jobs.get_mut(key)) {
            entry.heard_of(revision);
        }
    }

    /// Returns true if an edit may have ended a pause in which runs of the job waited.
    ///
    /// Such a job has had runs, and is not known here as one that goes on.
    fn may_be_resumed(&self, stored: &StoredJob) -> bool {
        let state = &stored.state;
        let known = self.jobs.find(state.incarnation);
        let known = known.and_then(|key| self.jobs.get(key));
        // Between two revisions, a pause may have begun and ended.
        let goes_on = known.is_some_and(|entry| {
            let before = &entry.stored.state;
            let is_next = state.revision <= before.revision.saturating_add(1);
            !entry.is_ahead && !before.paused && is_next
        });
        !state.paused && state.token > 0 && !goes_on
    }

    /// Arms the timer for the next fire time of a job if it is near, and forgets the job if nothing
    /// else keeps it here.
    pub(crate) fn schedule(&mut self, key: JobKey, effects: &mut Effects<N>, now: i64) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let start = if entry.code.is_some() && !self.is_leaving {
            start_of(&entry.stored)
        } else {
            None
        };
        self.park_or_revive(key, effects, now);
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        if let Some(start) = start {
            if start <= now.saturating_add(ahead_micros()) {
                let revision = entry.stored.state.revision;
                effects.at(start, key.incarnation, Alarm::Job { key, revision });
                entry.phase = Phase::Armed;
                return;
            }
            self.window.note(start);
        }
        (entry.phase, entry.is_urgent) = (Phase::Idle, false);
        if entry.is_idle() {
            self.jobs.remove(key);
        }
    }

    /// Ensures that jobs beyond the window are read in time.
    pub(crate) fn arm_refill(&mut self, effects: &mut Effects<N>, now: i64) {
        let Some(beyond) = self.window.beyond.filter(|_| !self.is_leaving) else {
            return;
        };
        let at = if self.window.is_cut {
            // It is read again when its due jobs are decided. This node may be able to run none.
            beyond.max(now.saturating_add(CUT_FOR))
        } else {
            beyond.saturating_sub(ahead_micros() / 2).max(now)
        };
        if self.window.refill_at.is_none_or(|armed| at < armed) {
            self.disarm_refill(effects);
            self.window.refill_at = Some(at);
            effects.at(at, 0, Alarm::Refill { store: self.id });
        }
    }

    /// Disarms the refill. An alarm for a job that is due in years would stay in memory as long.
    pub(crate) fn disarm_refill(&mut self, effects: &mut Effects<N>) {
        if let Some(at) = self.window.refill_at.take() {
            effects.cancel_at(at, Alarm::Refill { store: self.id });
        }
    }
}

/// Returns the incarnation and the revision of a row.
fn named(stored: &StoredJob) -> (u64, u64) {
    (stored.state.incarnation, stored.state.revision)
}

fn waiting_job(stored: &StoredJob, now: i64) -> WaitingJob {
    WaitingJob::new(
        stored.job.id().clone(),
        stored.state.birth,
        Arc::clone(stored.job.task()),
        instant(now),
    )
}

/// Returns the time at which the scheduler has to look at a job, which is its next fire time
/// delayed by its jitter.
pub(crate) fn start_of(stored: &StoredJob) -> Option<i64> {
    let start = next_start(&stored.job.view(&stored.state))?;
    Some(start.timestamp_micros())
}
