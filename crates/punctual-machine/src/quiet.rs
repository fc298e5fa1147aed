//! Whether anything goes on but what waits for time to pass.

use crate::machine::Machine;
use crate::node::Node;
use crate::store::StoreState;

impl<N: Node> Machine<N> {
    /// The stores that have something to answer, or that there is something to ask.
    pub fn busy_stores(&self) -> impl Iterator<Item = u32> {
        let begins_runs = self.begins_runs();
        let busy = self.stores.values();
        let busy = busy.filter(move |own| !own.is_quiet(begins_runs));
        busy.map(|own| own.id)
    }

    /// When the first job is due that is left to other nodes of a store, in microseconds. Without such a
    /// job, `i64::MAX`.
    #[must_use]
    pub fn first_left(&self, store: u32) -> i64 {
        let state = self.stores.get(&store);
        state.map_or(i64::MAX, |own| own.left.first)
    }
}

impl<N: Node> StoreState<N> {
    /// Whether the store has answered all, and there is nothing to ask.
    fn is_quiet(&self, begins_runs: bool) -> bool {
        let (outbox, window) = (&self.outbox, &self.window);
        let is_sent = !outbox.is_busy && outbox.ends.is_empty() && outbox.claims.is_empty();
        let is_read = !window.is_asked && !window.ask_again && !self.left.is_asked;
        let is_claimed = !begins_runs || self.due.is_empty();
        let is_known = self.lease.is_some() && self.adopting.is_empty();
        is_known && is_sent && (self.is_leaving || (is_read && is_claimed))
    }
}
