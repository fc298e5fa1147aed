//! Tells if other nodes may have taken this one for dead.

use std::time::Duration;

use punctual_store::Lease;
use punctual_store::lock::Mutex;
use tokio::time::Instant;

/// The time without a renewal after which a peer is dead.
pub(crate) const DEAD_AFTER: Duration = Duration::from_secs(8);

/// The time at which this node last sent a renewal or a claim that the store has taken, and the
/// lease of that request. A run that was begun under another lease no longer belongs to this node,
/// though the node may not have heard that yet.
///
/// ```text
/// sent      taken by the store      seen by another node                 dead to that
///  |-------------|------------------------|---- at least DEAD_AFTER ----------|
///  |---- DEAD_AFTER ----|
///    begins runs        begins none until it is heard again
/// ```
/// A claim counts too, since the store has looked at the lease then. If only renewals counted, a
/// node whose store answers them too late would begin nothing, even without any other node.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Option<(Lease, Instant)>>);

impl Pulse {
    /// Notes that the store has given or renewed this lease, in answer to a request that was sent
    /// at `sent`.
    pub(crate) fn was_heard(&self, lease: &Lease, sent: Instant) {
        *self.0.lock() = Some((lease.clone(), sent));
    }

    /// Notes that the store has answered a claim under a lease. What is known of another lease
    /// stays.
    pub(crate) fn was_answered(&self, lease: &Lease, sent: Instant) {
        if let Some((of, last)) = &mut *self.0.lock()
            && of == lease
        {
            *last = sent.max(*last);
        }
    }

    /// Returns true if all other nodes still know that this node is alive under this lease.
    pub(crate) fn is_certain(&self, lease: &Lease) -> bool {
        let last = self.0.lock();
        last.as_ref()
            .is_some_and(|(of, sent)| of == lease && sent.elapsed() < DEAD_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_certain_for_8_seconds_and_says_nothing_of_another() {
        let lease = |epoch| Lease::new("one".into(), epoch);
        let pulse = Pulse::default();
        assert!(!pulse.is_certain(&lease(1)));
        pulse.was_heard(&lease(1), Instant::now());
        tokio::time::advance(DEAD_AFTER / 2).await;
        assert!(pulse.is_certain(&lease(1)));
        // The answer has not come to the scheduler yet, which still goes by the first lease.
        pulse.was_heard(&lease(2), Instant::now());
        assert!(!pulse.is_certain(&lease(1)));
        assert!(pulse.is_certain(&lease(2)));
        tokio::time::advance(DEAD_AFTER).await;
        assert!(!pulse.is_certain(&lease(2)));
        pulse.was_answered(&lease(1), Instant::now());
        assert!(!pulse.is_certain(&lease(1)) && !pulse.is_certain(&lease(2)));
        pulse.was_answered(&lease(2), Instant::now());
        assert!(pulse.is_certain(&lease(2)));
    }
}
