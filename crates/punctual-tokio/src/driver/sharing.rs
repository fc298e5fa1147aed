//! Jobs that are left to the node whose share they are in, and claimed here if it does not come.

use chrono::TimeDelta;
use punctual_store::{DueJobs, DueRequest, NodeInfo, StoredJob};

use super::window::{ahead_micros, start_of};
use super::{Alarm, Driver};
use crate::jobs::JobKey;
use crate::partition::{Left, Partition, Phase};
use crate::share::{LONGEST_PATIENCE, patience};
use crate::worker::Read;

/// Jobs that are read at a time when they were left to others and not claimed.
const ROOM: usize = 4_096;

impl Driver {
    /// These nodes share the store from now on.
    pub(super) fn deal(&mut self, store: u32, nodes: Vec<NodeInfo>) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        let Some(own) = partition.lease.as_ref().map(|lease| &lease.node) else {
            return;
        };
        partition.share.deal(own, nodes);
        self.ask_for_window(store);
    }

    /// Looks whether jobs that were left to others wait for too long, unless this node has enough
    /// to do.
    pub(super) fn look_for_left(&mut self, store: u32) {
        let begins_runs = self.begins_runs();
        let (now, time) = (self.core.clock.micros(), self.core.clock.now());
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        partition.left.is_armed = false;
        if !begins_runs || partition.is_leaving || partition.share.is_alone() {
            return;
        }
        if partition.left.until <= now {
            return self.ask_for_window(store);
        }
        let half = TimeDelta::microseconds(partition.left.patience / 2);
        if partition.due.is_empty() && partition.outbox.claims.is_empty() {
            let tasks = self.core.tasks_of(&*partition.store);
            let request = DueRequest::through(time - half, ROOM).tasks(tasks);
            if let Some(requests) = &partition.requests {
                // While other reads are on their way it looks the next time.
                let _ = requests.reads.try_send(Read::Left(request));
            }
        }
        self.look_later(store, now);
    }

    /// Sees to it that this node looks for what it leaves to others.
    pub(super) fn look_later(&mut self, store: u32, now: i64) {
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        let left = &mut partition.left;
        if left.until > now && !left.is_armed {
            left.is_armed = true;
            let at = now.saturating_add(left.patience / 2);
            self.timer.at(at, 0, Alarm::Left { store });
        }
    }

    /// Takes in what its owners have not claimed in time.
    pub(super) fn take_left(&mut self, store: u32, left: DueJobs) {
        let now = self.core.clock.micros();
        let Some(partition) = self.partitions.get_mut(&store) else {
            return;
        };
        for due in left.jobs {
            if !partition.leaves(&due.stored, now) {
                partition.adopt(due, &self.core, &mut self.timer, now);
            }
        }
    }

    /// The store has answered a claim of a job.
    pub(super) fn note_claim(&mut self, key: JobKey, is_won: bool, now: i64) {
        let Some(partition) = self.partitions.get_mut(&key.store) else {
            return;
        };
        if partition.share.is_alone() {
            return;
        }
        let Some(entry) = partition.jobs.get(key) else {
            return;
        };
        let (task, birth) = (entry.stored.job.task(), entry.stored.state.birth);
        if partition.share.claimed(task, birth, is_won, now) {
            self.ask_for_window(key.store);
        }
    }
}

impl Left {
    /// Nothing is left to others so far.
    pub(super) fn nothing(&mut self) {
        self.patience = LONGEST_PATIENCE;
        self.until = i64::MIN;
    }
}

impl Partition {
    /// Whether a job is for the node whose share it is in, for now.
    pub(super) fn leaves(&mut self, stored: &StoredJob, now: i64) -> bool {
        if self.share.is_alone() {
            return false;
        }
        let near = now.saturating_add(ahead_micros());
        let Some(start) = start_of(stored).filter(|start| *start <= near) else {
            return false;
        };
        let patience = patience(stored.job.policies());
        let birth = stored.state.birth;
        let wait = self.share.wait(stored.job.task(), birth, patience, now);
        if wait == 0 || now.saturating_sub(start) >= wait {
            return false;
        }
        self.left.patience = self.left.patience.min(patience);
        self.left.until = near;
        true
    }

    /// Lets this node claim a job that an edit has made due, whosever share it is in.
    pub(super) fn hurry(&mut self, incarnation: u64, is_urgent: bool) {
        if let Some(key) = self.jobs.find(incarnation)
            && let Some(entry) = self.jobs.get_mut(key)
        {
            entry.is_urgent = is_urgent && entry.phase == Phase::Armed;
        }
    }

    /// Forgets a job that is due and for another node.
    pub(super) fn leave(&mut self, key: JobKey) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.phase = Phase::Idle;
            if entry.is_idle() {
                self.jobs.remove(key);
            }
        }
    }
}
