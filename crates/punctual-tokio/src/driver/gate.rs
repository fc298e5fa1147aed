//! Limits the instances of one job that are under way on this node, by a permit for each of them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits of one job. The gate is made when the first instance starts, and dropped when none
/// is left, so that an idle job costs nothing. A job without a limit has no gate.
#[derive(Debug)]
pub(crate) struct Gate {
    permits: Arc<Semaphore>,
    /// The number of permits, free and given out.
    size: u32,
}

/// Held by an instance while it is under way. Empty for a job without a limit.
pub(crate) type Permit = Option<OwnedSemaphorePermit>;

/// The error that says that as many instances are under way as the limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Gate {
    /// Admits one more instance, if there is room for it. Makes the gate if the job has none yet.
    pub(crate) fn enter(gate: &mut Option<Self>, limit: Option<u32>) -> Result<Permit, Full> {
        let Some(limit) = limit else {
            return Ok(None);
        };
        let gate = gate.get_or_insert_with(|| Self::new(limit));
        gate.resize(limit);
        let permit = Arc::clone(&gate.permits).try_acquire_owned();
        permit.map(Some).map_err(|_| Full)
    }

    /// Returns the number of permits that are given out.
    #[cfg(feature = "testing")]
    pub(crate) fn taken(&self) -> usize {
        self.size as usize - self.permits.available_permits()
    }

    fn new(limit: u32) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limit as usize)),
            size: limit,
        }
    }

    /// Follows an edit of the limit. A larger limit counts from now on. For a smaller limit, only
    /// free permits can be taken away immediately. The other permits are taken away as their runs
    /// end, when the next instance enters.
    fn resize(&mut self, limit: u32) {
        if limit > self.size {
            self.permits.add_permits((limit - self.size) as usize);
            self.size = limit;
        } else if limit < self.size {
            let gone = self.permits.forget_permits((self.size - limit) as usize);
            self.size -= gone as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(gate: &mut Option<Gate>, limit: u32) -> Result<Permit, Full> {
        Gate::enter(gate, Some(limit))
    }

    #[test]
    fn an_unlimited_job_has_no_gate() {
        let mut gate = None;
        for _ in 0..100 {
            assert!(Gate::enter(&mut gate, None).is_ok_and(|own| own.is_none()));
        }
        assert!(gate.is_none());
    }

    #[test]
    fn there_are_as_many_permits_as_the_limit_says() {
        let mut gate = None;
        let first = enter(&mut gate, 2).unwrap();
        let _second = enter(&mut gate, 2).unwrap();
        assert_eq!(enter(&mut gate, 2).unwrap_err(), Full);
        drop(first);
        assert!(enter(&mut gate, 2).is_ok());
    }

    #[test]
    fn growing_is_at_once() {
        let mut gate = None;
        let _first = enter(&mut gate, 1).unwrap();
        assert!(enter(&mut gate, 1).is_err());
        assert!(enter(&mut gate, 2).is_ok());
    }

    #[test]
    fn shrinking_takes_effect_as_runs_end() {
        let mut gate = None;
        let mut running: Vec<_> = (0..4).map(|_| enter(&mut gate, 4).unwrap()).collect();
        for _ in 0..2 {
            running.pop();
            assert!(enter(&mut gate, 2).is_err(), "{} run", running.len());
        }
        running.pop();
        let last = enter(&mut gate, 2).unwrap();
        assert!(enter(&mut gate, 2).is_err());
        drop((running, last));
        assert_eq!(gate.unwrap().permits.available_permits(), 2);
    }

    #[test]
    fn a_permit_outlives_its_gate() {
        let mut gate = None;
        let permit = enter(&mut gate, 1).unwrap();
        drop(gate);
        drop(permit);
    }
}
