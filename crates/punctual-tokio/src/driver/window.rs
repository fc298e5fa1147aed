//! Which jobs are known here: those due soon. The store knows all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::MissReason;
use punctual_core::plan::{Next, plan};
use punctual_store::{ChangedJobs, DueJob, DueJobs, DueRequest, StoredJob, WaitingJob};

use super::{Alarm, Driver, log};
use crate::clock::instant;
use crate::core::Core;
use crate::jobs::JobKey;
use crate::partition::{Entry, Partition, Phase};
use crate::timer::Timer;
use crate::worker::Read;

/// Jobs due within this time are known here.
const AHEAD: Duration = Duration::from_secs(60);
/// At most so many of them, some 30 MB.
const ROOM: usize = 131_072;

/// A parked job that was removed meanwhile is forgotten with the next reading of the store. There is
/// one within this time, an hour, in microseconds.
pub(super) const PARKED_FOR: i64 = 3_600_000_000;

pub(super) fn ahead_micros() -> i64 {
    i64::try_from(AHEAD.as_micros()).unwrap_or(i64::MAX)
}

impl Driver {
    pub(super) fn ask_for_window(&mut self, store: u32) {
        let through = self.core.clock.now() + TimeDelta::microseconds(ahead_micros());
        #[cfg(feature = "testing")]
        let through = self.read_through(store, through);
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        if partition.is_leaving {
            return;
        }
        if partition.window.is_asked {
            partition.window.ask_again = true;
            return;
        }
        let tasks = self.core.tasks_of(&*partition.store);
        let request = Read::Due(DueRequest::through(through, ROOM).tasks(tasks));
        let sent = partition
            .requests
            .as_ref()
            .is_some_and(|requests| requests.reads.try_send(request).is_ok());
        partition.window.is_asked = sent;
        // The store has enough to read for now.
        partition.window.ask_again |= !sent;
        if sent {
            #[cfg(feature = "testing")]
            self.clerk.reads_all.remove(&store);
            partition.window.ask_again = false;
            partition.reads.begin();
            // What is noted from here on may be newer than what the store reads.
            partition.window.beyond = None;
        }
    }

    /// Asks for the windows again that could not be asked for.
    pub(super) fn ask_for_windows_again(&mut self) {
        let lacks = |own: &&Partition| own.window.ask_again && !own.window.is_asked;
        let lacking = self.partitions.values().filter(lacks);
        let stores: Vec<u32> = lacking.map(|own| own.id).collect();
        for store in stores {
            self.ask_for_window(store);
        }
    }

    pub(super) fn take_window(&mut self, store: u32, window: DueJobs) {
        let now = self.core.clock.micros();
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.window.is_asked = false;
        partition.window.is_cut = window.next.is_some();
        if let Some(beyond) = window.beyond {
            partition.window.note(beyond.timestamp_micros());
        }
        partition.forget_parked(&window, now);
        partition.left.nothing();
        for due in window.jobs {
            let is_outdated = partition.reads.is_outdated(&due.stored.state);
            if !is_outdated && !partition.leaves(&due.stored, now) {
                partition.adopt(due, &self.core, &mut self.timer, now);
            }
        }
        partition.reads.end();
        partition.arm_refill(&mut self.timer, now);
        self.look_later(store, now);
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        if std::mem::take(&mut partition.window.ask_again) {
            self.ask_for_window(store);
        }
        self.jobs_wait(store, window.waiting);
    }

