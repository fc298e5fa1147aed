//! Jobs that are left to their owner, and claimed on this node if the owner does not claim them.

use std::time::Duration;

use chrono::TimeDelta;
use punctual_store::{DueJobs, DueRequest, Peer, StoredJob};

use crate::alarm::Alarm;
use crate::effect::{Effect, Effects, Read};
use crate::entry::Phase;
use crate::key::JobKey;
use crate::machine::{Machine, instant};
use crate::node::Node;
use crate::share::{LONGEST_PATIENCE, patience};
use crate::store::{Left, StoreState};
use crate::tell::Tell;
use crate::window::{ahead_micros, start_of};

/// The number of jobs in one read of those that were left to other nodes and not claimed.
const PAGE: usize = 1_024;
/// The limits for the number of these jobs that are claimed at a time. The lower limit holds even
/// after another node came first.
const ROOM: std::ops::RangeInclusive<usize> = 8..=4_096;

impl<N: Node> Machine<N> {
    /// Deals the jobs of a store among these nodes from now on.
    pub(crate) fn deal(&mut self, store: u32, nodes: Vec<Peer>) {
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        let Some(own) = &state.lease else {
            return;
        };
        let together = self.node.capabilities(store).dealt_together;
        state.share.deal(own, nodes, together);
        self.ask_for_window(store);
    }

    /// Looks for jobs that were left to other nodes and wait for too long, unless this node is late
    /// with its own jobs.
    pub(crate) fn look_for_left(&mut self, store: u32) {
        let begins_runs = self.begins_runs();
        let (now, time) = (self.now, instant(self.now));
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        state.left.is_armed = false;
        if !begins_runs || state.is_leaving || state.share.is_alone() {
            return;
        }
        if state.left.until <= now {
            return self.ask_for_window(store);
        }
        if !state.left.is_asked && !state.is_late(now) {
            let half = TimeDelta::microseconds(state.left.patience / 2);
            let tasks = self.node.tasks_of(store);
            let request = DueRequest::through(time - half, PAGE).tasks(tasks);
            let request = request.after(state.left.after);
            state.ask_for_left(request, &mut self.effects);
        }
        self.look_later(store, now);
    }

    /// Arms the next look for jobs that are left to other nodes.
    pub(crate) fn look_later(&mut self, store: u32, now: i64) {
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        let left = &mut state.left;
        if left.until > now && !left.is_armed {
            left.is_armed = true;
            // A span and not a wall time, since the clock may be set in between.
            let half = Duration::from_micros(left.patience.unsigned_abs() / 2);
            self.effects.after(half, Alarm::Left { store });
        }
    }

    /// Takes over jobs that their owners have not claimed in time.
    pub(crate) fn take_left(&mut self, store: u32, left: DueJobs) {
        let now = self.now;
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        state.left.is_asked = false;
        let mut room = state.left.room;
        let mut can_none = true;
        for due in left.jobs {
            if !state.takes_over(&due.stored, now) || self.node.code_of(&due.stored.job).is_err() {
                continue;
            }
            can_none = false;
            if room == 0 {
                break;
            }
            room -= 1;
            let incarnation = due.stored.state.incarnation;
            state.adopt(due, &self.node, &mut self.effects, now);
            state.hurry(incarnation, true);
        }
        // Jobs that this node cannot run must not hide the jobs after them.
        state.left.after = left.next.filter(|_| can_none);
        state.reads.end();
    }

    /// Notes the answer of the store to a claim of a job.
    pub(crate) fn note_claim(&mut self, key: JobKey, is_won: bool, now: i64) {
        let Some(state) = self.stores.get_mut(&key.store) else {
            return;
        };
        if state.share.is_alone() {
            return;
        }
        let Some(entry) = state.jobs.get(key) else {
            return;
        };
        let (task, birth) = (entry.stored.job.task(), entry.stored.state.birth);
        let Some(owner) = state.share.owner(task, birth, now) else {
            return;
        };
        state.left.helped(is_won);
        if owner.was_helped(is_won, now) {
            let node = owner.name();
            self.effects.tell(Tell::LeftOut { node });
            self.ask_for_window(key.store);
        }
    }
}

