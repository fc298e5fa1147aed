//! Pauses of a whole node.

use punctual_core::MissReason;
use punctual_core::plan::Absence;

use crate::machine::Machine;
use crate::node::Node;
use crate::tell::Tell;

impl<N: Node> Machine<N> {
    /// Begins no more runs. Runs under way go on.
    pub fn pause(&mut self) {
        if !self.is_paused {
            self.is_paused = true;
            self.effects.tell(Tell::Paused);
        }
    }

    /// Begins runs again. Fire times that passed in the pause are missed for that reason.
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
}
