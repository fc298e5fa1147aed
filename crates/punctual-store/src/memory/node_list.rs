//! The list of the nodes that share the store.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{Beat, Error, Lease, NodeInfo, Peer};

/// A registered node, or a dead one that still has open runs.
#[derive(Debug)]
struct Node {
    info: NodeInfo,
    /// The index of the name.
    name: u32,
    epoch: u64,
    beats: u64,
    /// The time on the node's clock at its last beat.
    clock: Option<DateTime<Utc>>,
    /// True if the epoch has ended and the node is only listed because it has open runs.
    is_dead: bool,
}

/// The nodes that are listed.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    listed: Vec<Node>,
    /// One counter for all names, so that a name may be forgotten and come again.
    epoch: u64,
}

impl Nodes {
    /// Registers a node whose name has the index `name`.
    ///
    /// Returns the index of the node that it replaces, which this list does not refer to any more.
    pub(super) fn register(&mut self, info: NodeInfo, name: u32) -> (Lease, Option<u32>) {
        self.epoch += 1;
        let lease = Lease {
            node: Arc::clone(&info.name),
            epoch: self.epoch,
        };
        let before = self.position(&info.name).map(|at| self.listed.remove(at));
        self.listed.push(Node {
            info,
            name,
            epoch: self.epoch,
            beats: 0,
            clock: None,
            is_dead: false,
        });
        (lease, before.map(|node| node.name))
    }

    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.listed.iter().position(|node| &*node.info.name == name)
    }

    fn find(&self, name: &str) -> Option<&Node> {
        self.listed.get(self.position(name)?)
    }

    /// Returns the index of the name of a node whose lease holds.
    pub(super) fn check(&self, lease: &Lease) -> Result<u32, Error> {
        let node = self.find(&lease.node);
        match node.filter(|node| node.epoch == lease.epoch && !node.is_dead) {
            Some(node) => Ok(node.name),
            None => Err(Error::fenced(&lease.node)),
        }
    }

    /// Counts a beat of a node whose clock shows `clock`.
    pub(super) fn beat(&mut self, lease: &Lease, clock: DateTime<Utc>) {
        if let Some(at) = self.position(&lease.node) {
            let node = &mut self.listed[at];
            node.beats += 1;
            node.clock = Some(clock);
        }
    }

    pub(super) fn beats(&self) -> impl Iterator<Item = Beat> + '_ {
        self.listed.iter().map(|node| Beat {
            node: Lease {
                node: Arc::clone(&node.info.name),
                epoch: node.epoch,
            },
            count: node.beats,
            clock: node.clock,
        })
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = Peer> + '_ {
        self.listed.iter().map(|node| Peer {
            info: node.info.clone(),
            epoch: node.epoch,
            beats: node.beats,
        })
    }

    /// Returns an earlier epoch of a listed node as a peer. Its beats stand still.
    pub(super) fn past(&self, name: u32, epoch: u64) -> Option<Peer> {
        let mut listed = self.listed.iter();
        let node = listed.find(|node| node.name == name && node.epoch != epoch)?;
        Some(Peer {
            info: node.info.clone(),
            epoch,
            beats: 0,
        })
    }

    /// Ends the epoch of a node that stood still, and returns the index of its name.
    ///
    /// Returns `None` if the node is alive after all, or never had that epoch.
    pub(super) fn bury(&mut self, dead: &Lease, beats: u64) -> Option<u32> {
        let at = self.position(&dead.node)?;
        let node = &mut self.listed[at];
        if node.epoch < dead.epoch {
            return None;
        }
        if node.epoch == dead.epoch {
            if node.beats != beats {
                return None;
            }
            node.is_dead = true;
        }
        Some(node.name)
    }

    /// Removes a node, unless it has registered again in between.
    ///
    /// Returns the index of its name, which this list does not refer to any more.
    pub(super) fn forget(&mut self, lease: &Lease) -> Option<u32> {
        let at = self.position(&lease.node)?;
        (self.listed[at].epoch == lease.epoch).then(|| self.listed.remove(at).name)
    }

    pub(super) fn name_of(&self, node: &str) -> Option<u32> {
        self.find(node).map(|node| node.name)
    }
}
