//! Sets of outcomes.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use crate::{CancelReason, MissReason, Outcome, SkipReason};

/// A set of outcomes, by which runs are listed. One outcome with its reason is a set, too.
///
/// ```
/// use punctual_core::{MissReason, Outcome, Outcomes};
///
/// let bad = Outcomes::FAILED | Outcomes::TIMED_OUT;
/// assert!(bad.contains(Outcome::Failed));
/// assert!(!bad.contains(Outcome::Succeeded));
///
/// // All outcomes of a kind, or one with its reason.
/// assert!(Outcomes::MISSED.contains(Outcome::Missed(MissReason::Down)));
/// let down = Outcomes::from(Outcome::Missed(MissReason::Down));
/// assert!(!down.contains(Outcome::Missed(MissReason::Grace)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Outcomes(u32);

impl Outcomes {
    /// No outcome.
    pub const NONE: Self = Self(0);
    /// [`Outcome::Succeeded`].
    pub const SUCCEEDED: Self = Self(1);
    /// [`Outcome::Failed`].
    pub const FAILED: Self = Self(1 << 1);
    /// [`Outcome::Panicked`].
    pub const PANICKED: Self = Self(1 << 2);
    /// [`Outcome::TimedOut`].
    pub const TIMED_OUT: Self = Self(1 << 3);
    /// [`Outcome::Cancelled`] for any reason.
    pub const CANCELLED: Self = Self::bits(4, 7);
    /// [`Outcome::Lost`].
    pub const LOST: Self = Self(1 << 7);
    /// [`Outcome::Coalesced`].
    pub const COALESCED: Self = Self(1 << 8);
    /// [`Outcome::Missed`] for any reason.
    pub const MISSED: Self = Self::bits(9, 14);
    /// [`Outcome::Skipped`] for any reason.
    pub const SKIPPED: Self = Self::bits(14, 21);
    /// All outcomes of fire times that had a run of their own.
    pub const EXECUTED: Self = Self::bits(0, 8);
    /// All outcomes of fire times without a run of their own, which were missed, skipped or
    /// coalesced.
    pub const NOT_STARTED: Self = Self::bits(8, 21);
    /// All outcomes of runs that did not succeed. They failed, panicked, timed out, were cancelled
    /// or were lost.
    pub const UNSUCCESSFUL: Self = Self::bits(1, 8);
    /// All outcomes.
    pub const ALL: Self = Self::bits(0, 21);

    /// The set of the places from `first` up to, and without, `end`.
    const fn bits(first: u32, end: u32) -> Self {
        Self((1 << end) - (1 << first))
    }

    /// Returns true if the outcome is in the set.
    #[must_use]
    pub fn contains(self, outcome: Outcome) -> bool {
        self.0 & Self::from(outcome).0 != 0
    }

    /// Returns true if there is no outcome in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the outcomes in the set.
    pub fn iter(self) -> impl Iterator<Item = Outcome> {
        Outcome::ALL
            .into_iter()
            .filter(move |outcome| self.contains(*outcome))
    }
}

impl Outcome {
    /// All outcomes, each at its [`place`](Self::place).
    #[doc(hidden)]
    pub const ALL: [Self; 21] = [
        Self::Succeeded,
        Self::Failed,
        Self::Panicked,
        Self::TimedOut,
        Self::Cancelled(CancelReason::User),
        Self::Cancelled(CancelReason::Shutdown),
        Self::Cancelled(CancelReason::Replaced),
        Self::Lost,
        Self::Coalesced,
        Self::Missed(MissReason::Grace),
        Self::Missed(MissReason::Paused),
        Self::Missed(MissReason::Parked),
        Self::Missed(MissReason::Down),
        Self::Missed(MissReason::Past),
        Self::Skipped(SkipReason::MaxInstances),
        Self::Skipped(SkipReason::QueueFull),
        Self::Skipped(SkipReason::NoExecutor),
        Self::Skipped(SkipReason::NoTask),
        Self::Skipped(SkipReason::Edited),
        Self::Skipped(SkipReason::ClockSet),
        Self::Skipped(SkipReason::RolledBack),
    ];

