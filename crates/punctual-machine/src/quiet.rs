//! Tells whether anything goes on besides waiting for time to pass.

use crate::machine::Machine;
use crate::node::Node;
use crate::store::StoreState;

impl<N: Node> Machine<N> {
    /// Returns the stores that have something to answer, or that the machine has something to ask.
    pub fn busy_stores(&self) -> impl Iterator<Item = u32> {
        let begins_runs = self.begins_runs();
        let busy = self.stores.values();
        let busy = busy.filter(move |own| !own.is_quiet(begins_runs));
        busy.map(|own| own.id)
    }

    /// Returns the time in microseconds at which the first job is due that is left to other nodes
    /// of a store, or `i64::MAX` without such a job.
    #[must_use]
    pub fn first_left(&self, store: u32) -> i64 {
        let state = self.stores.get(&store);
        state.map_or(i64::MAX, |own| own.left.first)
    }
}

impl<N: Node> StoreState<N> {
    /// Returns true if the store has answered all requests and there is nothing to ask.
    fn is_quiet(&self, begins_runs: bool) -> bool {
        let (outbox, window) = (&self.outbox, &self.window);
        let is_sent = !outbox.is_busy && outbox.ends.is_empty() && outbox.claims.is_empty();
        let is_read = !window.is_asked && !window.ask_again && !self.left.is_asked;
        let is_claimed = !begins_runs || self.due.is_empty();
        let is_known = self.lease.is_some() && self.adopting.is_empty();
        is_known && is_sent && (self.is_leaving || (is_read && is_claimed))
    }
}
