//! The ledger, which is bounded for each job and in total.

use std::hash::BuildHasher;
use std::sync::Arc;

use chrono::DateTime;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use punctual_core::{FireRange, JobId, Origin, Outcome, Run, RunId, RunKey, RunState};

use super::names::Names;
use super::rows::NONE;
use crate::{EndText, Retention, Statistics};

/// The number of ended runs that the memory store keeps. The oldest entries make room for new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerLimits {
    /// The maximum number of entries of all jobs together. The default is 100,000, which takes
    /// about 18 MB besides the results, error texts and own arguments of runs.
    pub total: usize,
    /// The maximum number of entries of one job. The default is 1,000.
    pub per_job: usize,
}

impl LedgerLimits {
    /// Returns limits.
    #[must_use]
    pub const fn new(total: usize, per_job: usize) -> Self {
        Self { total, per_job }
    }
}

impl Default for LedgerLimits {
    fn default() -> Self {
        Self {
            total: 100_000,
            per_job: 1_000,
        }
    }
}

/// A run that is over, or a range of fire times without runs.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: RunId,
    pub(super) incarnation: u64,
    pub(super) fire_time: i64,
    pub(super) opened: i64,
    pub(super) started: Option<i64>,
    pub(super) finished: i64,
    pub(super) outcome: Outcome,
    pub(super) origin: Origin,
    pub(super) attempts: u32,
    pub(super) node: u32,
    pub(super) text: Option<Box<EndText>>,
    /// Values that few entries have, in a box of their own to keep the rest small.
    pub(super) rare: Option<Box<Rare>>,
}

/// The range of an entry without a run, and the arguments of a run by hand.
#[derive(Debug)]
pub(super) struct Rare {
    pub(super) range: Option<FireRange>,
    /// The arguments as JSON text, if they are not those of the job.
    pub(super) args: Option<Arc<str>>,
}

/// The neighbours of an entry in a list. `NONE` ends the list.
#[derive(Debug, Clone, Copy)]
struct Links {
    older: u32,
    newer: u32,
}

/// The ends of a doubly linked list through the slots. There is one list of all entries, and one
/// for each job.
#[derive(Debug, Clone, Copy)]
struct Ends {
    oldest: u32,
    newest: u32,
    len: usize,
}

const EMPTY: Ends = Ends {
    oldest: NONE,
    newest: NONE,
    len: 0,
};

#[derive(Debug)]
struct Slot {
    entry: Option<Entry>,
    /// The position among all entries, counted from 1. The list of all entries is in this order.
    nth: u64,
    history: u32,
    all: Links,
    own: Links,
}

#[derive(Debug)]
struct JobHistory {
    job: JobId,
    statistics: Statistics,
    entries: Ends,
    /// The number of rows and open runs that refer to this history.
    users: u32,
}

#[derive(Debug)]
pub(super) struct Ledger {
    limits: LedgerLimits,
    slots: Vec<Slot>,
    free: Vec<u32>,
    all: Ends,
    /// The number of entries that were recorded, with those that have left the ledger.
    recorded: u64,
    histories: Vec<Option<JobHistory>>,
    free_histories: Vec<u32>,
    by_job: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The names of the nodes that entries and open runs refer to.
    pub(super) names: Names,
}

