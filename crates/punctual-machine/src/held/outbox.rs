//! Checks the requests that wait to be sent to a store or are on their way.

use super::Wrong;
use crate::machine::Machine;
use crate::node::Node;
use crate::store::StoreState;

impl<N: Node> Machine<N> {
    pub(crate) fn check_outbox(&self, state: &StoreState<N>, wrong: &mut Wrong) {
        let outbox = &state.outbox;
        let asked: usize = state.jobs.iter().map(|(_, own)| own.asked as usize).sum();
        if outbox.manual.len() != asked {
            let askers = outbox.manual.len();
            wrong.push(format!("{askers} wait for {asked} runs by hand"));
        }
        if !outbox.spare.is_empty() {
            wrong.push("the spare list of ends is in use".to_owned());
        }
        if outbox.is_busy {
            return;
        }
        let due = if self.begins_runs() {
            state.due.len()
        } else {
            0
        };
        for (what, count) in [
            ("ends wait", outbox.ends.len()),
            ("ends are held for sent", outbox.ends_sent),
            ("claims wait", outbox.claims.len()),
            ("claims are held for sent", outbox.asked.len()),
            ("runs are to end", outbox.to_end.len()),
            ("due jobs wait", due),
        ] {
            if count > 0 {
                wrong.push(format!("{count} {what}, and no request is on its way"));
            }
        }
    }
}
