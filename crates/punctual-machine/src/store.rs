//! The machine's state for one store. It holds the jobs that are due soon or have runs, and the
//! claims and ends that wait to be sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use punctual_core::plan::Absence;
use punctual_core::{CancelReason, JobId, MissReason, RunId};
use punctual_store::{Claim, DueCursor, Lease, RunEnd};

use crate::jobs::Jobs;
use crate::key::JobKey;
use crate::node::Node;
use crate::reads::Reads;
use crate::share::{LONGEST_PATIENCE, Share};

/// One store of the scheduler.
pub(crate) struct StoreState<N: Node> {
    pub(crate) id: u32,
    pub(crate) alias: Arc<str>,
    /// The lease under which runs are opened, or `None` before the node is registered.
    pub(crate) lease: Option<Lease>,
    pub(crate) jobs: Jobs<N>,
    /// The jobs that are due and wait for a claim, in the order of submission.
    pub(crate) due: VecDeque<JobKey>,
    pub(crate) outbox: Outbox,
    pub(crate) window: Window,
    pub(crate) reads: Reads,
    /// The absence of nodes that decide about any job of the store.
    pub(crate) absent: Absence,
    /// The incarnations in the window that this node cannot run. When it can, their fire times
    /// since then have passed for that reason.
    pub(crate) parked: BTreeSet<u64>,
    /// The tasks and executors of the parked jobs.
    pub(crate) parked_tasks: BTreeSet<(Arc<str>, Box<str>)>,
    /// The jobs that are in this node's share.
    pub(crate) share: Share,
    pub(crate) left: Left,
    /// The jobs with waiting runs, by birth.
    pub(crate) waits: BTreeMap<u64, Waits>,
    /// The open runs of this node that were unknown to it, while it looks for their jobs.
    pub(crate) adopting: BTreeSet<RunId>,
    /// True if the store was asked for those jobs and has not answered yet.
    pub(crate) is_adopting: bool,
    /// True if other nodes may have begun runs of this node when the store last answered.
    pub(crate) is_doubtful: bool,
    /// True if the store was removed. No new runs begin, and the state is dropped after the runs
    /// under way are recorded.
    pub(crate) is_leaving: bool,
    /// True if the store has lost the place of its rows.
    pub(crate) is_gone: bool,
}

/// The claims and ends that wait to be sent while a request is on its way. All go with the next
/// request.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) is_busy: bool,
    pub(crate) ends: Vec<RunEnd>,
    /// The number of ends in the request that is on its way.
    pub(crate) ends_sent: usize,
    /// The emptied list of the request before, for the next ends.
    pub(crate) spare: Vec<RunEnd>,
    /// The claims of runs by hand and of waiting runs. Waiting runs are claimed by the birth of
    /// their job alone.
    pub(crate) claims: VecDeque<(Option<JobKey>, Claim)>,
    /// The jobs whose claims are on their way, in the order of the claims.
    pub(crate) asked: Vec<Option<JobKey>>,
    /// The runs that are to end and that the request on its way may have opened.
    pub(crate) to_end: Vec<(RunId, CancelReason)>,
    /// The tickets of the manual claims in their order, with those that are on their way.
    pub(crate) manual: VecDeque<u64>,
}

/// The jobs that are left to other nodes.
#[derive(Debug)]
pub(crate) struct Left {
    /// The shortest time, in microseconds, that one of these jobs may be left to its owner.
    pub(crate) patience: i64,
    /// The time until which some of them may be due, as far as is known.
    pub(crate) until: i64,
    /// True if the next look is armed.
    pub(crate) is_armed: bool,
    /// True if the store was asked and has not answered yet.
    pub(crate) is_asked: bool,
    /// The time at which the first of them is due.
    pub(crate) first: i64,
    /// The place where the next look begins. This node can do nothing about the jobs before it.
    pub(crate) after: Option<DueCursor>,
    /// The number of these jobs that this node claims at a time.
    pub(crate) room: usize,
}

impl Default for Left {
    fn default() -> Self {
        Self {
            patience: LONGEST_PATIENCE,
            until: i64::MIN,
            is_armed: false,
            is_asked: false,
            first: i64::MAX,
            after: None,
            room: 256,
        }
    }
}

/// The part of the store that is known on this node.
#[derive(Default)]
pub(crate) struct Window {
    pub(crate) is_asked: bool,
    /// True if something changed after the store was asked.
    pub(crate) ask_again: bool,
    /// True if there was not enough room for all jobs that are due soon.
    pub(crate) is_cut: bool,
    /// The earliest next fire time that is not known here, in microseconds.
    ///
    /// It covers the fire times that the last window named, and those that were dropped since the
    /// store was asked for it.
    pub(crate) beyond: Option<i64>,
    /// The time of the refill that is armed.
    pub(crate) refill_at: Option<i64>,
    /// True if the next read is of all jobs that are due at any time.
    pub(crate) reads_all: bool,
}

impl Window {
    /// Notes that a job with this next fire time is not known here.
    pub(crate) fn note(&mut self, start: i64) {
        let earliest = self.beyond.map_or(start, |beyond| beyond.min(start));
        self.beyond = Some(earliest);
    }
}

/// A job whose waiting runs this node asks for.
#[derive(Debug)]
pub(crate) struct Waits {
    pub(crate) id: JobId,
    /// The times at which they are due.
    pub(crate) times: BTreeSet<i64>,
    /// The times that a request on its way asks for.
    pub(crate) asked: BTreeSet<i64>,
    /// True if more runs may wait than this node knows.
    pub(crate) may_hide_others: bool,
}

impl<N: Node> StoreState<N> {
    /// Returns a store of which nothing is known, and about whose jobs no node decided until now.
    pub(crate) fn new(id: u32, alias: Arc<str>, now: i64) -> Self {
        Self {
            id,
            alias,
            lease: None,
            jobs: Jobs::of(id),
            due: VecDeque::new(),
            outbox: Outbox::default(),
            window: Window::default(),
            reads: Reads::default(),
            absent: Absence {
                until: now,
                reason: MissReason::Down,
            },
            parked: BTreeSet::new(),
            parked_tasks: BTreeSet::new(),
            share: Share::default(),
            left: Left::default(),
            waits: BTreeMap::new(),
            adopting: BTreeSet::new(),
            is_adopting: false,
            is_doubtful: false,
            is_leaving: false,
            is_gone: false,
        }
    }

    /// Adapts absences to a change of the wall clock. An absence until now ended at another time by
    /// the new clock.
    pub(crate) fn clock_was_set(&mut self, by: i64) {
        if self.absent != Absence::NEVER {
            self.absent.until = self.absent.until.saturating_add(by);
        }
    }

    /// Returns true if other nodes may have begun runs of this node.
    pub(crate) fn may_be_taken_for_dead(&self, node: &N) -> bool {
        let is_certain = |lease| node.is_certain(self.id, lease);
        node.capabilities(self.id).shared && !self.lease.as_ref().is_some_and(is_certain)
    }

    /// Returns true if all that happened is recorded, or cannot be.
    pub(crate) fn is_settled(&self) -> bool {
        if self.is_gone {
            return true;
        }
        let outbox = &self.outbox;
        let is_sent = !outbox.is_busy && outbox.ends.is_empty() && outbox.claims.is_empty();
        is_sent && self.adopting.is_empty()
    }
}
