//! Checks the jobs with waiting runs, and the times at which the node asks for them.

use super::{Alarms, Wrong};
use crate::alarm::Alarm;
use crate::machine::Machine;
use crate::node::Node;
use crate::store::{StoreState, Waits};

impl<N: Node> Machine<N> {
    pub(crate) fn check_waits(&self, state: &StoreState<N>, alarms: &Alarms, wrong: &mut Wrong) {
        for (birth, waits) in &state.waits {
            if let Some(what) = self.odd_waits((state.id, *birth), waits, alarms) {
                wrong.push(format!("what waits of {} {what}", waits.id));
            }
        }
        let outbox = &state.outbox;
        let sent = outbox.asked.iter().filter(|key| key.is_none()).count();
        let next = outbox.claims.iter().filter(|(key, _)| key.is_none());
        let asked = state
            .waits
            .values()
            .filter(|own| !own.asked.is_empty())
            .count();
        if sent + next.count() < asked {
            wrong.push("what waits is not asked for".to_owned());
        }
    }

    fn odd_waits(
        &self,
        (store, birth): (u32, u64),
        waits: &Waits,
        alarms: &Alarms,
    ) -> Option<&'static str> {
        let now = self.now;
        let is_asked_later = !waits.asked.is_empty() || !self.begins_runs();
        if waits.times.is_empty() {
            return (!is_asked_later).then_some("is kept for nothing");
        }
        let alarm = Alarm::Promote { store, birth };
        let is_seen_to = |at: &i64| (*at <= now && is_asked_later) || alarms.is_armed(*at, alarm);
        let all = waits.times.iter().all(is_seen_to);
        (!all).then_some("has no alarm")
    }
}
