//! Pauses of a whole node, and runs that are to end.

use punctual_core::plan::Absence;
use punctual_core::{CancelReason, MissReason, RunId};

use crate::machine::Machine;
use crate::node::Node;
use crate::tell::Tell;

impl<N: Node> Machine<N> {
    /// Begins no more runs. What is under way goes on.
    pub fn pause(&mut self) {
        if !self.is_paused {
            self.is_paused = true;
            self.effects.tell(Tell::Paused);
        }
    }

    /// Begins runs again. What passed meanwhile was missed for that reason.
    pub fn resume(&mut self) {
        if !self.is_paused {
            return;
        }
        self.is_paused = false;
        for state in self.stores.values_mut() {
            state.absent = Absence {
                until: self.now,
                reason: MissReason::Paused,
            };
        }
        self.promote_all();
        // What waited meanwhile may start.
        self.look_again();
        self.effects.tell(Tell::Resumed);
    }

    /// Cancels a run that is under way on this node. Answers `false` if this node has no such run.
    pub fn cancel_run(&mut self, store: u32, run: RunId, reason: CancelReason) -> bool {
        let Some(key) = self.active.find(store, run) else {
            return false;
        };
        self.cancel(key, reason);
        true
    }

    /// The store tells that a run is to end. One that is just being opened is unknown here until
    /// the store's answer comes.
    pub(crate) fn asked_to_end(&mut self, store: u32, run: RunId, reason: CancelReason) {
        if self.cancel_run(store, run, reason) {
            return;
        }
        if let Some(state) = self.stores.get_mut(&store)
            && state.outbox.is_busy
        {
            state.outbox.to_end.push((run, reason));
        }
    }
}
