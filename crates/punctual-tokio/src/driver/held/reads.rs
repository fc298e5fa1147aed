//! What is read of a store, and when next.

use super::super::Driver;
use super::super::window::PARKED_FOR;
use super::Wrong;
use crate::partition::Partition;

impl Driver {
    pub(super) fn check_reads(&self, partition: &Partition, wrong: &mut Wrong) {
        let (window, left) = (&partition.window, &partition.left);
        let asked = u32::from(window.is_asked) + u32::from(left.is_asked);
        // A cut window is read again when what is due of it has been decided.
        let is_later = window.is_asked || (window.is_cut && !partition.due.is_empty());
        let is_refill_lost = match (window.beyond, window.refill_at) {
            (Some(beyond), Some(at)) => at > beyond.max(self.core.clock.micros()),
            (Some(_), None) => true,
            (None, _) => false,
        };
        // Parked jobs may be gone from the store. The next reading tells.
        let hour = self.core.clock.micros().saturating_add(PARKED_FOR);
        let is_read_soon = is_later || window.beyond.is_some_and(|beyond| beyond <= hour);
        let told = [
            (
                !partition.parked.is_empty() && !is_read_soon && !partition.is_leaving,
                "parked jobs are held, and no reading tells whether they are gone",
            ),
            (
                partition.reads.on_their_way() != asked,
                "it counts other readings than are on their way",
            ),
            (
                asked == 0 && !partition.reads.is_empty(),
                "it remembers what has moved on, for no reading",
            ),
            (
                window.ask_again && !window.is_asked && !partition.is_leaving,
                "it is to be read again, and is not read",
            ),
            (
                is_refill_lost && !is_later && !partition.is_leaving,
                "jobs beyond the window will not be read in time",
            ),
            (
                window
                    .refill_at
                    .is_some_and(|at| !self.has_refill(partition.id, at)),
                "the alarm of the next reading is lost",
            ),
            (
                !partition.adopting.is_empty(),
                "runs are looked for that were unknown",
            ),
        ];
        let odd = told.into_iter().filter(|(is_odd, _)| *is_odd);
        wrong.extend(odd.map(|(_, what)| what.to_owned()));
    }

    fn has_refill(&self, store: u32, at: i64) -> bool {
        self.is_armed(super::super::Alarm::Refill { store }, at)
    }
}
