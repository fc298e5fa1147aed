//! Tells attempts to end, and ensures that they do.

use punctual_core::{CANCEL_GRACE, CancelReason, RunId};

use crate::alarm::Alarm;
use crate::effect::Effect;
use crate::key::{ActiveKey, AttemptKey};
use crate::machine::Machine;
use crate::node::Node;
use crate::outcome::Stop;

impl<N: Node> Machine<N> {
    /// Tells an attempt to end, and arms the alarm that aborts it.
    ///
    /// An attempt that has a reason to stop keeps it, unless the new one outdoes it. A run that has
    /// not begun is over.
    pub(crate) fn stop(&mut self, key: ActiveKey, stop: Stop) {
        let Some(active) = self.active.get_mut(key) else {
            return;
        };
        if active.stop.is_some_and(|stopped| !stop.outdoes(stopped)) {
            return;
        }
        if active.stop.replace(stop).is_some() {
            // The attempt was told to end before, and its grace time goes on.
            return;
        }
        self.effects.push(Effect::Stop(key));
        let alarm = Alarm::Abort(active.attempt_of(key));
        active.alarm = Some(alarm);
        self.effects.after(CANCEL_GRACE, alarm);
    }

    /// Cancels a run.
    pub(crate) fn cancel(&mut self, key: ActiveKey, reason: CancelReason) {
        self.stop(key, Stop::Cancel(reason));
    }

    pub(crate) fn abort(&mut self, key: AttemptKey) {
        if let Some(active) = self.active.at(key) {
            active.alarm = None;
            self.effects.push(Effect::Abort(key.run));
        }
    }

    /// Cancels a run that is under way on this node. Returns `false` if this node has no such run.
    pub fn cancel_run(&mut self, store: u32, run: RunId, reason: CancelReason) -> bool {
        let Some(key) = self.active.find(store, run) else {
            return false;
        };
        self.cancel(key, reason);
        true
    }

    /// The store tells that a run is to end. One that is just being opened is unknown here until
    /// the store's answer comes.
    pub(crate) fn asked_to_end(&mut self, store: u32, run: RunId, reason: CancelReason) {
        if self.cancel_run(store, run, reason) {
            return;
        }
        if let Some(state) = self.stores.get_mut(&store)
            && state.outbox.is_busy
        {
            state.outbox.to_end.push((run, reason));
        }
    }
}
