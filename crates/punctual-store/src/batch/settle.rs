//! Settles the runs of a dead node.

use punctual_core::{OnLost, Outcome, RunId};

use super::{Batch, OpenView, Owner, Rows};
use crate::{EndText, OpenState};

/// The fate of an instance of a dead node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "every store has to know all of them, so a new one breaks stores on purpose"
)]
pub enum Fate {
    /// The instance is recorded as lost.
    Lost,
    /// The instance waits for a node that begins it again.
    Waits,
}

impl<R: Rows> Batch<'_, R> {
    /// Settles the runs of the dead node of this name, in the order of their numbers. The runs of
    /// one instance share their fate. A lost run says which node died.
    pub fn settle(&mut self, node: &str, runs: &[RunId]) -> Vec<(Vec<RunId>, Fate)> {
        let instances = self.instances(runs).into_iter();
        instances
            .map(|instance| {
                let fate = self.fate(&instance);
                match fate {
                    Fate::Lost => self.lose(&instance, node),
                    Fate::Waits => self.begin_again(&instance),
                }
                (instance, fate)
            })
            .collect()
    }

    fn lose(&mut self, instance: &[RunId], node: &str) {
        let why = EndText::lost_with(node);
        for id in instance {
            self.close_with(*id, Outcome::Lost, Some(why.clone()));
        }
    }

    fn fate(&self, instance: &[RunId]) -> Fate {
        let first = instance.first().and_then(|id| self.rows.run(*id));
        let row = first.and_then(|run| self.rows.of_birth(run.birth));
        let policies = row.and_then(|row| self.rows.policies(row));
        let Some(OnLost::Rerun { at_most, .. }) = policies.map(|policies| policies.on_lost())
        else {
            return Fate::Lost;
        };
        let mut runs = instance.iter().filter_map(|id| self.rows.run(*id));
        if runs.any(|run| run.cancel.is_some() || run.reruns >= at_most) {
            Fate::Lost
        } else {
            Fate::Waits
        }
    }

    /// Counts the attempt that died. The other runs of the instance had not begun.
    fn begin_again(&mut self, instance: &[RunId]) {
        let due = self.now;
        for (place, id) in instance.iter().enumerate() {
            if let Some(run) = self.rows.run(*id) {
                let began = u32::from(place == 0);
                let run = OpenView {
                    state: OpenState::Retrying { due },
                    owner: Owner::Free,
                    reruns: run.reruns + 1,
                    attempts: run.attempts + began,
                    ..run
                };
                self.rows.set_run(*id, run);
            }
        }
    }
}
