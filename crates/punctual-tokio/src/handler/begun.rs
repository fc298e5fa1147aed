//! The decision whether the body of an attempt begins or is taken back. The first of the two
//! decides, and decides once.

use std::sync::atomic::{AtomicI64, Ordering};

/// No clock shows this time, nor the two below.
const WAITS: i64 = i64::MIN;
const IS_AWAITED: i64 = i64::MIN + 1;
const IS_TAKEN_BACK: i64 = i64::MIN + 2;

/// The state of an attempt. Once its body has begun, this is the time of that, in microseconds.
#[derive(Debug)]
pub(crate) struct Standing(AtomicI64);

/// The answer to a body whose turn has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Begins,
    /// The body begins, and its time counts from now on.
    IsAwaited,
    /// The body must not begin, since its run is over.
    TakenBack,
}

impl Standing {
    pub(crate) fn waits() -> Self {
        Self(AtomicI64::new(WAITS))
    }

    /// Lets the body begin, unless the attempt was taken back.
    pub(crate) fn begin(&self, now: i64) -> Turn {
        let mut found = WAITS;
        loop {
            match self.change(found, now) {
                Ok(WAITS) => return Turn::Begins,
                Ok(_) => return Turn::IsAwaited,
                Err(IS_AWAITED) if found == WAITS => found = IS_AWAITED,
                Err(_) => return Turn::TakenBack,
            }
        }
    }

    /// Takes the attempt back. Returns `false` if its body has begun.
    pub(crate) fn take_back(&self) -> bool {
        self.change(WAITS, IS_TAKEN_BACK).is_ok() || self.change(IS_AWAITED, IS_TAKEN_BACK).is_ok()
    }

    /// Returns the time at which the body began. If it has not begun, its reporter will report
    /// that.
    pub(crate) fn begun_or_awaited(&self) -> Option<i64> {
        self.change(WAITS, IS_AWAITED)
            .err()
            .filter(|found| *found > IS_TAKEN_BACK)
    }

    /// Returns the time at which the body began, if it has begun.
    pub(crate) fn begun(&self) -> Option<i64> {
        Some(self.0.load(Ordering::SeqCst)).filter(|found| *found > IS_TAKEN_BACK)
    }

    fn change(&self, from: i64, to: i64) -> Result<i64, i64> {
        self.0
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_never_begins() {
        let standing = Standing::waits();
        assert!(standing.take_back());
        assert_eq!(standing.begin(5), Turn::TakenBack);
        let awaited = Standing::waits();
        assert_eq!(awaited.begun_or_awaited(), None);
        assert!(awaited.take_back());
        assert_eq!(awaited.begin(5), Turn::TakenBack);
    }

    #[test]
    fn what_has_begun_is_not_taken_back() {
        let standing = Standing::waits();
        assert_eq!(standing.begin(5), Turn::Begins);
        assert!(!standing.take_back());
        assert_eq!(standing.begun_or_awaited(), Some(5));
    }

    #[test]
    fn the_begin_of_what_is_awaited_is_told() {
        let standing = Standing::waits();
        assert_eq!(standing.begun_or_awaited(), None);
        assert_eq!(standing.begun_or_awaited(), None);
        assert_eq!(standing.begin(5), Turn::IsAwaited);
        assert_eq!(standing.begun_or_awaited(), Some(5));
    }
}
