//! The recovery of the runs of a dead node.

use std::collections::BTreeSet;

use chrono::DateTime;
use punctual_core::RunId;

use super::state::State;
use crate::batch::{Batch, Fate};
use crate::{Error, RecoverRequest, Recovered};

impl State {
    /// Returns true if a node has open runs of this epoch or an earlier one.
    pub(super) fn has_any(&self, node: u32, epoch: u64) -> bool {
        self.open.iter().any(|(_, open)| open.is_of(node, epoch))
    }

    pub(super) fn recover(&mut self, request: &RecoverRequest) -> Result<Recovered, Error> {
        self.nodes.check(&request.by)?;
        let Some(dead) = self.nodes.bury(&request.dead, request.beats) else {
            return Ok(Recovered::default());
        };
        let ids = self.some_of(dead, request.dead.epoch, request.limit);
        let before: Vec<_> = ids.iter().filter_map(|id| self.open_run(*id)).collect();
        let now = DateTime::from_timestamp_micros(request.now).unwrap_or_default();
        let mut asked = self.asked();
        let settled = Batch::new(&mut asked, now).settle(&request.dead.node, &ids);
        let mut recovered = Recovered {
            removed: asked.removed,
            ..Recovered::default()
        };
        let mut births = BTreeSet::new();
        for (instance, fate) in settled {
            let runs = || before.iter().filter(|run| instance.contains(&run.id));
            match fate {
                Fate::Lost => recovered.lost.extend(runs().cloned()),
                Fate::Waits => births.extend(runs().map(|run| run.birth)),
            }
        }
        recovered.waiting = births
            .into_iter()
            .filter_map(|birth| self.waits(birth, request.now))
            .collect();
        recovered.has_more = self.has_any(dead, request.dead.epoch);
        if !recovered.has_more {
            self.forget(&request.dead);
        }
        Ok(recovered)
    }

    /// Returns at least `limit` runs of a node if there are as many. The last instance is complete.
    fn some_of(&self, node: u32, epoch: u64, limit: usize) -> Vec<RunId> {
        let mut some = Vec::new();
        let mut is_whole = true;
        for (id, open) in self.open.in_order(|_, open| open.is_of(node, epoch)) {
            if some.len() >= limit.max(1) && is_whole {
                break;
            }
            is_whole = open.ends_instance;
            some.push(id);
        }
        some
    }
}
