//! Stores that fail, and the ways of nodes to a store that they share.

use std::time::Duration;

use punctual_store::testing::{Fault, Faults, FaultyStore};
use punctual_store::{JobStore, MemoryStore};
use tokio::time::sleep;

pub(crate) type Way = FaultyStore<MemoryStore>;

/// A store of one node.
pub(crate) fn faulty() -> (Way, Faults) {
    FaultyStore::new(MemoryStore::new())
}

/// The way of one node to a store that others share from the start.
pub(crate) fn way_to(store: &MemoryStore) -> (Way, Faults) {
    let capabilities = store.capabilities().shared(true);
    let (way, faults) = FaultyStore::new(store.clone());
    (way.with_capabilities(capabilities), faults)
}

/// Lets a call take so long before it reaches the store.
pub(crate) fn slow_by(time: Duration) -> Fault {
    Fault::slow(move || sleep(time))
}
