//! Runs that are replaced by newer ones.

use punctual_core::{CancelReason, Outcome, Overlap, RunId};

use super::{Batch, Owner, Rows};
use crate::OpenState;

/// The instances of a job that make room for a newer one.
#[derive(Debug, Default)]
pub(super) struct Older {
    /// Instances that wait for room. They are coalesced into the newer one.
    waiting: Vec<Vec<RunId>>,
    /// Instances that have begun. They are told to end.
    begun: Vec<Vec<RunId>>,
}

impl<R: Rows> Batch<'_, R> {
    /// Returns the instances that make room if a newer run replaces them by its `overlap`.
    ///
    /// All instances that wait for room are among them. Of those that have begun, the oldest are,
    /// as many as exceed the limit with one more instance.
    pub(super) fn older(&self, row: R::Row, overlap: Overlap) -> Older {
        let policies = self.rows.policies(row);
        let replaces = policies.filter(|_| overlap == Overlap::CancelRunning);
        let Some(limit) = replaces.and_then(|policies| policies.max_instances()) else {
            return Older::default();
        };
        let is_queued = |instance: &Vec<RunId>| {
            let first = instance.first().and_then(|id| self.rows.run(*id));
            first.is_some_and(|run| run.state == OpenState::Queued)
        };
        let free = self.instances(&self.rows.waiting(row));
        let (waiting, between_attempts): (Vec<_>, Vec<_>) = free.into_iter().partition(is_queued);
        let mut begun = self.instances(&self.rows.under_way(row));
        begun.extend(between_attempts);
        begun.sort_unstable();
        let with_one_more = self.rows.state(row).running.saturating_add(1);
        begun.truncate(with_one_more.saturating_sub(limit) as usize);
        Older { waiting, begun }
    }

    /// Lets the older instances make room. The newer run is counted already, so its job stays.
    pub(super) fn replace(&mut self, older: Older) {
        for instance in older.waiting {
            self.close_instance(&instance, Outcome::Coalesced);
        }
        for id in older.begun.into_iter().flatten() {
            self.replace_run(id);
        }
    }

    /// Tells a run to end. A run between two attempts ends immediately.
    fn replace_run(&mut self, id: RunId) {
        match self.rows.run(id) {
            Some(run) if run.owner == Owner::Free => {
                self.close_as(id, Outcome::Cancelled(CancelReason::Replaced));
            }
            Some(run) if run.cancel.is_none() => self.mark(id, run, CancelReason::Replaced),
            Some(_) | None => {}
        }
    }
}