    pub(super) fn take_changes(&mut self, store: u32, changed: ChangedJobs) {
        let ChangedJobs::These(jobs) = changed else {
            return self.ask_for_window(store);
        };
        let now = self.core.clock.micros();
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        let queues: Vec<_> = jobs
            .iter()
            .filter(|stored| stored.state.queued > 0 && !stored.state.paused)
            .map(|stored| waiting_job(stored, now))
            .collect();
        let was_resumed = jobs.iter().any(|stored| partition.may_be_resumed(stored));
        let asks_by_task = self.core.tasks_of(&*partition.store).is_some();
        for job in jobs {
            let is_known = partition.jobs.find(job.state.incarnation).is_some();
            if !is_known && asks_by_task && self.core.registry.get(job.job.task()).is_none() {
                continue;
            }
            // Other processes hear of an edit later: what it makes due is for who hears first.
            let is_due = start_of(&job).is_some_and(|start| start <= now);
            if is_known || is_due || !partition.leaves(&job, now) {
                let incarnation = job.state.incarnation;
                partition.adopt(job.into(), &self.core, &mut self.timer, now);
                partition.hurry(incarnation, is_due);
            }
        }
        partition.arm_refill(&mut self.timer, now);
        self.look_later(store, now);
        // The edit may have made room for what waits.
        self.jobs_wait(store, queues);
        if was_resumed {
            // The row does not say whether a run waits for its next attempt.
            self.ask_for_window(store);
        }
    }

    /// An executor was removed: its jobs are parked. What is just due finds no place to run.
    pub(super) fn park(&mut self, executor: &str) {
        let now = self.core.clock.micros();
        for partition in self.partitions.values_mut() {
            let its = partition.jobs.iter();
            let its: Vec<JobKey> = its
                .filter(|(_, entry)| entry.stored.job.executor() == executor)
                .map(|(key, _)| key)
                .collect();
            for key in its {
                let Some(entry) = partition.jobs.get_mut(key) else {
                    continue;
                };
                entry.code = None;
                if entry.phase == Phase::Armed {
                    partition.schedule(key, &mut self.timer, now);
                }
            }
            partition.arm_refill(&mut self.timer, now);
        }
    }

    pub(super) fn refill(&mut self, store: u32) {
        let now = self.core.clock.micros();
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.window.refill_at = None;
        let near = if partition.window.is_cut {
            now
        } else {
            now.saturating_add(ahead_micros())
        };
        if partition.window.beyond.is_some_and(|beyond| beyond <= near) {
            // A cut window is read again when what is due of it has been decided.
            if !partition.window.is_cut || partition.due.is_empty() {
                self.ask_for_window(store);
            }
        } else {
            partition.arm_refill(&mut self.timer, now);
        }
    }

    pub(super) fn job_is_due(&mut self, key: JobKey, revision: u64) {
        let now = self.core.clock.micros();
        let Some(partition) = self.partitions.get_mut(&key.store) else {
            return;
        };
        let is_current = |entry: &&mut Entry| {
            entry.phase == Phase::Armed && entry.stored.state.revision == revision
        };
        let Some(entry) = partition.jobs.get_mut(key).filter(is_current) else {
            return;
        };
        entry.phase = Phase::Due;
        if !entry.is_urgent && !partition.share.is_alone() {
            let stored = entry.stored.clone();
            if partition.leaves(&stored, now) {
                partition.leave(key);
                return self.look_later(key.store, now);
            }
        }
        let entry = partition.jobs.get_mut(key);
        if entry.is_some_and(|entry| !std::mem::replace(&mut entry.is_listed, true)) {
            partition.due.push_back(key);
        }
    }
}

