//! Runs without an outcome.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use punctual_core::{CancelReason, JobId, Origin, Run, RunId, RunKey, RunState};

use hashbrown::HashMap;
use slab::Slab;

use super::ledger::{args_of, at};
use super::rows::NONE;
use crate::OpenState;

#[derive(Debug, Clone)]
pub(super) struct Open {
    /// The birth of its job, by which its row is found.
    pub(super) birth: u64,
    pub(super) incarnation: u64,
    pub(super) fire_time: i64,
    pub(super) opened: i64,
    pub(super) token: u64,
    pub(super) epoch: u64,
    /// The index of the name of the node that has the run, or `NONE` while it waits.
    pub(super) node: u32,
    pub(super) history: u32,
    pub(super) origin: Origin,
    pub(super) is_queued: bool,
    /// True if the end of the run frees the instance, since it is the last run of the instance.
    pub(super) ends_instance: bool,
    /// The reason for which the run is to be cancelled, if it is.
    pub(super) cancel: Option<CancelReason>,
    /// Values that few runs have, in a box of their own to keep the rest small.
    pub(super) past: Option<Box<Past>>,
}

/// The earlier attempts of a run that goes on, and the arguments of a run by hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    pub(super) reruns: u32,
    pub(super) attempts: u32,
    pub(super) started: Option<i64>,
    pub(super) failure: Option<Box<str>>,
    /// The time of the next attempt, while the run waits for it.
    pub(super) due: Option<i64>,
    /// The arguments of the run as JSON text, if they are not those of its job.
    pub(super) args: Option<Arc<str>>,
}

impl Open {
    pub(super) fn key(&self) -> RunKey {
        RunKey {
            incarnation: self.incarnation,
            origin: self.origin,
            fire_time: at(self.fire_time),
        }
    }

    /// Returns true if a node has the run by this epoch or an earlier one.
    pub(super) fn is_of(&self, node: u32, epoch: u64) -> bool {
        self.node == node && self.epoch <= epoch
    }

    pub(super) fn state(&self) -> OpenState {
        let due = self.past.as_ref().and_then(|past| past.due);
        match due {
            _ if self.is_queued => OpenState::Queued,
            Some(due) => OpenState::Retrying { due },
            None => OpenState::Running,
        }
    }

    /// Returns the state that the run waits in, if no node has it.
    fn wait(&self) -> Option<OpenState> {
        (self.node == NONE).then(|| self.state())
    }

    pub(super) fn run(&self, id: RunId, job: &JobId, node: Option<&str>) -> Run {
        let mut run = Run::queued(id, job.clone(), self.key());
        run.opened = at(self.opened);
        run.state = match self.state() {
            OpenState::Queued => RunState::Queued,
            OpenState::Running => RunState::Running,
            OpenState::Retrying { .. } => RunState::Retrying,
        };
        if let Some(past) = &self.past {
            run.attempts = past.attempts;
            run.started = past.started.map(at);
            run.error = past.failure.as_deref().map(Into::into);
            run.args = past.args.as_deref().map(args_of);
        }
        run.node = node.map(Into::into);
        run
    }
}

/// The number of places that are kept when the last open run has ended.
const KEPT: usize = 4_096;

/// The open runs, by number.
///
/// Each run costs one insertion and one removal here. No order is kept, and the rare callers that
/// need one sort. New runs use the places of ended ones again, so that the runs lie close together.
#[derive(Debug, Default)]
pub(super) struct OpenRuns {
    places: HashMap<RunId, u32>,
    runs: Slab<(RunId, Open)>,
    /// The runs of jobs whose runs replace each other, by the birth of the job. To note the runs of
    /// all jobs here would cost time for each run.
    replaceable: BTreeSet<(u64, RunId)>,
    /// The runs that belong to no node, by the birth of the job.
    waiting: BTreeSet<(u64, RunId)>,
    /// The waiting runs that wait for room, by the birth of the job.
    queued: BTreeSet<(u64, RunId)>,
    /// The waiting runs that wait for their next attempt, by the time of the attempt.
    retrying: BTreeSet<(i64, RunId)>,
}

impl OpenRuns {
    pub(super) fn insert(&mut self, id: RunId, open: Open, is_replaceable: bool) {
        if is_replaceable {
            self.replaceable.insert((open.birth, id));
        }
        self.enter(id, open.birth, open.wait());
        let place = self.runs.insert((id, open));
        self.places.insert(id, place as u32);
    }

    pub(super) fn get(&self, id: RunId) -> Option<&Open> {
        let place = *self.places.get(&id)?;
        self.runs.get(place as usize).map(|(_, open)| open)
    }

