//! The jobs: a slab of rows, an index by id and one by next fire time.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use punctual_core::{Job, JobId, JobState};

use crate::{Error, StoredJob};

/// An incarnation holds the slot of its row in its low bits and a counter above them: rows are
/// found without a search, and incarnations grow in the order of registration.
const SLOT_BITS: u32 = 24;
const MAX_ROWS: usize = 1 << SLOT_BITS;

/// No history yet.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Row {
    pub(super) job: Arc<Job>,
    pub(super) state: JobState,
    /// The incarnation it was added with: which row a run belongs to, however often its
    /// incarnation changed since.
    pub(super) birth: u64,
    /// Its place in the ledger.
    pub(super) history: u32,
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    slots: Vec<Option<Row>>,
    free: Vec<u32>,
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Next fire time in microseconds, then incarnation. Paused jobs are not in it.
    due: BTreeSet<(i64, u64)>,
    counter: u64,
}

pub(super) fn slot_of(incarnation: u64) -> u32 {
    (incarnation & (MAX_ROWS as u64 - 1)) as u32
}

impl Row {
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

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn find(&self, id: &JobId) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        self.ids
            .find(hash, |slot| self.id_at(*slot) == Some(id))
            .copied()
    }

    /// The row of a slot, if there is one.
    pub(super) fn get(&self, slot: u32) -> Option<&Row> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Row> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// The row that runs of a birth belong to, if it still exists.
    pub(super) fn born(&mut self, birth: u64) -> Option<(u32, &mut Row)> {
        let slot = slot_of(birth);
        let row = self.get_mut(slot)?;
        (row.birth == birth).then_some((slot, row))
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
            None => return Err(Error::full(format!("the store holds {MAX_ROWS} jobs"))),
        };
        state.incarnation = self.incarnation(slot);
        state.revision = 1;
        let hash = self.hasher.hash_one(job.id());
        let row = Row {
            job,
            state,
            birth: state.incarnation,
            history: NONE,
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

    /// Sets what a row holds; its revision is counted up.
    pub(super) fn set(&mut self, slot: u32, job: Option<Arc<Job>>, state: JobState) {
        let Some(row) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let before = row.due_key();
        row.state = state;
        row.state.revision += 1;
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

    /// The incarnation of a row whose fire times begin anew.
    pub(super) fn renewed(&mut self, slot: u32) -> u64 {
        self.incarnation(slot)
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Row> {
        let row = self.slots.get_mut(slot as usize)?.take()?;
        if let Some(key) = row.due_key() {
            self.due.remove(&key);
        }
        let hash = self.hasher.hash_one(row.job.id());
        if let Ok(entry) = self.ids.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(row)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Row> {
        self.slots.iter().flatten()
    }

    /// The rows in the order of their next fire time.
    pub(super) fn due(&self) -> impl Iterator<Item = (i64, &Row)> {
        self.due
            .iter()
            .filter_map(|(micros, incarnation)| Some((*micros, self.get(slot_of(*incarnation))?)))
    }
}
