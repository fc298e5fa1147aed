//! The leases of the nodes that share the store.

use std::collections::BTreeSet;

use super::open_runs::Open;
use super::rows::NONE;
use super::state::State;
use crate::{Beat, Error, Lease, NodeInfo, Peer, RenewRequest, Renewal};

impl State {
    pub(super) fn register(&mut self, node: NodeInfo) -> Lease {
        let name = self.ledger.names.take(&node.name);
        let (lease, before) = self.nodes.register(node, name);
        self.is_shared |= before.is_some() || self.nodes.len() > 1;
        self.ledger.names.unused(before.unwrap_or(NONE));
        lease
    }

    pub(super) fn renew(&mut self, request: &RenewRequest) -> Result<Renewal, Error> {
        let lease = &request.lease;
        let node = self.nodes.check(lease)?;
        self.nodes.beat(lease, request.now);
        self.seen = Some(request.now);
        let its = |open: &Open| open.node == node && open.epoch == lease.epoch;
        let cancels = self
            .open
            .in_order(|_, open| its(open) && open.cancel.is_some());
        let cancels = cancels.into_iter();
        let cancels = cancels.filter_map(|(id, open)| Some((id, open.cancel?)));
        let past = self.past_epochs().into_iter().map(|peer| Beat {
            node: Lease {
                node: peer.info.name,
                epoch: peer.epoch,
            },
            count: peer.beats,
            clock: None,
        });
        Ok(Renewal {
            cancels: cancels.collect(),
            beats: self.nodes.beats().chain(past).collect(),
            waiting: self.waiting_jobs(request.tasks.as_ref(), request.now.timestamp_micros()),
        })
    }

    /// Returns all nodes, and their earlier epochs that have open runs.
    pub(super) fn peers(&self) -> Vec<Peer> {
        self.nodes.peers().chain(self.past_epochs()).collect()
    }

    fn past_epochs(&self) -> Vec<Peer> {
        let taken = self.open.iter().filter(|(_, open)| open.node != NONE);
        let owners: BTreeSet<_> = taken.map(|(_, open)| (open.node, open.epoch)).collect();
        let owners = owners.into_iter();
        owners
            .filter_map(|(node, epoch)| self.nodes.past(node, epoch))
            .collect()
    }

    pub(super) fn leave(&mut self, lease: &Lease) {
        if let Ok(node) = self.nodes.check(lease)
            && !self.has_any(node, lease.epoch)
        {
            self.forget(lease);
        }
    }

    pub(super) fn forget(&mut self, lease: &Lease) {
        let name = self.nodes.forget(lease);
        self.ledger.names.unused(name.unwrap_or(NONE));
    }
}
