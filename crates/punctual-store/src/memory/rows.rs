//! The rows of jobs, found by slot, by id and by next fire time.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use hashbrown::{DefaultHashBuilder, HashTable};
use punctual_core::{Job, JobId, JobState, Origin, RunKey};

use crate::{DueCursor, Error, StoredJob};

/// The low bits of an incarnation, which hold the slot of its row. The bits above are a counter.
///
/// Rows are therefore found without a search, and incarnations grow in the order of registration.
const SLOT_BITS: u32 = 24;
const MAX_ROWS: usize = 1 << SLOT_BITS;

/// The index that stands for no history, no name and no slot.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct JobRow {
    pub(super) job: Arc<Job>,
    pub(super) state: JobState,
    /// The place of the job's history in the ledger.
    pub(super) history: u32,
    pub(super) newest: Newest,
}

/// The newest decided fire times of an incarnation, in microseconds.
///
/// A later fire time is not decided yet, which is known without a search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    incarnation: u64,
    scheduled: i64,
    manual: i64,
}

impl Newest {
    pub(super) const NONE: Self = Self {
        incarnation: 0,
        scheduled: i64::MIN,
        manual: i64::MIN,
    };

    pub(super) fn note(&mut self, key: &RunKey, last: DateTime<Utc>) {
        if self.incarnation != key.incarnation {
            *self = Self {
                incarnation: key.incarnation,
                ..Self::NONE
            };
        }
        let newest = match key.origin {
            Origin::Scheduled => &mut self.scheduled,
            Origin::Manual => &mut self.manual,
        };
        *newest = last.timestamp_micros().max(*newest);
    }

    pub(super) fn is_beyond(&self, key: &RunKey) -> bool {
        let newest = match key.origin {
            Origin::Scheduled => self.scheduled,
            Origin::Manual => self.manual,
        };
        self.incarnation != key.incarnation || key.fire_time.timestamp_micros() > newest
    }
}

#[derive(Debug, Default)]
pub(super) struct JobRows {
    /// Not a `Slab`, since lists read the slots in pieces and a slab does not tell how many it has.
    slots: Vec<Option<JobRow>>,
    free: Vec<u32>,
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Next fire time in microseconds, then incarnation. Paused jobs are left out.
    due: BTreeSet<(i64, u64)>,
    counter: u64,
    /// The greatest token of all removed jobs.
    token: u64,
}

/// The state of a row that is gone.
static NO_STATE: std::sync::LazyLock<JobState> = std::sync::LazyLock::new(JobState::default);

pub(super) fn slot_of(incarnation: u64) -> u32 {
    (incarnation & (MAX_ROWS as u64 - 1)) as u32
}

impl JobRow {
    pub(super) fn stored(&self) -> StoredJob {
        StoredJob {
            job: Arc::clone(&self.job),
            state: self.state,
        }
    }

    fn due_key(&self) -> Option<(i64, u64)> {
        if self.state.paused {
            return None;
        }
        let next = self.state.next_run_time?;
        Some((next.timestamp_micros(), self.state.incarnation))
    }
}

impl JobRows {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn find(&self, id: &JobId) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        self.ids
            .find(hash, |slot| self.id_at(*slot) == Some(id))
            .copied()
    }

    /// Returns the row of a slot, if there is one.
    pub(super) fn get(&self, slot: u32) -> Option<&JobRow> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut JobRow> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Returns the slot of the row that runs of a birth belong to, if it still exists.
    pub(super) fn born(&self, birth: u64) -> Option<u32> {
        let slot = slot_of(birth);
        (self.get(slot)?.state.birth == birth).then_some(slot)
    }

    pub(super) fn state(&self, slot: u32) -> &JobState {
        self.get(slot).map_or(&NO_STATE, |row| &row.state)
    }

    /// Sets the state of a row whose schedule has not moved.
    pub(super) fn set_counts(&mut self, slot: u32, state: JobState) {
        if let Some(row) = self.get_mut(slot) {
            row.state.running = state.running;
            row.state.queued = state.queued;
            row.state.token = state.token;
        }
    }

    fn id_at(&self, slot: u32) -> Option<&JobId> {
        Some(self.get(slot)?.job.id())
    }

    fn incarnation(&mut self, slot: u32) -> u64 {
        self.counter += 1;
        (self.counter << SLOT_BITS) | u64::from(slot)
    }

    /// Adds a job whose id is not taken.
    pub(super) fn insert(&mut self, job: Arc<Job>, mut state: JobState) -> Result<u32, Error> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < MAX_ROWS => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
            None => {
                return Err(Error::full(format!(
                    "jobs: the store is full; expected at most `{MAX_ROWS}`"
                )));
            }
        };
        state.incarnation = self.incarnation(slot);
        state.birth = state.incarnation;
        state.revision = 1;
        state.token = self.token;
        (state.running, state.queued) = (0, 0);
        let hash = self.hasher.hash_one(job.id());
        let row = JobRow {
            job,
            state,
            history: NONE,
            newest: Newest::NONE,
        };
        self.due.extend(row.due_key());
        self.slots[slot as usize] = Some(row);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.ids.insert_unique(hash, slot, |slot| {
            let row = slots[*slot as usize].as_ref();
            row.map_or(0, |row| hasher.hash_one(row.job.id()))
        });
        Ok(slot)
    }

    /// Sets the state of a row, and its job if there is a new definition.
    pub(super) fn set(&mut self, slot: u32, job: Option<Arc<Job>>, state: JobState) {
        let Some(row) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let before = row.due_key();
        row.state = state;
        if let Some(job) = job {
            row.job = job;
        }
        let after = row.due_key();
        if before != after {
            if let Some(key) = before {
                self.due.remove(&key);
            }
            self.due.extend(after);
        }
    }

    /// Returns the next incarnation of a row whose fire times begin anew.
    pub(super) fn renewed(&mut self, slot: u32) -> u64 {
        self.incarnation(slot)
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<JobRow> {
        let row = self.slots.get_mut(slot as usize)?.take()?;
        if let Some(key) = row.due_key() {
            self.due.remove(&key);
        }
        let hash = self.hasher.hash_one(row.job.id());
        if let Ok(entry) = self.ids.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.free.push(slot);
        // The id may be used again, and its tokens must not fall.
        self.token = self.token.max(row.state.token);
        Some(row)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &JobRow> {
        self.slots.iter().flatten()
    }

    /// Returns the rows of `count` slots, and the slot after them if there are more.
    pub(super) fn piece(&self, from: usize, count: usize) -> (&[Option<JobRow>], Option<usize>) {
        let rest = self.slots.get(from..).unwrap_or_default();
        let until = from.saturating_add(count);
        let next = Some(until).filter(|until| *until < self.slots.len());
        (&rest[..rest.len().min(count)], next)
    }

    /// Returns the latest birth so far.
    pub(super) fn latest_birth(&self) -> u64 {
        (self.counter << SLOT_BITS) | (MAX_ROWS as u64 - 1)
    }

    /// Returns the rows after a place in the order of their next fire times.
    pub(super) fn due_after(
        &self,
        after: Option<DueCursor>,
    ) -> impl Iterator<Item = (DateTime<Utc>, &JobRow)> {
        let from = after.map_or(Bound::Unbounded, |after| {
            Bound::Excluded((after.next_run_time.timestamp_micros(), after.incarnation))
        });
        let due = self.due.range((from, Bound::Unbounded));
        due.filter_map(|(_, incarnation)| {
            let row = self.get(slot_of(*incarnation))?;
            Some((row.state.next_run_time?, row))
        })
    }
}