impl Partition {
    /// Takes in what a job looks like now, unless something newer is known.
    pub(super) fn adopt(&mut self, due: DueJob, core: &Core, timer: &mut Timer<Alarm>, now: i64) {
        if self.is_leaving {
            return;
        }
        let state = &due.stored.state;
        let Some(key) = self.jobs.find(state.incarnation) else {
            let code = core.code_of(&due.stored.job);
            let mut entry = Entry::new(due.stored, code);
            entry.is_head = due.is_head;
            let key = self.jobs.insert(entry);
            return self.schedule(key, timer, now);
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
                if entry.code.is_none() {
                    entry.code = core.code_of(&entry.stored.job);
                }
            }
            Some(entry) => {
                entry.code = core.code_of(&due.stored.job);
                entry.take(due);
                entry.phase = Phase::Idle;
            }
            None => {}
        }
        self.schedule(key, timer, now);
    }

    /// Whether an edit may have ended a pause in which runs of the job waited: it has had runs, and is
    /// not known here as one that goes on.
    fn may_be_resumed(&self, stored: &StoredJob) -> bool {
        let state = &stored.state;
        let known = self.jobs.find(state.incarnation);
        let known = known.and_then(|key| self.jobs.get(key));
        let goes_on = known.is_some_and(|entry| !entry.stored.state.paused);
        !state.paused && state.token > 0 && !goes_on
    }

    /// Arms the timer for a job's next fire time if that is near, and forgets the job if nothing
    /// else keeps it here.
    pub(super) fn schedule(&mut self, key: JobKey, timer: &mut Timer<Alarm>, now: i64) {
        let Some(entry) = self.jobs.get_mut(key) else {
            return;
        };
        let start = if entry.code.is_some() && !self.is_leaving {
            start_of(&entry.stored)
        } else {
            None
        };
        if entry.code.is_none() {
            if self.parked.insert(key.incarnation) {
                self.window.note(now.saturating_add(PARKED_FOR));
                let (job, task) = (entry.stored.job.id(), entry.stored.job.task());
                let executor = entry.stored.job.executor();
                let kind = (Arc::clone(task), executor.into());
                let is_new = self.parked_tasks.insert(kind);
                log::parked(&self.health.voice, job, (task, executor), is_new);
            }
        } else if !self.parked.is_empty() && self.parked.remove(&key.incarnation) {
            entry.absent = (now, MissReason::Parked);
        }
        if let Some(start) = start {
            if start <= now.saturating_add(ahead_micros()) {
                let revision = entry.stored.state.revision;
                timer.at(start, key.incarnation, Alarm::Job { key, revision });
                entry.phase = Phase::Armed;
                return;
            }
            self.window.note(start);
        }
        entry.phase = Phase::Idle;
        if entry.is_idle() {
            self.jobs.remove(key);
        }
    }

    /// Forgets parked jobs that are gone: a window that is not cut holds all others.
    fn forget_parked(&mut self, window: &DueJobs, now: i64) {
        if self.window.is_cut || self.parked.is_empty() {
            return;
        }
        let seen = window.jobs.iter().map(|due| due.stored.state.incarnation);
        let seen: BTreeSet<u64> = seen.collect();
        self.parked.retain(|parked| seen.contains(parked));
        if !self.parked.is_empty() {
            self.window.note(now.saturating_add(PARKED_FOR));
        }
    }

    /// Sees to it that jobs beyond the window are read in time.
    pub(super) fn arm_refill(&mut self, timer: &mut Timer<Alarm>, now: i64) {
        let Some(beyond) = self.window.beyond.filter(|_| !self.is_leaving) else {
            return;
        };
        let early = if self.window.is_cut {
            0
        } else {
            ahead_micros() / 2
        };
        let at = beyond.saturating_sub(early).max(now);
        if self.window.refill_at.is_none_or(|armed| at < armed) {
            self.disarm_refill(timer);
            self.window.refill_at = Some(at);
            timer.at(at, 0, Alarm::Refill { store: self.id });
        }
    }

    /// An alarm for a job that is due in years would be in memory as long.
    pub(super) fn disarm_refill(&mut self, timer: &mut Timer<Alarm>) {
        if let Some(at) = self.window.refill_at.take() {
            timer.cancel_at(at, Alarm::Refill { store: self.id });
        }
    }
}

fn waiting_job(stored: &StoredJob, now: i64) -> WaitingJob {
    WaitingJob {
        id: stored.job.id().clone(),
        birth: stored.state.birth,
        task: Arc::clone(stored.job.task()),
        due: instant(now),
    }
}

/// When the scheduler has to look at a job: its next fire time, later by its jitter.
pub(super) fn start_of(stored: &StoredJob) -> Option<i64> {
    let state = &stored.state;
    let next = state.next_run_time.filter(|_| !state.paused)?;
    if stored.job.policies().jitter.longest().is_none() || !stored.job.trigger().is_bound() {
        return stored
            .job
            .trigger()
            .is_bound()
            .then(|| next.timestamp_micros());
    }
    match plan(&stored.job.view(state), DateTime::<Utc>::MIN_UTC).next {
        Next::At { start, .. } => Some(start.timestamp_micros()),
        _ => Some(next.timestamp_micros()),
    }
}
