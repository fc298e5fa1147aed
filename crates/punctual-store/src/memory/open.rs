//! Runs that are not over.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

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
}

pub(super) type OpenRuns = HashMap<RunId, Open, BuildHasherDefault<NumberHasher>>;

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

/// Run numbers are our own and follow each other: multiplication spreads them well enough.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(26) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}
