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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::Hash as _;

    use super::*;

    fn hashed(incarnation: u64) -> u64 {
        let mut hasher = IncarnationHasher::default();
        incarnation.hash(&mut hasher);
        hasher.finish()
    }

    /// A table looks at the last bits of a hash for a place, and at the first seven for a match.
    fn check_spread(incarnations: impl Iterator<Item = u64>) {
        let hashes: Vec<u64> = incarnations.map(hashed).collect();
        let places: BTreeSet<u64> = hashes.iter().map(|hash| hash % 8_192).collect();
        let matches: BTreeSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(places.len() > 2_200, "{} places", places.len());
        assert_eq!(matches.len(), 128);
    }

    /// A store in memory gives each job a number whose last 24 bits count the jobs before.
    #[test]
    fn incarnations_spread_however_a_store_numbers_them() {
        check_spread(1..4_097);
        check_spread((1..4_097).map(|number| number << 24));
        check_spread((1..4_097).map(|number| (number << 24) + number - 1));
    }

    #[test]
    fn bytes_are_hashed_one_by_one() {
        let mut bytes = IncarnationHasher::default();
        bytes.write(&[3, 5]);
        let mut numbers = IncarnationHasher::default();
        numbers.write_u64(3);
        numbers.write_u64(5);
        assert_eq!(bytes.finish(), numbers.finish());
        assert_ne!(bytes.finish(), IncarnationHasher::default().finish());
    }
}
