//! Carries out the effects that the machine decides. No other file does.

use std::time::Duration;

use punctual_machine::{Alarm, AttemptKey, Effect, Reply};
use punctual_store::ClaimRequest;

use super::Driver;
use super::surroundings::Surroundings;

/// The most requests of one turn that are answered in place.
const IN_PLACE: u32 = 8;

impl Driver {
    /// Carries out the effects of the machine, in their order.
    pub(super) fn carry_out(&mut self) {
        while let Some(effect) = self.machine.next_effect() {
            self.carry_out_one(effect);
        }
    }

    fn carry_out_one(&mut self, effect: Effect<Surroundings>) {
        match effect {
            Effect::Claim { store, request } => self.claim(store, request),
            Effect::Read { store, read } => {
                if let Some(link) = self.links.get(&store) {
                    link.read(read);
                }
            }
            Effect::ArmAt { at, order, alarm } => self.timer.at(at, order, alarm),
            Effect::DisarmAt { at, alarm } => self.timer.cancel_at(at, alarm),
            Effect::ArmAfter { span, alarm } => self.arm_after(span, alarm),
            Effect::Begin { run, latest } => self.begin(run, latest),
            Effect::Stop(run) => self.stop(run),
            Effect::Abort(run) => self.abort(run),
            Effect::Over { run: kept, .. } => {
                if let Some(alarm) = kept.alarm {
                    self.timer.cancel(alarm);
                }
            }
            Effect::StageLasts(span) => self.stage_lasts(span),
            Effect::StageEndsWithin(span) => self.stage_ends_within(span),
            Effect::Gone { store } => {
                self.links.remove(&store);
                self.machine.node_mut().leave(store);
            }
            Effect::Answer { ticket, answer } => self.answer(ticket, answer),
            Effect::Count(counted) => self.shared.metrics.ended(&counted),
            Effect::Tell(tell) => self.tell(*tell),
        }
    }

    /// Sends a claim. Only few claims of a turn are answered in place, so that claims hold up no
    /// other event.
    fn claim(&mut self, store: u32, request: Box<ClaimRequest>) {
        let Some(link) = self.links.get_mut(&store) else {
            return;
        };
        if self.in_place == IN_PLACE {
            return link.claim(request);
        }
        match link.claim_in_place(request) {
            Ok((request, reply)) => {
                self.in_place += 1;
                self.tell_time();
                #[cfg(feature = "testing")]
                self.note_answer();
                self.take_reply(store, Reply::Claimed(request, reply, Vec::new()));
                self.machine.end_turn();
            }
            Err(request) => link.claim(request),
        }
    }

    fn arm_after(&mut self, span: Duration, alarm: Alarm) {
        let armed = self.timer.after(span, 0, alarm);
        let (Alarm::Timeout(attempt) | Alarm::Abort(attempt)) = alarm else {
            return;
        };
        let AttemptKey { run, turn } = attempt;
        let before = match self.machine.active_mut(run) {
            Some(active) if active.turn == turn => active.own.alarm.replace(armed),
            _ => Some(armed),
        };
        if let Some(before) = before {
            self.timer.cancel(before);
        }
    }
}
