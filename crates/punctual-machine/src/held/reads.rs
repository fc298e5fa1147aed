//! Checks the reads from a store, and the times of the next ones.

use super::{Alarms, Wrong};
use crate::alarm::Alarm;
use crate::machine::Machine;
use crate::node::Node;
use crate::parked::PARKED_FOR;
use crate::store::StoreState;
use crate::window::CUT_FOR;

impl<N: Node> Machine<N> {
    pub(crate) fn check_reads(&self, state: &StoreState<N>, alarms: &Alarms, wrong: &mut Wrong) {
        let (window, left) = (&state.window, &state.left);
        let asked = u32::from(window.is_asked) + u32::from(left.is_asked);
        // A cut window is read again when its due jobs are decided.
        let is_later = window.is_asked || (window.is_cut && !state.due.is_empty());
        let is_refill_lost = match (window.beyond, window.refill_at) {
            (Some(beyond), Some(at)) => {
                let pause = if window.is_cut { CUT_FOR } else { 0 };
                at > beyond.max(self.now.saturating_add(pause))
            }
            (Some(_), None) => true,
            (None, _) => false,
        };
        // Parked jobs may be gone from the store, which the next read shows.
        let hour = self.now.saturating_add(PARKED_FOR);
        let is_read_soon = is_later || window.beyond.is_some_and(|beyond| beyond <= hour);
        let told = [
            (
                !state.parked.is_empty() && !is_read_soon && !state.is_leaving,
                "parked jobs are held, and no reading tells whether they are gone",
            ),
            (
                state.reads.on_their_way() != asked,
                "it counts other readings than are on their way",
            ),
            (
                asked == 0 && !state.reads.is_empty(),
                "it remembers what has moved on, for no reading",
            ),
            (
                window.ask_again && !window.is_asked && !state.is_leaving,
                "it is to be read again, and is not read",
            ),
            (
                is_refill_lost && !is_later && !state.is_leaving,
                "jobs beyond the window will not be read in time",
            ),
            (
                window
                    .refill_at
                    .is_some_and(|at| !alarms.is_armed(at, Alarm::Refill { store: state.id })),
                "the alarm of the next reading is lost",
            ),
            (
                !state.adopting.is_empty() && !state.is_adopting,
                "runs are looked for that were unknown",
            ),
        ];
        let odd = told.into_iter().filter(|(is_odd, _)| *is_odd);
        wrong.extend(odd.map(|(_, what)| what.to_owned()));
    }
}
