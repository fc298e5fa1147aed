//! Runs that change their owner. Other nodes take over the runs of this node if they take it for
//! dead, and this node takes over the runs of dead nodes.

use punctual_core::Outcome;
use punctual_store::{EndText, Lease, OpenRun, Recovered, RunEnd};

use crate::effect::Effect;
use crate::key::ActiveKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::outcome::Stop;
use crate::store::StoreState;
use crate::tell::{Counted, Tell};

impl<N: Node> Machine<N> {
    /// Returns true if runs begin on this node, since it is neither paused nor shutting down.
    #[must_use]
    pub fn begins_runs(&self) -> bool {
        !self.is_paused && self.stage.starts_runs()
    }

    /// Returns true if runs of a store's jobs begin on this node, and the store was not removed.
    ///
    /// Only then may the runs of dead nodes be taken over.
    #[must_use]
    pub fn begins_runs_of(&self, store: u32) -> bool {
        let is_leaving = |state: &StoreState<N>| state.is_leaving;
        self.begins_runs() && !self.stores.get(&store).is_some_and(is_leaving)
    }

    /// Takes a new lease. Runs that were opened under an earlier lease do not belong to this node
    /// any more.
    pub(crate) fn leased(&mut self, store: u32, lease: Lease) {
        let Some(state) = self.stores.get_mut(&store) else {
            return;
        };
        if state.lease.replace(lease).is_none() {
            return;
        }
        state.forget_waits(&mut self.effects);
        state.adopting.clear();
        state.outbox.ends.clear();
        for key in self.active.of_store(store) {
            self.fence(key);
        }
        self.ask_for_window(store);
    }

    /// Tells a run to end that other nodes have decided about.
    fn fence(&mut self, key: ActiveKey) {
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        active.is_fenced = true;
        self.stop(key, Stop::Fenced);
    }

    pub(crate) fn recovered(&mut self, store: u32, recovered: Recovered, node: &str) {
        for lost in recovered.lost {
            // The store has recorded the end.
            self.tell_over(store, lost, Outcome::Lost, Some(EndText::lost_with(node)));
        }
        for job in recovered.removed {
            self.job_left(store, job);
        }
        self.jobs_wait(store, recovered.waiting);
    }

    /// Reports the end of a run that this node has not begun.
    pub(crate) fn tell_over(
        &mut self,
        store: u32,
        run: OpenRun,
        outcome: Outcome,
        text: Option<EndText>,
    ) -> RunEnd {
        let end = RunEnd::new(
            run.id,
            outcome,
            // The clock may have been set back since the start, and other clocks may be ahead.
            run.started
                .map_or(self.now, |started| started.max(self.now)),
            run.attempts,
        )
        .started(run.started)
        .text(text);
        let fire_time = run.key.fire_time;
        let counted = Counted::of(&end, Some(fire_time));
        self.effects.push(Effect::Count(counted));
        self.effects.tell(Tell::Ended {
            store,
            job: run.job,
            fire_time,
            end: end.clone(),
        });
        end
    }
}