impl Ledger {
    pub(super) fn new(limits: LedgerLimits) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            free: Vec::new(),
            all: EMPTY,
            recorded: 0,
            histories: Vec::new(),
            free_histories: Vec::new(),
            by_job: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            names: Names::default(),
        }
    }

    pub(super) fn find(&self, job: &JobId) -> Option<u32> {
        if self.by_job.is_empty() {
            return None;
        }
        let is_it = |index: &u32| self.history(*index).is_some_and(|own| own.job == *job);
        self.by_job.find(self.hasher.hash_one(job), is_it).copied()
    }

    fn history(&self, index: u32) -> Option<&JobHistory> {
        self.histories.get(index as usize)?.as_ref()
    }

    /// Returns the history of a job and counts one more user of it.
    pub(super) fn open(&mut self, job: &JobId) -> u32 {
        let index = self.find(job).unwrap_or_else(|| self.begin(job));
        self.used(index);
        index
    }

    fn begin(&mut self, job: &JobId) -> u32 {
        let index = self.free_histories.pop().unwrap_or_else(|| {
            self.histories.push(None);
            (self.histories.len() - 1) as u32
        });
        self.histories[index as usize] = Some(JobHistory {
            job: job.clone(),
            statistics: Statistics::default(),
            entries: EMPTY,
            users: 0,
        });
        let (histories, hasher) = (&self.histories, &self.hasher);
        let rehash = |index: &u32| {
            let history = histories[*index as usize].as_ref();
            history.map_or(0, |history| hasher.hash_one(&history.job))
        };
        self.by_job
            .insert_unique(hasher.hash_one(job), index, rehash);
        index
    }

    /// Counts one more row or run that refers to a history.
    pub(super) fn used(&mut self, index: u32) {
        if let Some(Some(history)) = self.histories.get_mut(index as usize) {
            history.users += 1;
        }
    }

    /// Counts one row or run less that refers to a history. A history without users and entries
    /// ends.
    pub(super) fn unused(&mut self, index: u32) {
        let Some(Some(history)) = self.histories.get_mut(index as usize) else {
            return;
        };
        history.users = history.users.saturating_sub(1);
        self.end_if_unused(index);
    }

    fn end_if_unused(&mut self, index: u32) {
        let unused = |history: &JobHistory| history.users == 0 && history.entries.len == 0;
        if !self.history(index).is_some_and(unused) {
            return;
        }
        if let Some(history) = self.histories[index as usize].take() {
            let hash = self.hasher.hash_one(&history.job);
            if let Ok(entry) = self.by_job.find_entry(hash, |other| *other == index) {
                entry.remove();
            }
            self.free_histories.push(index);
        }
    }

    pub(super) fn job(&self, index: u32) -> Option<&JobId> {
        Some(&self.history(index)?.job)
    }

    pub(super) fn statistics(&self, index: u32) -> Option<&Statistics> {
        Some(&self.history(index)?.statistics)
    }

    /// Resets the statistics that belong to an earlier job of the same id.
    pub(super) fn reset(&mut self, index: u32) {
        if let Some(Some(history)) = self.histories.get_mut(index as usize) {
            history.statistics = Statistics::default();
        }
    }

    /// Counts an entry in the statistics of its job.
    pub(super) fn count(&mut self, index: u32, entry: &Entry) {
        let Some(Some(history)) = self.histories.get_mut(index as usize) else {
            return;
        };
        let statistics = &mut history.statistics;
        if let Some(range) = entry.range() {
            statistics.count(entry.outcome, range.count.number());
        } else {
            let (started, finished) = (entry.started, entry.finished);
            statistics.end(entry.id, entry.fire_time, entry.outcome, started, finished);
        }
    }

    pub(super) fn record(&mut self, index: u32, entry: Entry) {
        let Some(Some(history)) = self.histories.get_mut(index as usize) else {
            self.names.unused(entry.node);
            return;
        };
        let is_full = history.entries.len >= self.limits.per_job.max(1);
        let own_oldest = history.entries.oldest;
        if is_full {
            self.evict(own_oldest);
        } else if self.all.len >= self.limits.total.max(1) {
            self.evict(self.all.oldest);
        }
        self.push(index, entry);
    }

    fn push(&mut self, index: u32, entry: Entry) {
        let Some(Some(history)) = self.histories.get_mut(index as usize) else {
            return;
        };
        self.recorded += 1;
        let slot = Slot {
            entry: Some(entry),
            nth: self.recorded,
            history: index,
            all: Links {
                older: self.all.newest,
                newer: NONE,
            },
            own: Links {
                older: history.entries.newest,
                newer: NONE,
            },
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        let own_before = std::mem::replace(&mut history.entries.newest, at);
        history.entries.len += 1;
        if own_before == NONE {
            history.entries.oldest = at;
        } else {
            self.slots[own_before as usize].own.newer = at;
        }
        let before = std::mem::replace(&mut self.all.newest, at);
        self.all.len += 1;
        if before == NONE {
            self.all.oldest = at;
        } else {
            self.slots[before as usize].all.newer = at;
        }
    }

    fn evict(&mut self, at: u32) {
        let Some(slot) = self.slots.get_mut(at as usize) else {
            return;
        };
        let (index, all, own) = (slot.history, slot.all, slot.own);
        if let Some(entry) = slot.entry.take() {
            self.names.unused(entry.node);
        }
        self.free.push(at);
        let slots = &mut self.slots;
        unlink(slots, &mut self.all, all, |slot| &mut slot.all);
        if let Some(Some(history)) = self.histories.get_mut(index as usize) {
            unlink(slots, &mut history.entries, own, |slot| &mut slot.own);
        }
        self.end_if_unused(index);
    }

    /// Purges up to `batch` entries that `retention` selects, the oldest first.
    ///
    /// `open` holds the number of open runs of each history. They count among the newest entries,
    /// which stay.
    pub(super) fn purge(
        &mut self,
        retention: Retention,
        batch: usize,
        open: &HashMap<u32, usize>,
    ) -> u64 {
        let before = retention.ended_before.map(|at| at.timestamp_micros());
        let keeps = retention.per_job.unwrap_or(usize::MAX);
        let mut spare = HashMap::new();
        let mut leaving = Vec::new();
        let mut at = self.all.oldest;
        while let Some(slot) = self
            .slots
            .get(at as usize)
            .filter(|_| leaving.len() < batch)
        {
            let spare = spare.entry(slot.history).or_insert_with(|| {
                let own = self.history(slot.history).map_or(0, |own| own.entries.len);
                let open = open.get(&slot.history).copied().unwrap_or(0);
                (own + open).saturating_sub(keeps)
            });
            let ended = slot.entry.as_ref().map_or(i64::MAX, |entry| entry.finished);
            if *spare > 0 || before.is_some_and(|before| ended < before) {
                leaving.push(at);
                *spare = spare.saturating_sub(1);
            }
            at = slot.all.newer;
        }
        leaving.iter().for_each(|at| self.evict(*at));
        leaving.len() as u64
    }

    /// Returns the entries of one job, or of all jobs, the newest first.
    pub(super) fn newest_first(&self, job: Option<u32>) -> impl Iterator<Item = (&JobId, &Entry)> {
        let mut at = match job {
            Some(index) => self.history(index).map_or(NONE, |own| own.entries.newest),
            None => self.all.newest,
        };
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = if job.is_some() {
                slot.own.older
            } else {
                slot.all.older
            };
            Some((&self.history(slot.history)?.job, slot.entry.as_ref()?))
        })
    }

    /// Returns the number of entries that were recorded, with those that have left the ledger.
    pub(super) fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Returns the entries that were recorded after the first `nth`, in that order, each with its
    /// position.
    pub(super) fn recorded_after(&self, nth: u64) -> impl Iterator<Item = (u64, &JobId, &Entry)> {
        let mut at = self.first_after(nth);
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = slot.all.newer;
            let job = &self.history(slot.history)?.job;
            Some((slot.nth, job, slot.entry.as_ref()?))
        })
    }

    /// Returns the first entry after a position. The search starts at the nearer end of the list.
    fn first_after(&self, nth: u64) -> u32 {
        let slot = |at: u32| self.slots.get(at as usize);
        let Some(oldest) = slot(self.all.oldest) else {
            return NONE;
        };
        let behind = nth.saturating_sub(oldest.nth);
        if behind < self.recorded.saturating_sub(nth) {
            let later = |at: &u32| slot(*at).map(|slot| slot.all.newer);
            let mut walk = std::iter::successors(Some(self.all.oldest), later);
            walk.find(|at| slot(*at).is_none_or(|slot| slot.nth > nth))
                .unwrap_or(NONE)
        } else {
            let earlier = |at: &u32| slot(*at).map(|slot| slot.all.older);
            let walk = std::iter::successors(Some(self.all.newest), earlier);
            walk.take_while(|at| slot(*at).is_some_and(|slot| slot.nth > nth))
                .last()
                .unwrap_or(NONE)
        }
    }
}

