//! Locks that can be entered after a panic.

use std::sync::{self, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard};

/// A mutex of the standard library that can be entered after a panic.
///
/// A panic under a lock poisons the lock, since the guarded value may be half changed. Code of users
/// never runs under one of these locks, so only a fault of Punctual itself can panic there. If every
/// later caller were refused, that one fault would end a store or a scheduler with many jobs.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    /// Returns a lock that guards `value`.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader-writer lock of the standard library that can be entered after a panic, for the same
/// reason as [`Mutex`].
#[derive(Debug, Default)]
pub struct RwLock<T>(sync::RwLock<T>);

impl<T> RwLock<T> {
    /// Returns a lock that guards `value`.
    pub const fn new(value: T) -> Self {
        Self(sync::RwLock::new(value))
    }

    /// Waits for the lock, which several readers may hold.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the lock and holds it exclusively.
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
