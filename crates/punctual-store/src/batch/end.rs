//! Ends attempts and runs.

use punctual_core::{CancelReason, JobState, Outcome, RunId};

use super::{Batch, OpenView, Owner, Rows};
use crate::{EndText, OpenState, RunEnd};

impl<R: Rows> Batch<'_, R> {
    /// Applies the end that the node reports of one of its runs. Runs of other nodes are left
    /// alone.
    pub fn end(&mut self, end: &RunEnd) {
        let Some(run) = self.rows.run(end.run) else {
            return;
        };
        if run.owner != Owner::Own {
            return;
        }
        let Some(due) = end.retry_at else {
            return self.close(run, end);
        };
        let is_gone = self.rows.of_birth(run.birth).is_none();
        let instance = self.instance_from(end.run);
        match self.asked_to_end(&instance) {
            // No further attempt follows.
            Some(reason) => {
                self.close_for_good(end, run, &instance, (Outcome::Cancelled(reason), reason));
            }
            // A waiting run ends with its job.
            None if is_gone => {
                let user = CancelReason::User;
                let outcome = match end.outcome {
                    Outcome::Lost => Outcome::Cancelled(user),
                    outcome => outcome,
                };
                self.close_for_good(end, run, &instance, (outcome, user));
            }
            None => self.wait(end, run, &instance, due),
        }
    }

    /// Closes a run that its node wanted to try again, and the other runs of its instance.
    fn close_for_good(
        &mut self,
        end: &RunEnd,
        run: OpenView,
        instance: &[RunId],
        (outcome, others): (Outcome, CancelReason),
    ) {
        // The attempt had ended before. The run ends by the reason that ended its wait.
        let finished = if outcome == end.outcome {
            end.finished
        } else {
            end.finished.max(self.now)
        };
        let end = RunEnd {
            outcome,
            finished,
            retry_at: None,
            ..end.clone()
        };
        self.close(run, &end);
        self.close_instance(instance, Outcome::Cancelled(others));
    }

    /// Returns the reason for which an instance is to end, if one of its runs was asked to.
    fn asked_to_end(&self, instance: &[RunId]) -> Option<CancelReason> {
        let mut runs = instance.iter().filter_map(|id| self.rows.run(*id));
        runs.find_map(|run| run.cancel)
    }

    /// Returns the open runs of an instance from `first` on.
    fn instance_from(&self, first: RunId) -> Vec<RunId> {
        let mut instance = Vec::new();
        for id in (first.0..).map(RunId) {
            let Some(view) = self.rows.run(id) else {
                break;
            };
            instance.push(id);
            if view.ends_instance {
                break;
            }
        }
        instance
    }

    /// Lets a run wait for its next attempt, together with the other runs of its instance.
    fn wait(&mut self, end: &RunEnd, run: OpenView, instance: &[RunId], due: i64) {
        self.rows.keep_attempt(end);
        let attempts = end.attempts;
        self.set_instance(instance, |view| OpenView {
            state: OpenState::Retrying { due },
            owner: Owner::Free,
            ..view
        });
        if let Some(view) = self.rows.run(end.run) {
            self.rows.set_run(end.run, OpenView { attempts, ..view });
        }
        self.stir(run.birth);
    }

    /// Changes the open runs of an instance.
    fn set_instance(&mut self, instance: &[RunId], change: impl Fn(OpenView) -> OpenView) {
        for id in instance {
            if let Some(view) = self.rows.run(*id) {
                self.rows.set_run(*id, change(view));
            }
        }
    }

    /// Closes a run, and frees its instance if it is the last run of it.
    pub(super) fn close(&mut self, run: OpenView, end: &RunEnd) {
        let row = self.rows.of_birth(run.birth);
        self.rows.close(row, end);
        let Some(row) = row.filter(|_| run.ends_instance) else {
            return;
        };
        let mut state = *self.rows.state(row);
        free(&mut state, run.state);
        self.rows.set_counts(row, state);
        if state.is_over() {
            self.rows.leave(row);
        } else if state.queued > 0 {
            self.stir(state.birth);
        }
    }

    /// Closes a run that no node has, or whose node is dead.
    pub(super) fn close_as(&mut self, id: RunId, outcome: Outcome) {
        self.close_with(id, outcome, None);
    }

    /// Does the same as [`close_as`](Self::close_as), and says why.
    pub(super) fn close_with(&mut self, id: RunId, outcome: Outcome, text: Option<EndText>) {
        if let Some(run) = self.rows.run(id) {
            let end = RunEnd {
                run: id,
                outcome,
                retry_at: None,
                started: None,
                finished: self.now,
                attempts: run.attempts,
                text,
            };
            self.close(run, &end);
        }
    }

    /// Closes the open runs of an instance with one outcome. Runs that are over stay as they are.
    pub(super) fn close_instance(&mut self, instance: &[RunId], outcome: Outcome) {
        for id in instance {
            self.close_as(*id, outcome);
        }
    }

    /// Groups runs, in the order of their numbers, by instance.
    pub(super) fn instances(&self, runs: &[RunId]) -> Vec<Vec<RunId>> {
        let goes_on = |run: &RunId, next: &RunId| {
            let is_last = self.rows.run(*run).is_none_or(|view| view.ends_instance);
            !is_last && run.0 + 1 == next.0
        };
        runs.chunk_by(goes_on).map(<[_]>::to_vec).collect()
    }
}

fn free(state: &mut JobState, of: OpenState) {
    let count = match of {
        OpenState::Queued => &mut state.queued,
        OpenState::Running | OpenState::Retrying { .. } => &mut state.running,
    };
    *count = count.saturating_sub(1);
}
