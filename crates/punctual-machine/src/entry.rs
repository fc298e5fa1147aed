//! What the machine holds of one job: its row, what runs it, and where its next fire time stands.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::Absence;
use punctual_core::{Job, Outcome};
use punctual_store::{DueJob, StoredJob};

use crate::node::Node;

/// A job that is due soon, or has runs here.
pub(crate) struct Entry<N: Node> {
    pub(crate) stored: StoredJob,
    /// What runs it here; a job without is parked.
    pub(crate) code: Option<N::Code>,
    /// No node looked at this one.
    pub(crate) absent: Absence,
    pub(crate) phase: Phase,
    /// How many instances are under way here.
    pub(crate) instances: u32,
    /// What the driver keeps of them, while there are any.
    pub(crate) gate: N::Gate,
    /// How many runs by hand the store was asked for.
    pub(crate) asked: u32,
    /// How many were under way, and waited, on all nodes when the store last refused one.
    pub(crate) limit_seen: Option<(u32, u32)>,
    /// An edit that became known while a claim was on its way.
    pub(crate) newer: Option<Box<DueJob>>,
    /// Only its head is known: the arguments come with a claim.
    pub(crate) is_head: bool,
    /// It was edited and is due: it is not left to the node whose share it is in.
    pub(crate) is_urgent: bool,
    /// The first fire time, if it had passed when the job was added.
    pub(crate) past: Option<DateTime<Utc>>,
    /// What the log was told of the last fire times that did not run, if none has run since.
    pub(crate) told: Option<Outcome>,
    /// It has a place among the jobs that are due. It keeps that if an edit puts it off, until it
    /// is its turn, so that no number of edits during a pause gives it another.
    pub(crate) is_listed: bool,
}

/// Where the next fire time of a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is due soon.
    Idle,
    /// The timer is armed.
    Armed,
    /// It is due and waits for the next request to the store.
    Due,
    /// The store was asked.
    Claiming,
}

impl<N: Node> Entry<N> {
    pub(crate) fn new(stored: StoredJob, code: Option<N::Code>) -> Self {
        Self {
            stored,
            code,
            absent: Absence::NEVER,
            phase: Phase::Idle,
            instances: 0,
            gate: N::Gate::default(),
            asked: 0,
            limit_seen: None,
            newer: None,
            is_head: false,
            is_urgent: false,
            past: None,
            told: None,
            is_listed: false,
        }
    }

    pub(crate) fn incarnation(&self) -> u64 {
        self.stored.state.incarnation
    }

    /// Takes in how the row stands now, which says more than a claim that was refused before.
    pub(crate) fn take(&mut self, due: DueJob) {
        self.limit_seen = None;
        self.stored = due.stored;
        self.is_head = due.is_head;
    }

    /// Looks for what runs it, if that was missing.
    pub(crate) fn find_code(&mut self, node: &N) {
        if self.code.is_none() {
            self.code = node.code_of(&self.stored.job).ok();
        }
    }

    /// Takes in the whole job, if only its head was known.
    pub(crate) fn fill(&mut self, whole: &Arc<Job>) {
        if self.is_head {
            self.stored.job = Arc::clone(whole);
            self.is_head = false;
        }
    }

    /// Keeps an edit for when the claim that is on its way is answered.
    pub(crate) fn keep_newer(&mut self, due: DueJob) {
        let newest = self.newer.as_ref().map_or(&self.stored, |due| &due.stored);
        if newest.state.revision < due.stored.state.revision {
            self.newer = Some(Box::new(due));
        }
    }

    /// Whether nothing would be lost if it was forgotten: the store knows it.
    pub(crate) fn is_idle(&self) -> bool {
        let is_unused = self.instances == 0 && self.asked == 0 && !self.is_listed;
        self.phase == Phase::Idle && is_unused
    }
}
