//! Whether other nodes may have taken this one for dead.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::peers::DEAD_AFTER;

/// When this node last said that it is alive, as far as it knows.
///
/// ```text
/// sent      taken by the store      seen by another node                 dead to that
///  |-------------|------------------------|---- at least DEAD_AFTER ----------|
///  |---- DEAD_AFTER ----|
///    begins runs        begins none until it is heard again
/// ```
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    /// The store has taken what this node sent at that time.
    pub(crate) fn was_heard(&self, sent: Instant) {
        *self.last() = Some(sent);
    }

    /// Whether all others still know that this node is alive.
    pub(crate) fn is_certain(&self) -> bool {
        self.last().is_some_and(|sent| sent.elapsed() < DEAD_AFTER)
    }

    fn last(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
