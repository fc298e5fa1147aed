//! Which jobs have waiting runs, and when those are asked for.

use super::super::{Alarm, Driver};
use super::Wrong;
use crate::partition::{Partition, Waits};

impl Driver {
    pub(super) fn check_waits(&self, partition: &Partition, wrong: &mut Wrong) {
        for (birth, waits) in &partition.waits {
            if let Some(what) = self.odd_waits(partition.id, *birth, waits) {
                wrong.push(format!("what waits of {} {what}", waits.id));
            }
        }
        let outbox = &partition.outbox;
        let sent = outbox.asked.iter().filter(|key| key.is_none()).count();
        let next = outbox.claims.iter().filter(|(key, _)| key.is_none());
        let asked = partition.waits.values().filter(|own| own.is_asked).count();
        if sent + next.count() < asked {
            wrong.push("what waits is not asked for".to_owned());
        }
    }

    fn odd_waits(&self, store: u32, birth: u64, waits: &Waits) -> Option<&'static str> {
        let now = self.core.clock.micros();
        let is_asked_later = waits.is_asked || !self.begins_runs();
        if waits.times.is_empty() {
            return (!is_asked_later).then_some("is kept for nothing");
        }
        let alarm = Alarm::Promote { store, birth };
        let is_seen_to = |at: &i64| (*at <= now && is_asked_later) || self.is_armed(alarm, *at);
        let all = waits.times.iter().all(is_seen_to);
        (!all).then_some("has no alarm")
    }
}
