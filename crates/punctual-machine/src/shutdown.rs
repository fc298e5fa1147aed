//! The stages of the shutdown, each with its deadline. It refuses new work, waits, cancels, aborts
//! and gives up.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CancelReason, Outcome};

use crate::effect::Effect;
use crate::key::ActiveKey;
use crate::machine::Machine;
use crate::node::Node;
use crate::outcome::Finish;
use crate::refusal::Refusal;
use crate::stage::{LeftBehind, ShutdownTimes, Stage, Underway};

impl<N: Node> Machine<N> {
    /// Returns true if the shutdown is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Begins the shutdown, whose stages take at most the given times.
    ///
    /// A second call may bring the end of a stage forward, and never postpones it.
    pub fn shut_down(&mut self, times: ShutdownTimes) {
        self.shutdown_times = match self.stage {
            Stage::Running => times,
            _ => self.shutdown_times.min(times),
        };
        let stage = match self.stage {
            Stage::Running => {
                // Runs that wait for room or for their next attempt stay in their store.
                for state in self.stores.values_mut() {
                    state.forget_waits(&mut self.effects);
                }
                return self.begin_stage(Stage::Waiting, times.wait);
            }
            Stage::Waiting => times.wait,
            Stage::Cancelling => times.grace,
            Stage::Aborting | Stage::Recording => times.last,
            Stage::Over => return,
        };
        self.effects.push(Effect::StageEndsWithin(stage));
    }

    /// Ends a stage whose time has passed.
    pub fn next_stage(&mut self) {
        let is_idle = self.active.len() == 0;
        match self.stage {
            Stage::Running | Stage::Over => {}
            // There is nothing to cancel, but some ends are not recorded yet.
            Stage::Waiting | Stage::Cancelling if is_idle => {
                self.begin_stage(Stage::Recording, self.shutdown_times.last);
            }
            Stage::Waiting => {
                for key in self.active_keys() {
                    self.cancel(key, CancelReason::Shutdown);
                }
                self.begin_stage(Stage::Cancelling, self.shutdown_times.grace);
            }
            Stage::Cancelling => {
                for key in self.active_keys() {
                    self.effects.push(Effect::Abort(key));
                }
                self.begin_stage(Stage::Aborting, self.shutdown_times.last);
            }
            Stage::Aborting => {
                self.left_behind.abandoned = self.running();
                self.begin_stage(Stage::Recording, self.shutdown_times.last);
                self.give_up();
            }
            Stage::Recording => self.end(),
        }
    }

    fn begin_stage(&mut self, stage: Stage, span: Duration) {
        self.stage = stage;
        self.effects.push(Effect::StageLasts(span));
    }

    fn active_keys(&self) -> Vec<ActiveKey> {
        self.active.all().map(|(key, _)| key).collect()
    }

    /// Records the end of runs that do not end.
    fn give_up(&mut self) {
        for key in self.active_keys() {
            let outcome = Outcome::Cancelled(CancelReason::Shutdown);
            self.end_run(key, Finish::plain(outcome), self.now);
        }
    }

    /// Ends the shutdown if there is nothing left to wait for.
    pub(crate) fn advance_shutdown(&mut self) {
        let is_on = !matches!(self.stage, Stage::Running | Stage::Over);
        if is_on && self.active.len() == 0 && self.stores.values().all(|own| own.is_settled()) {
            self.end();
        }
    }

    /// Answers all callers that wait for a store, even if the store does not answer any more.
    fn end(&mut self) {
        self.stage = Stage::Over;
        let outboxes = self.stores.values_mut().map(|own| &mut own.outbox);
        let tickets: Vec<u64> = outboxes
            .flat_map(|outbox| outbox.manual.drain(..))
            .collect();
        self.refuse_all(tickets, Refusal::IsStopping);
    }

    /// Returns what the shutdown has left behind.
    #[must_use]
    pub fn left_behind(&self) -> LeftBehind {
        let outboxes = self.stores.values().map(|own| &own.outbox);
        let unrecorded = outboxes.map(|outbox| outbox.ends.len() + outbox.ends_sent);
        LeftBehind {
            unrecorded: unrecorded.sum(),
            ..self.left_behind.clone()
        }
    }

    pub(crate) fn alias_of(&self, store: u32) -> Arc<str> {
        let found = self.stores.get(&store);
        found.map_or_else(|| Arc::from(""), |own| Arc::clone(&own.alias))
    }

    /// Returns the runs that are under way, in the order of their numbers.
    #[must_use]
    pub fn running(&self) -> Vec<Underway> {
        let all = self.active.all().map(|(_, active)| Underway {
            job: active.job.id().clone(),
            store: self.alias_of(active.key.store),
            run: active.run,
            started: active.started.or_else(|| self.node.begun(&active.own)),
            fire_time: active.fire_time,
            attempts: active.attempts,
        });
        let mut running: Vec<_> = all.collect();
        running.sort_unstable_by_key(|own| own.run);
        running
    }
}
