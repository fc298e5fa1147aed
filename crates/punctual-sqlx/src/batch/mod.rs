//! What a claim makes of rows, as values: the same in every database.
//!
//! A store reads the rows that a request names, under their locks, lets a [`Batch`] decide, and
//! writes what it says, all in one transaction. Nothing here waits for anything.

mod decide;
mod end;
mod fate;
mod rows;

pub(crate) use decide::keys;
pub(crate) use fate::{Fate, instances};
pub(crate) use rows::{Counted, Ended, NewRun, OpenRow, Verdict};

use std::collections::{HashMap, HashSet};

use punctual_core::{RunId, RunKey};
use punctual_store::{Claim, ClaimKind, Lease};

/// The rows of one request, and what becomes of them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) jobs: Vec<Counted>,
    by_id: HashMap<Box<str>, usize>,
    by_birth: HashMap<i64, usize>,
    open: HashMap<RunId, OpenRow>,
    /// Keys that runs have already.
    used: HashSet<RunKey>,
    next_run: u64,
    now: i64,
    /// Who asks.
    by: Option<Lease>,
    /// What is to be written besides the jobs.
    pub(crate) ended: Vec<Ended>,
    pub(crate) opened: Vec<NewRun>,
    pub(crate) promoted: Vec<RunId>,
}

impl Batch {
    /// A batch that numbers its runs from `next_run` on.
    pub(crate) fn new(now: i64, next_run: u64) -> Self {
        Self {
            now,
            next_run,
            ..Self::default()
        }
    }

    /// The same for a node, which promotes only what is its own.
    pub(crate) fn by(self, node: &Lease) -> Self {
        Self {
            by: Some(node.clone()),
            ..self
        }
    }

    pub(crate) fn with_job(&mut self, job: Counted) {
        self.by_id.insert(job.id.clone(), self.jobs.len());
        self.by_birth.insert(job.birth, self.jobs.len());
        self.jobs.push(job);
    }

    pub(crate) fn with_open(&mut self, run: OpenRow) {
        self.open.insert(run.id, run);
    }

    pub(crate) fn with_used(&mut self, key: RunKey) {
        self.used.insert(key);
    }

    /// Jobs that cannot be read do not leave: nobody could tell what they were.
    pub(crate) fn keep_unless(&mut self, is_readable: impl Fn(i64) -> bool) {
        for job in &mut self.jobs {
            job.is_gone &= is_readable(job.birth);
        }
    }

    fn job_of(&mut self, birth: i64) -> Option<&mut Counted> {
        let index = self.by_birth.get(&birth)?;
        self.jobs.get_mut(*index).filter(|job| !job.is_gone)
    }

    /// The numbers from here on are free.
    pub(crate) fn next_run(&mut self) -> RunId {
        let id = RunId(self.next_run);
        self.next_run += 1;
        id
    }
}

/// How many numbers these claims may need at most.
pub(crate) fn numbers(claims: &[Claim]) -> u64 {
    let of = |claim: &Claim| match &claim.kind {
        ClaimKind::Advance { plan, .. } | ClaimKind::Manual { plan } => {
            plan.start.len() + plan.queue.len() + RANGES
        }
        ClaimKind::Promote { .. } => 0,
    };
    claims.iter().map(of).sum::<usize>() as u64
}

/// Missed, coalesced, skipped.
const RANGES: usize = 3;