fn unlink(slots: &mut [Slot], ends: &mut Ends, links: Links, of: fn(&mut Slot) -> &mut Links) {
    ends.len -= 1;
    match slots.get_mut(links.older as usize) {
        Some(older) => of(older).newer = links.newer,
        None => ends.oldest = links.newer,
    }
    match slots.get_mut(links.newer as usize) {
        Some(newer) => of(newer).older = links.older,
        None => ends.newest = links.older,
    }
}

impl Entry {
    pub(super) fn key(&self) -> RunKey {
        RunKey {
            incarnation: self.incarnation,
            origin: self.origin,
            fire_time: at(self.fire_time),
        }
    }

    fn range(&self) -> Option<FireRange> {
        self.rare.as_ref()?.range
    }

    pub(super) fn run(&self, job: &JobId, node: Option<&str>) -> Run {
        let mut run = Run::queued(self.id, job.clone(), self.key());
        run.opened = at(self.opened);
        run.state = RunState::Ended(self.outcome);
        run.started = self.started.map(at);
        run.finished = Some(at(self.finished));
        run.attempts = self.attempts;
        run.node = node.map(Into::into);
        run.range = self.range();
        let rare = self.rare.as_ref();
        run.args = rare.and_then(|rare| rare.args.as_deref().map(args_of));
        match self.text.as_deref() {
            // The text was written by serde_json. A value that it cannot read back is returned as
            // text.
            Some(EndText::Result(json)) => {
                run.result = Some(serde_json::from_str(json).unwrap_or_else(|_| (**json).into()));
            }
            Some(EndText::Error(text)) => run.error = Some((**text).into()),
            None => {}
        }
        run
    }
}

/// Returns arguments as the ledger shows them. Text that is not JSON is shown as text.
pub(super) fn args_of(json: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap_or_else(|_| json.into())
}

/// Converts microseconds since 1970, the unit of all times in the ledger.
pub(super) fn at(micros: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
