//! The jobs of one store that are known on this node.

use hashbrown::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use slab::Slab;

use crate::entry::Entry;
use crate::key::JobKey;
use crate::node::Node;

/// A slab of jobs with an index by incarnation.
///
/// Jobs that became known together lie together and tend to be due together. A burst therefore
/// reads memory in its order.
pub(crate) struct Jobs<N: Node> {
    store: u32,
    entries: Slab<Entry<N>>,
    slots: HashMap<u64, u32, BuildHasherDefault<IncarnationHasher>>,
}

impl<N: Node> Jobs<N> {
    pub(crate) fn of(store: u32) -> Self {
        Self {
            store,
            entries: Slab::new(),
            slots: HashMap::default(),
        }
    }

    pub(crate) fn find(&self, incarnation: u64) -> Option<JobKey> {
        Some(self.key(*self.slots.get(&incarnation)?, incarnation))
    }

    pub(crate) fn get(&self, key: JobKey) -> Option<&Entry<N>> {
        let entry = self.entries.get(key.slot as usize)?;
        (entry.incarnation() == key.incarnation).then_some(entry)
    }

    pub(crate) fn get_mut(&mut self, key: JobKey) -> Option<&mut Entry<N>> {
        let entry = self.entries.get_mut(key.slot as usize)?;
        (entry.incarnation() == key.incarnation).then_some(entry)
    }

    /// Inserts a job whose incarnation is not known yet.
    pub(crate) fn insert(&mut self, entry: Entry<N>) -> JobKey {
        let incarnation = entry.incarnation();
        // The window bounds the number of entries.
        let slot = self.entries.insert(entry) as u32;
        self.slots.insert(incarnation, slot);
        self.key(slot, incarnation)
    }

    pub(crate) fn remove(&mut self, key: JobKey) {
        if self.get(key).is_some() {
            self.slots.remove(&key.incarnation);
            self.entries.remove(key.slot as usize);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (JobKey, &Entry<N>)> {
        self.entries
            .iter()
            .map(|(slot, entry)| (self.key(slot as u32, entry.incarnation()), entry))
    }

    /// Returns true if each entry is found by its incarnation.
    #[cfg(feature = "testing")]
    pub(crate) fn is_consistent(&self) -> bool {
        let mut all = self.iter();
        self.slots.len() == self.entries.len()
            && all.all(|(key, _)| self.find(key.incarnation) == Some(key))
    }

    fn key(&self, slot: u32, incarnation: u64) -> JobKey {
        JobKey {
            store: self.store,
            slot,
            incarnation,
        }
    }
}

/// A hasher for incarnations. The store numbers them itself, so multiplication spreads them well
/// enough.
#[derive(Debug, Default, Clone, Copy)]
struct IncarnationHasher(u64);

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
