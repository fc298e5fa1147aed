//! What the machine holds of one store: the jobs that are due soon or have runs, and what
//! waits to be sent.

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
    /// Under which runs are opened; `None` before the node is registered.
    pub(crate) lease: Option<Lease>,
    pub(crate) jobs: Jobs<N>,
    /// Jobs that are due and wait for a claim, in the order of submission.
    pub(crate) due: VecDeque<JobKey>,
    pub(crate) outbox: Outbox,
    pub(crate) window: Window,
    pub(crate) reads: Reads,
    /// No node looked at any job of the store.
    pub(crate) absent: Absence,
    /// Incarnations of the window that this node cannot run: when it can, their fire times since
    /// then passed for that reason.
    pub(crate) parked: BTreeSet<u64>,
    /// Their tasks and executors.
    pub(crate) parked_tasks: BTreeSet<(Arc<str>, Box<str>)>,
    /// Which jobs are this node's to claim first.
    pub(crate) share: Share,
    pub(crate) left: Left,
    /// Jobs with waiting runs, by birth.
    pub(crate) waits: BTreeMap<u64, Waits>,
    /// Open runs of this node that were unknown to it, while their jobs are looked for.
    pub(crate) adopting: BTreeSet<RunId>,
    /// The store was asked for those jobs, and has not answered yet.
    pub(crate) is_adopting: bool,
    /// Other nodes may have begun what was this node's to begin, when the store last answered.
    pub(crate) is_doubtful: bool,
    /// The store was removed: no new runs, and nothing is left of it here once those under way
    /// are recorded.
    pub(crate) is_leaving: bool,
    /// The store has lost what it keeps its rows in.
    pub(crate) is_gone: bool,
}

/// What waits to be sent while a request is on its way: it all goes with the next one.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) is_busy: bool,
    pub(crate) ends: Vec<RunEnd>,
    /// How many are in the request that is on its way.
    pub(crate) ends_sent: usize,
    /// The emptied list of the request before, for the next ends.
    pub(crate) spare: Vec<RunEnd>,
    /// Runs by hand, and waiting runs, which are asked for by the birth of their job alone.
    pub(crate) claims: VecDeque<(Option<JobKey>, Claim)>,
    /// Whose claims are on their way, in their order.
    pub(crate) asked: Vec<Option<JobKey>>,
    /// Runs that are to end, and that the request on its way may have opened.
    pub(crate) to_end: Vec<(RunId, CancelReason)>,
    /// The tickets of the manual claims, in their order; also those that are on their way.
    pub(crate) manual: VecDeque<u64>,
}

/// What is left to other nodes.
#[derive(Debug)]
pub(crate) struct Left {
    /// The shortest time, in microseconds, that one of these jobs may be left to its owner.
    pub(crate) patience: i64,
    /// Until when some of them may be due, as far as is known.
    pub(crate) until: i64,
    /// The next look is armed.
    pub(crate) is_armed: bool,
    /// The store was asked, and has not answered yet.
    pub(crate) is_asked: bool,
    /// When the first of them is due.
    pub(crate) first: i64,
    /// Where the next look begins: up to there this node can do nothing.
    pub(crate) after: Option<DueCursor>,
    /// How many of these jobs this node claims at a time.
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

/// Which part of the store is known here.
#[derive(Default)]
pub(crate) struct Window {
    pub(crate) is_asked: bool,
    /// Something changed since it was asked for.
    pub(crate) ask_again: bool,
    /// There was not enough room for all that is due soon.
    pub(crate) is_cut: bool,
    /// The earliest next fire time that is not known here, in microseconds: of those that the last
    /// window told of, and of those that were let go since it was asked for.
    pub(crate) beyond: Option<i64>,
    /// The refill that is armed.
    pub(crate) refill_at: Option<i64>,
    /// The next reading is of all that is due at any time.
    pub(crate) reads_all: bool,
}

impl Window {
    /// A job with this next fire time is not known here.
    pub(crate) fn note(&mut self, start: i64) {
        let earliest = self.beyond.map_or(start, |beyond| beyond.min(start));
        self.beyond = Some(earliest);
    }
}

/// A job whose waiting runs this node asks for.
#[derive(Debug)]
pub(crate) struct Waits {
    pub(crate) id: JobId,
    /// When they are due.
    pub(crate) times: BTreeSet<i64>,
    /// The request is on its way.
    pub(crate) is_asked: bool,
    /// More runs may wait than this node has seen to.
    pub(crate) may_hide_others: bool,
}

impl<N: Node> StoreState<N> {
    /// A store of which nothing is known, and at whose jobs nothing has looked until now.
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

    /// The wall clock was set: what was an absence until now ended at another time by it.
    pub(crate) fn clock_was_set(&mut self, by: i64) {
        if self.absent != Absence::NEVER {
            self.absent.until = self.absent.until.saturating_add(by);
        }
    }

    /// Whether other nodes may have begun what was this node's to begin.
    pub(crate) fn may_be_taken_for_dead(&self, node: &N) -> bool {
        let is_certain = |lease| node.is_certain(self.id, lease);
        node.capabilities(self.id).shared && !self.lease.as_ref().is_some_and(is_certain)
    }

    /// Whether all that happened is recorded, or cannot be.
    pub(crate) fn is_settled(&self) -> bool {
        if self.is_gone {
            return true;
        }
        let outbox = &self.outbox;
        let is_sent = !outbox.is_busy && outbox.ends.is_empty() && outbox.claims.is_empty();
        is_sent && self.adopting.is_empty()
    }
}
