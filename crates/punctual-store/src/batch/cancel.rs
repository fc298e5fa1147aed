//! Cancels runs for a caller, or because their job is removed.

use punctual_core::{CancelReason, Outcome, RunId};

use super::{Batch, OpenView, Owner, Rows};

/// The result of a request to cancel a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum Cancelled {
    /// The run is not open.
    NotOpen,
    /// The store has to tell the owner of the run.
    Marked,
    /// The run was waiting. These runs have ended.
    Ended(Vec<RunId>),
}

impl<R: Rows> Batch<'_, R> {
    /// Cancels a run.
    ///
    /// A waiting run ends together with the other runs of its instance. The owner of a run under
    /// way is to be told.
    pub fn cancel(&mut self, id: RunId, reason: CancelReason) -> Cancelled {
        let Some(run) = self.rows.run(id) else {
            return Cancelled::NotOpen;
        };
        if run.owner != Owner::Free {
            self.mark(id, run, reason);
            return Cancelled::Marked;
        }
        let row = self.rows.of_birth(run.birth);
        let waiting = row.map(|row| self.rows.waiting(row)).unwrap_or_default();
        let mut instances = self.instances(&waiting).into_iter();
        let instance = instances.find(|instance| instance.contains(&id));
        let instance = instance.unwrap_or_else(|| vec![id]);
        self.close_instance(&instance, Outcome::Cancelled(reason));
        Cancelled::Ended(instance)
    }

    pub(super) fn mark(&mut self, id: RunId, run: OpenView, reason: CancelReason) {
        let cancel = run.cancel.or(Some(reason));
        self.rows.set_run(id, OpenView { cancel, ..run });
        if run.owner == Owner::Own {
            self.cancels.push((id, reason));
        }
    }

    /// Ends the waiting runs of a job that is removed.
    pub fn remove(&mut self, row: R::Row) {
        let waiting = self.rows.waiting(row);
        self.close_instance(&waiting, Outcome::Cancelled(CancelReason::User));
    }
}
