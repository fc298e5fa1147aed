//! The machine's entry for one job, with its row, its code and the state of its next fire time.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::Absence;
use punctual_core::{Job, Outcome};
use punctual_store::{DueJob, StoredJob};

use crate::node::Node;

/// A job that is due soon or has runs on this node.
pub(crate) struct Entry<N: Node> {
    pub(crate) stored: StoredJob,
    /// The code that executes the job. A job without code is parked.
    pub(crate) code: Option<N::Code>,
    /// The absence of nodes that decide about this job.
    pub(crate) absent: Absence,
    pub(crate) phase: Phase,
    /// The number of instances that are under way on this node.
    pub(crate) instances: u32,
    /// The driver's own data about the instances, while there are any.
    pub(crate) gate: N::Gate,
    /// The number of runs by hand that the store was asked for.
    pub(crate) asked: u32,
    /// The numbers of instances that were under way and that waited on all nodes when the store
    /// last refused one.
    pub(crate) limit_seen: Option<(u32, u32)>,
    /// An edit that became known while a claim was on its way.
    pub(crate) newer: Option<Box<DueJob>>,
    /// True if only the head of the job is known. A claim asks for the arguments.
    pub(crate) is_head: bool,
    /// True if the job was edited and is due. It is not left to the node in whose share it is.
    pub(crate) is_urgent: bool,
    /// True if the row may be ahead of the reports of edits. A pause that one of them ends is not
    /// over for this node then, and runs may wait that were refused in it.
    pub(crate) is_ahead: bool,
    /// The first fire time, if it had passed when the job was added.
    pub(crate) past: Option<DateTime<Utc>>,
    /// The outcome that was last reported of fire times without a run, if no run came after them.
    pub(crate) told: Option<Outcome>,
    /// True if the job has a place among the due jobs.
    ///
    /// A job that an edit postpones keeps its place until its turn comes. However many edits follow
    /// in a pause, it gets no second place.
    pub(crate) is_listed: bool,
}

/// The state of the next fire time of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is due soon.
    Idle,
    /// The timer is armed.
    Armed,
    /// The job is due and waits for the next request to the store.
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
            is_ahead: true,
            past: None,
            told: None,
            is_listed: false,
        }
    }

    pub(crate) fn incarnation(&self) -> u64 {
        self.stored.state.incarnation
    }

    /// Takes over the current row, which tells more than a claim that was refused before.
    pub(crate) fn take(&mut self, due: DueJob) {
        self.limit_seen = None;
        self.is_ahead = true;
        self.stored = due.stored;
        self.is_head = due.is_head;
    }

    /// Notes that edits of the job were reported up to this revision.
    pub(crate) fn heard_of(&mut self, revision: u64) {
        self.is_ahead &= revision < self.stored.state.revision;
    }

    /// Looks for the code that executes the job, if it was missing.
    pub(crate) fn find_code(&mut self, node: &N) {
        if self.code.is_none() {
            self.code = node.code_of(&self.stored.job).ok();
        }
    }

    /// Takes over the whole job, if only its head was known.
    pub(crate) fn fill(&mut self, whole: &Arc<Job>) {
        if self.is_head {
            self.stored.job = Arc::clone(whole);
            self.is_head = false;
        }
    }

    /// Keeps an edit until the claim that is on its way is answered.
    pub(crate) fn keep_newer(&mut self, due: DueJob) {
        let newest = self.newer.as_ref().map_or(&self.stored, |due| &due.stored);
        if newest.state.revision < due.stored.state.revision {
            self.newer = Some(Box::new(due));
        }
    }

    /// Returns true if nothing is lost when the job is forgotten, since the store knows it.
    pub(crate) fn is_idle(&self) -> bool {
        let is_unused = self.instances == 0 && self.asked == 0 && !self.is_listed;
        self.phase == Phase::Idle && is_unused
    }
}