    /// Changes a run. By the change the run may begin to wait or stop waiting.
    pub(super) fn change(&mut self, id: RunId, change: impl FnOnce(&mut Open)) {
        let place = self.places.get(&id).map(|place| *place as usize);
        let Some((_, open)) = place.and_then(|place| self.runs.get_mut(place)) else {
            return;
        };
        let before = open.wait();
        change(open);
        let (birth, after) = (open.birth, open.wait());
        if before != after {
            self.leave(id, birth, before);
            self.enter(id, birth, after);
        }
    }

    pub(super) fn remove(&mut self, id: RunId) -> Option<Open> {
        let place = self.places.remove(&id)?;
        let (_, open) = self.runs.try_remove(place as usize)?;
        if self.runs.is_empty() && self.runs.capacity() > KEPT {
            // Frees the places of a burst of runs, which each renewal would look through.
            self.runs = Slab::new();
        }
        self.leave(id, open.birth, open.wait());
        if !self.replaceable.is_empty() {
            self.replaceable.remove(&(open.birth, id));
        }
        Some(open)
    }

    fn enter(&mut self, id: RunId, birth: u64, wait: Option<OpenState>) {
        let Some(wait) = wait else {
            return;
        };
        self.waiting.insert((birth, id));
        match wait {
            OpenState::Queued => self.queued.insert((birth, id)),
            OpenState::Retrying { due } => self.retrying.insert((due, id)),
            OpenState::Running => false,
        };
    }

    fn leave(&mut self, id: RunId, birth: u64, wait: Option<OpenState>) {
        let Some(wait) = wait else {
            return;
        };
        self.waiting.remove(&(birth, id));
        match wait {
            OpenState::Queued => self.queued.remove(&(birth, id)),
            OpenState::Retrying { due } => self.retrying.remove(&(due, id)),
            OpenState::Running => false,
        };
    }

    /// Returns all runs, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RunId, &Open)> {
        self.runs.iter().map(|(_, (id, open))| (*id, open))
    }

    /// Returns the runs that `is_meant` selects, in the order of their numbers.
    pub(super) fn in_order(&self, is_meant: impl Fn(RunId, &Open) -> bool) -> Vec<(RunId, &Open)> {
        let meant = self.iter().filter(|(id, open)| is_meant(*id, open));
        let mut meant: Vec<_> = meant.collect();
        meant.sort_unstable_by_key(|(id, _)| *id);
        meant
    }

    /// Returns the runs of a job that belong to no node.
    pub(super) fn waiting(&self, birth: u64) -> Vec<RunId> {
        of_job(&self.waiting, birth).collect()
    }

    /// Returns the runs of a job that nodes have. They belong to at least `instances` instances.
    pub(super) fn under_way(&self, birth: u64, instances: u32) -> Vec<RunId> {
        let is_its = |open: &Open| open.birth == birth && open.node != NONE;
        let noted = of_job(&self.replaceable, birth);
        let noted: Vec<_> = noted
            .filter(|id| self.get(*id).is_some_and(is_its))
            .collect();
        let ends = |id: &&RunId| self.get(**id).is_some_and(|open| open.ends_instance);
        if noted.iter().filter(ends).count() >= instances as usize {
            return noted;
        }
        // Some runs were opened under another policy and are not in `replaceable`.
        let all = self.in_order(|_, open| is_its(open));
        all.into_iter().map(|(id, _)| id).collect()
    }

    /// Returns the births of jobs with runs that wait for room.
    pub(super) fn queued(&self) -> impl Iterator<Item = u64> {
        let first = self.queued.first().map(|(birth, _)| *birth);
        std::iter::successors(first, |birth| {
            let next = self
                .queued
                .range((birth.checked_add(1)?, RunId(0))..)
                .next();
            next.map(|(birth, _)| *birth)
        })
    }

    /// Returns the times of the attempts that are due through a time, the earliest first, each with
    /// the birth of its job.
    pub(super) fn due(&self, through: i64) -> impl Iterator<Item = (i64, u64)> {
        let due = self.retrying.range(..=(through, RunId(u64::MAX)));
        due.filter_map(|(due, id)| Some((*due, self.get(*id)?.birth)))
    }

    /// Returns the time of the first attempt that is due after a time.
    pub(super) fn due_after(&self, through: i64) -> Option<i64> {
        let beyond = (
            Bound::Excluded((through, RunId(u64::MAX))),
            Bound::Unbounded,
        );
        self.retrying.range(beyond).next().map(|(due, _)| *due)
    }
}

fn of_job(runs: &BTreeSet<(u64, RunId)>, birth: u64) -> impl Iterator<Item = RunId> {
    let own = runs.range((birth, RunId(0))..=(birth, RunId(u64::MAX)));
    own.map(|(_, id)| *id)
}