    /// Returns the place of the outcome in the list of all, which is its bit in a set.
    #[doc(hidden)]
    #[must_use]
    pub const fn place(self) -> usize {
        match self {
            Self::Succeeded => 0,
            Self::Failed => 1,
            Self::Panicked => 2,
            Self::TimedOut => 3,
            Self::Cancelled(CancelReason::User) => 4,
            Self::Cancelled(CancelReason::Shutdown) => 5,
            Self::Cancelled(CancelReason::Replaced) => 6,
            Self::Lost => 7,
            Self::Coalesced => 8,
            Self::Missed(MissReason::Grace) => 9,
            Self::Missed(MissReason::Paused) => 10,
            Self::Missed(MissReason::Parked) => 11,
            Self::Missed(MissReason::Down) => 12,
            Self::Missed(MissReason::Past) => 13,
            Self::Skipped(SkipReason::MaxInstances) => 14,
            Self::Skipped(SkipReason::QueueFull) => 15,
            Self::Skipped(SkipReason::NoExecutor) => 16,
            Self::Skipped(SkipReason::NoTask) => 17,
            Self::Skipped(SkipReason::Edited) => 18,
            Self::Skipped(SkipReason::ClockSet) => 19,
            Self::Skipped(SkipReason::RolledBack) => 20,
        }
    }
}

impl From<Outcome> for Outcomes {
    fn from(outcome: Outcome) -> Self {
        Self(1 << outcome.place())
    }
}

impl FromIterator<Outcome> for Outcomes {
    fn from_iter<I: IntoIterator<Item = Outcome>>(outcomes: I) -> Self {
        let sets = outcomes.into_iter().map(Self::from);
        sets.fold(Self::NONE, BitOr::bitor)
    }
}

impl BitOr for Outcomes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Outcomes {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_a_bit_of_its_own() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(Outcomes::from(outcome).0, 1 << place, "{outcome}");
            assert_eq!(
                Outcomes::from(outcome).iter().collect::<Vec<_>>(),
                [outcome]
            );
        }
        assert_eq!(Outcomes::ALL.iter().collect::<Vec<_>>(), Outcome::ALL);
        assert!(Outcomes::NONE.is_empty() && Outcomes::default() == Outcomes::NONE);
    }

    #[test]
    fn the_sets_hold_what_their_names_say() {
        for outcome in Outcome::ALL {
            let has_run = outcome.has_run();
            assert_eq!(Outcomes::EXECUTED.contains(outcome), has_run);
            assert_eq!(Outcomes::NOT_STARTED.contains(outcome), !has_run);
            let is_bad = has_run && outcome != Outcome::Succeeded;
            assert_eq!(Outcomes::UNSUCCESSFUL.contains(outcome), is_bad);
            let named = match outcome {
                Outcome::Succeeded => Outcomes::SUCCEEDED,
                Outcome::Failed => Outcomes::FAILED,
                Outcome::Panicked => Outcomes::PANICKED,
                Outcome::TimedOut => Outcomes::TIMED_OUT,
                Outcome::Cancelled(_) => Outcomes::CANCELLED,
                Outcome::Missed(_) => Outcomes::MISSED,
                Outcome::Skipped(_) => Outcomes::SKIPPED,
                Outcome::Coalesced => Outcomes::COALESCED,
                Outcome::Lost => Outcomes::LOST,
            };
            assert!(named.contains(outcome), "{outcome}");
            assert!(
                named.iter().all(|other| std::mem::discriminant(&other)
                    == std::mem::discriminant(&outcome)),
                "{named:?}"
            );
        }
        let kinds: Outcomes = Outcome::ALL.into_iter().collect();
        assert_eq!(kinds, Outcomes::EXECUTED | Outcomes::NOT_STARTED);
    }
}
