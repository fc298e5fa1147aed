//! The handle by which a test controls a faulty store.

use std::sync::Arc;

use super::state::Shared;
use super::{Fault, Refusal, StoreCall};
use crate::{ClaimReply, DueJobs};

/// Sets the faults of a [`FaultyStore`](super::FaultyStore), and counts its calls. Clones control
/// the same store.
#[derive(Debug, Clone, Default)]
pub struct Faults(pub(super) Shared);

impl Faults {
    /// Sets the fault of all calls of these kinds, until they are set again or
    /// [mended](Self::mend).
    ///
    /// Held calls go on and meet the new fault too.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a fault is named where it is told"
    )]
    pub fn set(&self, calls: impl IntoIterator<Item = StoreCall>, fault: Fault) {
        for call in calls {
            self.0
                .turn(call, |kind| kind.standing = Some(fault.clone()));
        }
    }

    /// Sets the fault of the next call of each of these kinds that has no fault of its own yet.
    ///
    /// A second call of this method sets the fault of the call after that.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a fault is named where it is told"
    )]
    pub fn next(&self, calls: impl IntoIterator<Item = StoreCall>, fault: Fault) {
        for call in calls {
            self.0.kind(call, |kind| kind.next.push_back(fault.clone()));
        }
    }

    /// Removes the faults that were [set](Self::set) for these kinds or for their
    /// [next](Self::next) calls. Held calls go on.
    pub fn mend(&self, calls: impl IntoIterator<Item = StoreCall>) {
        for call in calls {
            self.0.turn(call, |kind| {
                kind.standing = None;
                kind.next.clear();
            });
        }
    }

    /// Removes all faults, refusals and changes of this store.
    pub fn mend_all(&self) {
        self.0.change(|state| {
            state.refusals.clear();
            state.damaged.clear();
            state.rewrites_windows = None;
            state.rewrites_replies = None;
            state.is_frozen = false;
            state.swallows_adds = false;
        });
        self.mend(StoreCall::ALL);
    }

    /// Refuses requests that are too large or hold what the store cannot keep, until
    /// [all](Self::mend_all) is mended.
    pub fn refuse(&self, refusal: Refusal) {
        self.0.change(|state| state.refusals.push(refusal));
    }

    /// Makes the row of a job unreadable, until [all](Self::mend_all) is mended.
    ///
    /// Calls that read, change or remove the job fail, and lists leave it out.
    pub fn damage(&self, id: impl Into<String>) {
        self.0.change(|state| state.damaged.insert(id.into()));
    }

    /// Answers [`StoreCall::Due`] with the window that was read last, as a replica does that lags
    /// behind. Pages after the first are read from the store.
    pub fn freeze_windows(&self) {
        self.0.change(|state| state.is_frozen = true);
    }

    /// Reads windows from the store again.
    pub fn thaw_windows(&self) {
        self.0.change(|state| state.is_frozen = false);
    }

    /// Changes each answer to [`StoreCall::Due`], to imitate a store that leaves out arguments or breaks
    /// its promises.
    pub fn rewrite_windows(&self, rewrite: impl Fn(&mut DueJobs) + Send + Sync + 'static) {
        let rewrite = Arc::new(rewrite);
        self.0
            .change(|state| state.rewrites_windows = Some(rewrite));
    }

    /// Changes each answer to [`StoreCall::Claim`].
    pub fn rewrite_replies(&self, rewrite: impl Fn(&mut ClaimReply) + Send + Sync + 'static) {
        let rewrite = Arc::new(rewrite);
        self.0
            .change(|state| state.rewrites_replies = Some(rewrite));
    }

    /// Adds nothing and answers [`StoreCall::Add`] for no job, as a store does that breaks its promises,
    /// until [all](Self::mend_all) is mended.
    pub fn swallow_adds(&self) {
        self.0.change(|state| state.swallows_adds = true);
    }

    /// Returns the number of calls of a kind.
    #[must_use]
    pub fn begun(&self, call: StoreCall) -> u64 {
        self.0.kind(call, |kind| kind.begun)
    }

    /// Returns the number of calls of a kind that met a fault. Refusals and changed answers do not
    /// count.
    #[must_use]
    pub fn struck(&self, call: StoreCall) -> u64 {
        self.0.kind(call, |kind| kind.struck)
    }

    /// Returns the number of calls of a kind that are neither answered nor dropped.
    #[must_use]
    pub fn in_flight(&self, call: StoreCall) -> u64 {
        self.0.kind(call, |kind| kind.in_flight)
    }

    /// Waits until `count` calls of a kind have begun, counted from the start.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. Dropping the future changes nothing.
    pub async fn until_begun(&self, call: StoreCall, count: u64) {
        self.0.counted(call, |kind| kind.begun >= count).await;
    }

    /// Waits until `count` calls of a kind have met a fault, counted from the start.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. Dropping the future changes nothing.
    pub async fn until_struck(&self, call: StoreCall, count: u64) {
        self.0.counted(call, |kind| kind.struck >= count).await;
    }
}
