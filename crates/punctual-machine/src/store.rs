//! What the machine holds of one store: the jobs that are due soon or have runs, and what
//! waits to be sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::plan::Absence;
use punctual_core::{CancelReason, Job, JobId, MissReason, Outcome, RunId};
use punctual_store::{Claim, DueCursor, DueJob, Lease, RunEnd, StoredJob};

use crate::jobs::{JobKey, Jobs};
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

/// Fire times that run one after another and count as one.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) first: RunId,
    /// The fencing token of the first run.
    pub(crate) token: u64,
    pub(crate) fire_times: Vec<DateTime<Utc>>,
    /// How many attempts the first run has had, on any node.
    pub(crate) attempts: u32,
    /// When its first attempt started.
    pub(crate) started: Option<i64>,
    /// How the last attempt has failed, if it has.
    pub(crate) failure: Option<Box<str>>,
    /// Whether the store had admitted it before, perhaps under a wider limit.
    pub(crate) was_admitted: bool,
    /// Whether it is of the schedule, whose grace time counts until it begins.
    pub(crate) may_be_late: bool,
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
