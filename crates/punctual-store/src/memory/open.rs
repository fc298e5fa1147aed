//! Runs that are not over.

use std::collections::BTreeMap;

use punctual_core::{JobId, Origin, Run, RunId, RunKey, RunState};

use super::ledger::at;

#[derive(Debug, Clone)]
pub(super) struct Open {
    /// The row it belongs to, by the incarnation it was added with.
    pub(super) birth: u64,
    pub(super) incarnation: u64,
    pub(super) fire_time: i64,
    pub(super) epoch: u64,
    pub(super) node: u32,
    pub(super) history: u32,
    pub(super) origin: Origin,
    pub(super) is_queued: bool,
    /// Whether its end frees the instance: it is the last run of it.
    pub(super) holds: bool,
    /// Whether somebody asked to cancel it.
    pub(super) is_unwanted: bool,
    /// How often it was begun by nodes that died.
    pub(super) reruns: u32,
}

/// Numbers grow, and the oldest runs tend to end first: an ordered map touches its two ends, where
/// a hash map would touch memory all over.
pub(super) type OpenRuns = BTreeMap<RunId, Open>;

impl Open {
    pub(super) fn key(&self) -> RunKey {
        RunKey {
            incarnation: self.incarnation,
            origin: self.origin,
            fire_time: at(self.fire_time),
        }
    }

    pub(super) fn run(&self, id: RunId, job: &JobId, node: Option<&str>) -> Run {
        let mut run = Run::queued(id, job.clone(), self.key());
        if !self.is_queued {
            run.state = RunState::Running;
        }
        run.node = node.map(Into::into);
        run
    }
}
