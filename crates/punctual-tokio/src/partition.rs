//! What the scheduler task holds of one store: the jobs that are due soon or have runs, and what
//! waits to be sent.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{MissReason, RunId};
use punctual_store::{Claim, JobStore, RunEnd, StoredJob};
use tokio::sync::mpsc;

use crate::command::Answer;
use crate::core::NamedStore;
use crate::error::Error;
use crate::gate::Gate;
use crate::handler::Task;
use crate::health::Health;
use crate::worker::Request;

pub(crate) type Jobs = HashMap<u64, Entry, BuildHasherDefault<IncarnationHasher>>;

/// One store of the scheduler.
pub(crate) struct Partition {
    pub(crate) id: u32,
    pub(crate) alias: Arc<str>,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) health: Arc<Health>,
    /// To the worker, once it runs.
    pub(crate) requests: Option<mpsc::Sender<Request>>,
    /// By incarnation.
    pub(crate) jobs: Jobs,
    /// Incarnations that are due and wait for a claim, in the order of submission.
    pub(crate) due: VecDeque<u64>,
    pub(crate) outbox: Outbox,
    pub(crate) window: Window,
    /// Nobody looked at jobs before this time (in microseconds), and why.
    pub(crate) absent: (i64, MissReason),
}

/// What waits to be sent while a request is on its way: it all goes with the next one.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) is_busy: bool,
    pub(crate) ends: Vec<RunEnd>,
    pub(crate) claims: VecDeque<Claim>,
    /// Who waits for the manual claims, in their order; also those that are on their way.
    pub(crate) manual: VecDeque<Answer<Result<RunId, Error>>>,
}

/// Which part of the store is known here.
#[derive(Default)]
pub(crate) struct Window {
    pub(crate) is_asked: bool,
    /// Something changed since it was asked for.
    pub(crate) ask_again: bool,
    /// There was not enough room for all that is due soon.
    pub(crate) is_cut: bool,
    /// The earliest next fire time that is not known here, in microseconds.
    pub(crate) beyond: Option<i64>,
    /// The refill that is armed.
    pub(crate) refill_at: Option<i64>,
}

/// A job that is due soon, or has runs here.
pub(crate) struct Entry {
    pub(crate) stored: StoredJob,
    /// Its code; a job without is parked.
    pub(crate) task: Option<Task>,
    pub(crate) phase: Phase,
    /// How many instances are under way here.
    pub(crate) instances: u32,
    /// Their permits, while there are any.
    pub(crate) gate: Option<Gate>,
    /// How many runs by hand the store was asked for.
    pub(crate) asked: u32,
    /// How many were under way on all nodes when the store last refused one.
    pub(crate) limit_seen: Option<u32>,
    /// An edit that became known while a claim was on its way.
    pub(crate) newer: Option<Box<StoredJob>>,
    pub(crate) waiting: Option<Box<Waiting>>,
}

/// Runs that wait for a free instance.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) queue: VecDeque<Instance>,
    /// Whether the first of them is on its way to the store.
    pub(crate) is_promoting: bool,
}

/// Fire times that run one after another and count as one.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) first: RunId,
    pub(crate) fire_times: Vec<DateTime<Utc>>,
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

impl Partition {
    pub(crate) fn new(named: NamedStore) -> Self {
        Self {
            id: named.id,
            alias: named.alias,
            store: named.store,
            health: named.health,
            requests: None,
            jobs: Jobs::default(),
            due: VecDeque::new(),
            outbox: Outbox::default(),
            window: Window::default(),
            absent: (i64::MIN, MissReason::Grace),
        }
    }

    /// Whether all that happened is recorded.
    pub(crate) fn is_settled(&self) -> bool {
        !self.outbox.is_busy && self.outbox.ends.is_empty() && self.outbox.claims.is_empty()
    }
}

impl Entry {
    pub(crate) fn new(stored: StoredJob, task: Option<Task>) -> Self {
        Self {
            stored,
            task,
            phase: Phase::Idle,
            instances: 0,
            gate: None,
            asked: 0,
            limit_seen: None,
            newer: None,
            waiting: None,
        }
    }

    pub(crate) fn queued(&self) -> u32 {
        let length = self
            .waiting
            .as_ref()
            .map_or(0, |waiting| waiting.queue.len());
        u32::try_from(length).unwrap_or(u32::MAX)
    }

    /// Whether nothing would be lost if it was forgotten: the store knows it.
    pub(crate) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle && self.instances == 0 && self.asked == 0 && self.queued() == 0
    }
}

/// Incarnations are the store's own numbers: multiplication spreads them well enough.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct IncarnationHasher(u64);

impl Hasher for IncarnationHasher {
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
