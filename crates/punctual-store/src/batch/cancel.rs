//! Runs that are stopped: by a user, by newer runs that replace them, by the removal of their job.

use punctual_core::{CancelReason, JobState, Outcome, Overlap, RunId};

use super::{Batch, OpenView, Owner, Rows};
use crate::OpenState;

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

    fn mark(&mut self, id: RunId, run: OpenView, reason: CancelReason) {
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

    /// Makes room for a newer run, if runs of its job replace each other: what waits already is
    /// coalesced into it, and the oldest that are under way are told to end.
    pub(super) fn replace_older(&mut self, row: R::Row, mut state: JobState) -> JobState {
        let policies = self.rows.policies(row);
        let replaces = policies
            .filter(|policies| policies.overlap == Overlap::CancelRunning)
            .and_then(|policies| policies.max_instances.limit());
        let Some(limit) = replaces else {
            return state;
        };
        // What ends here is counted on the row. The newer run is counted too, so that a job whose
        // trigger is finished does not leave before it is opened.
        state.running = state.running.saturating_add(1);
        self.rows.set_counts(row, state);
        let mut holding = self.instances(&self.rows.under_way(row));
        for instance in self.instances(&self.rows.waiting(row)) {
            let first = instance.first().and_then(|id| self.rows.run(*id));
            if first.is_some_and(|run| run.state == OpenState::Queued) {
                self.close_instance(&instance, Outcome::Coalesced);
            } else {
                holding.push(instance);
            }
        }
        holding.sort_unstable();
        let excess = self.rows.state(row).running.saturating_sub(limit);
        for instance in holding.into_iter().take(excess as usize) {
            self.replace(&instance);
        }
        // The schedule of the row has not moved yet: only its counts are newer.
        let counted = self.rows.state(row);
        state.running = counted.running.saturating_sub(1);
        state.queued = counted.queued;
        state
    }

    /// Tells an instance to end. One between two attempts ends here.
    fn replace(&mut self, instance: &[RunId]) {
        for id in instance {
            match self.rows.run(*id) {
                Some(run) if run.owner == Owner::Free => {
                    self.close_as(*id, Outcome::Cancelled(CancelReason::Replaced));
                }
                Some(run) if run.cancel.is_none() => self.mark(*id, run, CancelReason::Replaced),
                Some(_) | None => {}
            }
        }
    }
}
