//! Locks that can always be entered.

use std::sync::{self, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard};

/// A mutex of the standard library that is entered after a panic as well.
///
/// A panic under a lock marks it as poisoned: what it guards may be half changed. Here no code of others
/// runs under a lock, so none of theirs can panic there, and a panic of ours is one fault. To refuse all
/// who come after would make it the end of a store that many jobs are in.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    /// A lock that guards `value`.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock of the standard library for many readers, that is entered after a panic as well, for the same
/// reason.
#[derive(Debug, Default)]
pub struct RwLock<T>(sync::RwLock<T>);

impl<T> RwLock<T> {
    /// A lock that guards `value`.
    pub const fn new(value: T) -> Self {
        Self(sync::RwLock::new(value))
    }

    /// Waits for the lock, which other readers may have too.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the lock, which nothing else has then.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_lock_is_entered_after_a_panic() {
        let lock = Mutex::new(1);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            *lock.lock() = 2;
            panic!("under the lock");
        }));
        assert!(panic.is_err());
        assert_eq!(*lock.lock(), 2);
    }
}
