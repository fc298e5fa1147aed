//! Scheduler instances that share the store.

use std::sync::Arc;

use punctual_core::RunId;

use crate::{Error, Lease, NodeInfo, Peer, Renewal};

#[derive(Debug)]
struct Node {
    name: Arc<str>,
    epoch: u64,
    /// `None` once it has left or was declared dead.
    live: Option<Live>,
}

#[derive(Debug)]
struct Live {
    info: NodeInfo,
    beats: u64,
    cancels: Vec<RunId>,
}

/// All nodes that ever registered, by name: runs refer to them by index.
#[derive(Debug, Default)]
pub(super) struct Nodes(Vec<Node>);

impl Nodes {
    pub(super) fn register(&mut self, info: NodeInfo) -> Lease {
        let index = match self.index(&info.name) {
            Some(index) => index,
            None => {
                self.0.push(Node {
                    name: Arc::clone(&info.name),
                    epoch: 0,
                    live: None,
                });
                self.0.len() - 1
            }
        };
        let node = &mut self.0[index];
        node.epoch += 1;
        node.live = Some(Live {
            info,
            beats: 0,
            cancels: Vec::new(),
        });
        Lease {
            node: Arc::clone(&node.name),
            epoch: node.epoch,
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|node| &*node.name == name)
    }

    /// The index of a node whose lease holds.
    pub(super) fn check(&self, lease: &Lease) -> Result<u32, Error> {
        let index = self.index(&lease.node);
        let holds = |index: &usize| {
            let node = &self.0[*index];
            node.epoch == lease.epoch && node.live.is_some()
        };
        match index.filter(holds) {
            Some(index) => Ok(index as u32),
            None => Err(Error::fenced(&lease.node)),
        }
    }

    pub(super) fn renew(&mut self, lease: &Lease) -> Result<Renewal, Error> {
        let index = self.check(lease)?;
        let mut cancels = Vec::new();
        if let Some(live) = &mut self.0[index as usize].live {
            live.beats += 1;
            cancels = std::mem::take(&mut live.cancels);
        }
        Ok(Renewal {
            peers: self.peers(),
            cancels,
        })
    }

    pub(super) fn peers(&self) -> Vec<Peer> {
        let peer = |node: &Node| {
            let live = node.live.as_ref()?;
            Some(Peer {
                info: live.info.clone(),
                epoch: node.epoch,
                beats: live.beats,
            })
        };
        self.0.iter().filter_map(peer).collect()
    }

    pub(super) fn leave(&mut self, lease: &Lease) {
        if let Ok(index) = self.check(lease) {
            self.0[index as usize].live = None;
        }
    }

    /// Ends the epoch of a node that stood still; its index, unless it is alive after all.
    pub(super) fn bury(&mut self, dead: &Peer) -> Option<u32> {
        let index = self.index(&dead.info.name)?;
        let node = &mut self.0[index];
        if node.epoch == dead.epoch {
            let revived = node
                .live
                .as_ref()
                .is_some_and(|live| live.beats != dead.beats);
            if revived {
                return None;
            }
            node.live = None;
        }
        Some(index as u32)
    }

    pub(super) fn name(&self, index: u32) -> Option<&str> {
        self.0.get(index as usize).map(|node| &*node.name)
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.index(name).map(|index| index as u32)
    }

    pub(super) fn ask_to_cancel(&mut self, index: u32, run: RunId) {
        if let Some(Some(live)) = self.0.get_mut(index as usize).map(|node| &mut node.live)
            && !live.cancels.contains(&run)
        {
            live.cancels.push(run);
        }
    }
}
