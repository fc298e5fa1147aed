//! Runs that are not over.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use punctual_core::{CancelReason, JobId, Origin, Run, RunId, RunKey, RunState};

use super::ledger::at;
use super::rows::NONE;
use crate::OpenState;

#[derive(Debug, Clone)]
pub(super) struct Open {
    /// The row it belongs to, by the incarnation it was added with.
    pub(super) birth: u64,
    pub(super) incarnation: u64,
    pub(super) fire_time: i64,
    pub(super) opened: i64,
    pub(super) token: u64,
    pub(super) epoch: u64,
    /// The name of the node that has it; `NONE` while it waits.
    pub(super) node: u32,
    pub(super) history: u32,
    pub(super) origin: Origin,
    pub(super) is_queued: bool,
    /// Whether its end frees the instance: it is the last run of it.
    pub(super) ends_instance: bool,
    /// Why it is to be cancelled, if it is.
    pub(super) cancel: Option<CancelReason>,
    /// What there is of few runs only.
    pub(super) past: Option<Box<Past>>,
}

/// What a run has been through before it went on.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    pub(super) reruns: u32,
    pub(super) attempts: u32,
    pub(super) started: Option<i64>,
    pub(super) failure: Option<Box<str>>,
    /// When the next attempt is due, while it waits for that.
    pub(super) due: Option<i64>,
}

impl Open {
    pub(super) fn key(&self) -> RunKey {
        RunKey {
            incarnation: self.incarnation,
            origin: self.origin,
            fire_time: at(self.fire_time),
        }
    }

    pub(super) fn state(&self) -> OpenState {
        let due = self.past.as_ref().and_then(|past| past.due);
        match due {
            _ if self.is_queued => OpenState::Queued,
            Some(due) => OpenState::Retrying { due },
            None => OpenState::Running,
        }
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
        }
        run.node = node.map(Into::into);
        run
    }
}

/// The open runs. Numbers grow, and the oldest runs tend to end first: an ordered map touches its
/// two ends, where a hash map would touch memory all over.
#[derive(Debug, Default)]
pub(super) struct OpenRuns {
    runs: BTreeMap<RunId, Open>,
    /// Those that belong to no node, by the birth of their job.
    waiting: BTreeMap<u64, BTreeSet<RunId>>,
    /// Those that newer ones replace, by the birth of their job.
    replaceable: HashMap<u64, BTreeSet<RunId>>,
}

impl OpenRuns {
    pub(super) fn insert(&mut self, id: RunId, open: Open, is_replaceable: bool) {
        if open.node == NONE {
            self.waiting.entry(open.birth).or_default().insert(id);
        }
        if is_replaceable {
            self.replaceable.entry(open.birth).or_default().insert(id);
        }
        self.runs.insert(id, open);
    }

    pub(super) fn get(&self, id: RunId) -> Option<&Open> {
        self.runs.get(&id)
    }

    /// Changes a run. It may begin or cease to wait by it.
    pub(super) fn change(&mut self, id: RunId, change: impl FnOnce(&mut Open)) {
        let Some(open) = self.runs.get_mut(&id) else {
            return;
        };
        let was_free = open.node == NONE;
        change(open);
        let (birth, is_free) = (open.birth, open.node == NONE);
        match (was_free, is_free) {
            (false, true) => {
                self.waiting.entry(birth).or_default().insert(id);
            }
            (true, false) => self.waits_no_more(birth, id),
            _ => {}
        }
    }

    fn waits_no_more(&mut self, birth: u64, id: RunId) {
        if let Some(waiting) = self.waiting.get_mut(&birth) {
            waiting.remove(&id);
            if waiting.is_empty() {
                self.waiting.remove(&birth);
            }
        }
    }

    pub(super) fn remove(&mut self, id: RunId) -> Option<Open> {
        let open = self.runs.remove(&id)?;
        if open.node == NONE {
            self.waits_no_more(open.birth, id);
        }
        if !self.replaceable.is_empty()
            && let Some(own) = self.replaceable.get_mut(&open.birth)
        {
            own.remove(&id);
            if own.is_empty() {
                self.replaceable.remove(&open.birth);
            }
        }
        Some(open)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RunId, &Open)> {
        self.runs.iter().map(|(id, open)| (*id, open))
    }

    /// The runs after this one.
    pub(super) fn after(&self, id: Option<RunId>) -> impl Iterator<Item = (RunId, &Open)> {
        let from = id.map_or(0, |id| id.0.saturating_add(1));
        self.runs.range(RunId(from)..).map(|(id, open)| (*id, open))
    }

    /// The waiting runs of a job.
    pub(super) fn waiting(&self, birth: u64) -> Vec<RunId> {
        let waiting = self.waiting.get(&birth);
        waiting.into_iter().flatten().copied().collect()
    }

    /// The births of all jobs with waiting runs, and the first of these.
    pub(super) fn all_waiting(&self) -> impl Iterator<Item = (u64, &BTreeSet<RunId>)> {
        self.waiting.iter().map(|(birth, runs)| (*birth, runs))
    }

    /// The runs of a job that nodes have, of which there should be as many instances.
    pub(super) fn under_way(&self, birth: u64, instances: u32) -> Vec<RunId> {
        let is_its = |open: &Open| open.birth == birth && open.node != NONE;
        let noted = self.replaceable.get(&birth);
        let noted: Vec<_> = noted
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| self.get(*id).is_some_and(is_its))
            .collect();
        if noted.len() >= instances as usize {
            return noted;
        }
        // Some were opened under another policy.
        let all = self.iter().filter(|(_, open)| is_its(open));
        all.map(|(id, _)| id).collect()
    }
}
