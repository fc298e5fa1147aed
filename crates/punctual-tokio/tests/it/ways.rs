//! Stores that fail, and the ways of nodes to a store that they share.

use std::time::Duration;

use punctual_store::testing::{Fault, Faults, FaultyStore};
use punctual_store::{JobStore, MemoryStore, NodeInfo};
use tokio::time::sleep;

pub(crate) type Way = FaultyStore<MemoryStore>;

/// A store of one node.
pub(crate) fn faulty() -> (Way, Faults) {
    FaultyStore::new(MemoryStore::new())
}

/// The way of one node to a store that others share.
pub(crate) fn way_to(store: &MemoryStore) -> (Way, Faults) {
    FaultyStore::new(store.clone())
}

/// Two nodes were there and left: from now on the store takes itself for shared.
pub(crate) async fn share(store: &MemoryStore) {
    let register = |name: &str| store.register(NodeInfo::new(name.into()));
    for lease in [register("one before").await, register("another").await] {
        store.leave(lease.unwrap()).await.unwrap();
    }
}

/// Lets a call take so long before it reaches the store.
pub(crate) fn slow_by(time: Duration) -> Fault {
    Fault::slow(move || sleep(time))
}
