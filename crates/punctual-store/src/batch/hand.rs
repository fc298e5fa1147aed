//! Hands out waiting runs.

use std::collections::HashSet;

use punctual_core::RunId;

use super::{Batch, OpenView, Owner, Rows, Verdict};
use crate::{OpenState, Won};

impl<R: Rows> Batch<'_, R> {
    /// Hands the node the waiting instances that may start, of the jobs that this request has
    /// touched.
    ///
    /// The store calls this once, after all ends and claims, if the node takes waiting runs.
    pub fn hand_out(&mut self) {
        let mut seen = HashSet::new();
        for birth in std::mem::take(&mut self.stirred) {
            if let Some(row) = self.rows.of_birth(birth).filter(|_| seen.insert(birth)) {
                self.hand_out_of(row);
            }
        }
    }

    /// Claims the waiting instances of a job.
    pub(super) fn promote(&mut self, row: R::Row) -> Verdict<R::Row> {
        if self.hand_out_of(row) > 0 {
            let state = self.rows.state(row);
            return Verdict::Won(row, Won::new(state, RunId::default(), state.token));
        }
        let state = self.rows.state(row);
        if state.queued > 0 {
            Verdict::AtLimit(row)
        } else {
            Verdict::Lost(Some(row))
        }
    }

    /// Hands out the instances of one job that may start, and returns their number.
    ///
    /// Instances whose next attempt is due come first, then those that wait for room, the oldest
    /// first. While the job is paused, no instance starts.
    fn hand_out_of(&mut self, row: R::Row) -> usize {
        if self.rows.state(row).paused {
            return 0;
        }
        let waiting = self.rows.waiting(row);
        let instances = self.instances(&waiting);
        let mut count = 0;
        for instance in &instances {
            let first = instance.first().and_then(|id| self.rows.run(*id));
            let may_start = first.is_some_and(|run| self.may_start(row, run));
            if may_start {
                self.hand(row, instance);
                count += 1;
            }
        }
        count
    }

    fn may_start(&self, row: R::Row, run: OpenView) -> bool {
        match run.state {
            OpenState::Retrying { due } => due <= self.now,
            OpenState::Queued => {
                let running = self.rows.state(row).running;
                let policies = self.rows.policies(row);
                policies.is_some_and(|policies| policies.has_room(running))
            }
            OpenState::Running => false,
        }
    }

    fn hand(&mut self, row: R::Row, instance: &[RunId]) {
        let mut state = *self.rows.state(row);
        for id in instance {
            let Some(run) = self.rows.run(*id) else {
                continue;
            };
            if run.ends_instance && run.state == OpenState::Queued {
                state.queued = state.queued.saturating_sub(1);
                state.running += 1;
            }
            state.token += 1;
            let run = OpenView {
                token: state.token,
                state: OpenState::Running,
                owner: Owner::Own,
                ..run
            };
            self.rows.set_run(*id, run);
        }
        self.rows.set_counts(row, state);
        self.handed.push((row, instance.to_vec()));
    }
}
