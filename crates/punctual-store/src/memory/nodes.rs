//! Scheduler instances that share the store.

use std::sync::Arc;

use crate::{Error, Lease, NodeInfo, Peer};

#[derive(Debug)]
struct Node {
    name: Arc<str>,
    epoch: u64,
    /// `None` once it has left, or was declared dead and has no open runs.
    listed: Option<Listed>,
}

#[derive(Debug)]
struct Listed {
    info: NodeInfo,
    beats: u64,
    /// Its epoch has ended; it is listed because it has open runs.
    is_dead: bool,
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
                    listed: None,
                });
                self.0.len() - 1
            }
        };
        let node = &mut self.0[index];
        node.epoch += 1;
        node.listed = Some(Listed {
            info,
            beats: 0,
            is_dead: false,
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
        let is_alive = |listed: &Listed| !listed.is_dead;
        let holds = |index: &usize| {
            let node = &self.0[*index];
            node.epoch == lease.epoch && node.listed.as_ref().is_some_and(is_alive)
        };
        match index.filter(holds) {
            Some(index) => Ok(index as u32),
            None => Err(Error::fenced(&lease.node)),
        }
    }

    pub(super) fn beat(&mut self, index: u32) {
        if let Some(listed) = &mut self.0[index as usize].listed {
            listed.beats += 1;
        }
    }

    pub(super) fn peers(&self) -> Vec<Peer> {
        let peer = |node: &Node| {
            let listed = node.listed.as_ref()?;
            Some(Peer {
                info: listed.info.clone(),
                epoch: node.epoch,
                beats: listed.beats,
            })
        };
        self.0.iter().filter_map(peer).collect()
    }

    /// An earlier epoch of a node: nobody beats for it any more.
    pub(super) fn past(&self, index: u32, epoch: u64) -> Option<Peer> {
        let node = self.0.get(index as usize)?;
        let listed = node.listed.as_ref().filter(|_| node.epoch != epoch)?;
        Some(Peer {
            info: listed.info.clone(),
            epoch,
            beats: 0,
        })
    }

    /// Ends the epoch of a node that stood still; its index, unless it is alive after all.
    pub(super) fn bury(&mut self, dead: &Peer) -> Option<u32> {
        let index = self.index(&dead.info.name)?;
        let node = &mut self.0[index];
        if node.epoch == dead.epoch
            && let Some(listed) = &mut node.listed
        {
            if listed.beats != dead.beats {
                return None;
            }
            listed.is_dead = true;
        }
        Some(index as u32)
    }

    /// Takes a node out, unless it has registered anew meanwhile.
    pub(super) fn forget(&mut self, index: u32, epoch: u64) {
        let node = &mut self.0[index as usize];
        if node.epoch == epoch {
            node.listed = None;
        }
    }

    pub(super) fn name(&self, index: u32) -> Option<&str> {
        self.0.get(index as usize).map(|node| &*node.name)
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.index(name).map(|index| index as u32)
    }
}
