//! Runs that are stopped: by a user, by the removal of their job.

use punctual_core::{CancelReason, Outcome, RunId};

use super::{Batch, OpenView, Owner, Rows};

/// What became of a request to cancel a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancelled {
    /// It is not open.
    NotOpen,
    /// Its owner is to be told.
    Marked,
    /// It waited, and these have ended.
    Ended(Vec<RunId>),
}

impl<R: Rows> Batch<'_, R> {
    /// Cancels a run: one that waits ends with the others of its instance, the owner of one that is
    /// under way is to be told.
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