impl Left {
    /// Resets the jobs that are left to other nodes to none.
    pub(crate) fn nothing(&mut self) {
        self.patience = LONGEST_PATIENCE;
        self.until = i64::MIN;
        self.first = i64::MAX;
    }

    /// Takes more of these jobs as long as no other node claims them, and far fewer once another
    /// node comes first. The other nodes are then late, and not gone.
    fn helped(&mut self, is_won: bool) {
        self.room = if is_won { self.room + 1 } else { self.room / 2 };
        self.room = self.room.clamp(*ROOM.start(), *ROOM.end());
    }
}

impl<N: Node> StoreState<N> {
    /// Returns true if a job that is due soon is in the share of another node.
    ///
    /// This node then checks soon whether the other node has claimed it.
    pub(crate) fn leaves(&mut self, stored: &StoredJob, now: i64) -> bool {
        let near = now.saturating_add(ahead_micros());
        let is_near = || start_of(stored).is_some_and(|start| start <= near);
        if self.share.is_alone() || self.wait(stored, now) == 0 || !is_near() {
            return false;
        }
        if let Some(start) = start_of(stored) {
            self.left.first = self.left.first.min(start);
        }
        let patience = patience(stored.job.policies());
        self.left.patience = self.left.patience.min(patience);
        self.left.until = near;
        true
    }

    /// Asks for jobs that were left to other nodes.
    fn ask_for_left(&mut self, request: DueRequest, effects: &mut Effects<N>) {
        let (store, read) = (self.id, Read::Left(request));
        effects.push(Effect::Read { store, read });
        self.left.is_asked = true;
        self.reads.begin();
    }

    /// Returns true if this node is late with its own claims. The oldest due job comes first.
    fn is_late(&self, now: i64) -> bool {
        let oldest = self.due.front().and_then(|key| self.jobs.get(*key));
        let start = oldest.and_then(|entry| start_of(&entry.stored));
        start.is_some_and(|start| now.saturating_sub(start) >= LONGEST_PATIENCE)
    }

    /// Returns true if the owner of a job, and the nodes that come before this one, have not
    /// claimed it in time.
    fn takes_over(&self, stored: &StoredJob, now: i64) -> bool {
        let late = start_of(stored).map(|start| now.saturating_sub(start));
        let is_late = late.is_some_and(|late| late >= self.wait(stored, now));
        let known = self.jobs.find(stored.state.incarnation);
        let known = known.and_then(|key| self.jobs.get(key));
        let is_claimed = known.is_some_and(|entry| entry.phase != Phase::Idle);
        is_late && !is_claimed && !self.reads.is_outdated(&stored.state)
    }

    fn wait(&self, stored: &StoredJob, now: i64) -> i64 {
        let (job, birth) = (&stored.job, stored.state.birth);
        let patience = patience(job.policies());
        self.share.wait(job.task(), birth, patience, now)
    }

    /// Lets this node claim a job that an edit has made due, even if it is in the share of another
    /// node.
    pub(crate) fn hurry(&mut self, incarnation: u64, is_urgent: bool) {
        if let Some(key) = self.jobs.find(incarnation)
            && let Some(entry) = self.jobs.get_mut(key)
        {
            entry.is_urgent = is_urgent && entry.phase == Phase::Armed;
        }
    }

    /// Forgets a job that is due and is left to another node.
    pub(crate) fn leave(&mut self, key: JobKey) {
        if let Some(entry) = self.jobs.get_mut(key) {
            entry.phase = Phase::Idle;
            if entry.is_idle() {
                self.jobs.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_jobs_are_taken_over_while_no_other_node_claims_them_and_far_fewer_once_one_does() {
        let mut left = Left::default();
        left.helped(true);
        assert_eq!(left.room, 257);
        left.helped(false);
        assert_eq!(left.room, 128);
        for _ in 0..10 {
            left.helped(false);
        }
        assert_eq!(left.room, 8);
        left.room = 4_096;
        left.helped(true);
        assert_eq!(left.room, 4_096);
    }

    #[test]
    fn after_a_new_window_nothing_is_left_to_others_until_a_job_is() {
        let mut left = Left {
            patience: 1,
            until: 2,
            first: 3,
            ..Left::default()
        };
        left.nothing();
        let none = Left::default();
        assert_eq!(
            (left.patience, left.until, left.first),
            (none.patience, none.until, none.first)
        );
    }
}
