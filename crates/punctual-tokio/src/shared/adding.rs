//! The ids whose jobs are being added, since two stores must not take one id at the same time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use punctual_core::JobId;
use punctual_store::lock::Mutex;

/// The ids that are on their way into a store just now. It keeps two concurrent adds to two stores
/// from both finding an id free.
#[derive(Debug, Default)]
pub(crate) struct Adding(Mutex<HashMap<JobId, Way>>);

#[derive(Debug)]
struct Way {
    store: u32,
    adds: usize,
}

/// The ids of one call that adds jobs. Held until the store has answered.
pub(crate) struct OnTheWay {
    adding: Arc<Adding>,
    ids: Vec<JobId>,
}

impl Adding {
    pub(crate) fn begin(self: &Arc<Self>) -> OnTheWay {
        OnTheWay {
            adding: Arc::clone(self),
            ids: Vec::new(),
        }
    }
}

impl OnTheWay {
    /// Reserves an id for a store. Returns false if another call is adding the id to another store.
    pub(crate) fn reserve(&mut self, id: &JobId, store: u32) -> bool {
        let mut adding = self.adding.0.lock();
        let way = adding.entry(id.clone()).or_insert(Way { store, adds: 0 });
        if way.store != store {
            return false;
        }
        way.adds += 1;
        self.ids.push(id.clone());
        true
    }
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        let mut adding = self.adding.0.lock();
        for id in self.ids.drain(..) {
            if let Entry::Occupied(mut way) = adding.entry(id) {
                way.get_mut().adds -= 1;
                if way.get().adds == 0 {
                    way.remove();
                }
            }
        }
    }
}
