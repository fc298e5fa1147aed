//! The test's side of a faulty store.

use std::sync::Arc;

use super::state::Shared;
use super::{Call, Fault, Refusal};
use crate::{ClaimReply, DueJobs};

/// Tells a [`FaultyStore`](super::FaultyStore) what goes wrong, and counts its calls. Clones tell
/// the same store.
#[derive(Debug, Clone, Default)]
pub struct Faults(pub(super) Shared);

impl Faults {
    /// Lets this become of each call of these kinds from now on, until they are set again or
    /// [mended](Self::mend). Calls that were held go on, and meet it too.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a fault is named where it is told"
    )]
    pub fn set(&self, calls: impl IntoIterator<Item = Call>, fault: Fault) {
        for call in calls {
            self.0
                .turn(call, |kind| kind.standing = Some(fault.clone()));
        }
    }

    /// Lets this become of the next call of each of these kinds that has no fault of its own yet.
    /// Said twice, it is the next two.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a fault is named where it is told"
    )]
    pub fn next(&self, calls: impl IntoIterator<Item = Call>, fault: Fault) {
        for call in calls {
            self.0.kind(call, |kind| kind.next.push_back(fault.clone()));
        }
    }

    /// Ends what was [set](Self::set) and what was to become of the [next](Self::next) calls of
    /// these kinds. Calls that were held go on.
    pub fn mend(&self, calls: impl IntoIterator<Item = Call>) {
        for call in calls {
            self.0.turn(call, |kind| {
                kind.standing = None;
                kind.next.clear();
            });
        }
    }

    /// Ends all that this store was told.
    pub fn mend_all(&self) {
        self.0.change(|state| {
            state.refusals.clear();
            state.damaged.clear();
            state.rewrites_windows = None;
            state.rewrites_replies = None;
            state.is_frozen = false;
        });
        self.mend(Call::ALL);
    }

    /// Refuses what is too large, or holds what cannot be kept, until [all](Self::mend_all) is
    /// mended.
    pub fn refuse(&self, refusal: Refusal) {
        self.0.change(|state| state.refusals.push(refusal));
    }

    /// Makes the row of a job unreadable, until [all](Self::mend_all) is mended. To read,
    /// change or remove it fails, and what lists jobs leaves it out.
    pub fn damage(&self, id: impl Into<String>) {
        self.0.change(|state| state.damaged.insert(id.into()));
    }

    /// Answers [`Call::Due`] with the window that was read last, as a replica does that lags behind.
    /// Pages after the first are read as they are.
    pub fn freeze_windows(&self) {
        self.0.change(|state| state.is_frozen = true);
    }

    /// Reads windows as they are again.
    pub fn thaw_windows(&self) {
        self.0.change(|state| state.is_frozen = false);
    }

    /// Changes each answer to [`Call::Due`], as a store does that leaves arguments out, or one that
    /// breaks its promises.
    pub fn rewrite_windows(&self, rewrite: impl Fn(&mut DueJobs) + Send + Sync + 'static) {
        let rewrite = Arc::new(rewrite);
        self.0
            .change(|state| state.rewrites_windows = Some(rewrite));
    }

    /// Changes each answer to [`Call::Claim`].
    pub fn rewrite_replies(&self, rewrite: impl Fn(&mut ClaimReply) + Send + Sync + 'static) {
        let rewrite = Arc::new(rewrite);
        self.0
            .change(|state| state.rewrites_replies = Some(rewrite));
    }

    /// How many calls of a kind there were.
    #[must_use]
    pub fn begun(&self, call: Call) -> u64 {
        self.0.kind(call, |kind| kind.begun)
    }

    /// How many calls of a kind have met a fault. Refusals and rewritten answers do not count.
    #[must_use]
    pub fn struck(&self, call: Call) -> u64 {
        self.0.kind(call, |kind| kind.struck)
    }

    /// How many calls of a kind are neither answered nor dropped.
    #[must_use]
    pub fn in_flight(&self, call: Call) -> u64 {
        self.0.kind(call, |kind| kind.in_flight)
    }

    /// Waits until there were this many calls of a kind, counted from the start.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn until_begun(&self, call: Call, count: u64) {
        self.0.counted(call, |kind| kind.begun >= count).await;
    }

    /// Waits until this many calls of a kind have met a fault, counted from the start.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn until_struck(&self, call: Call, count: u64) {
        self.0.counted(call, |kind| kind.struck >= count).await;
    }
}
