//! Who asks the database, and who owns what.

use std::collections::BTreeMap;

use punctual_core::RunId;
use punctual_store::Lease;

/// A process on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) node: usize,
    /// Counts the processes of all nodes.
    pub(crate) process: u64,
}

/// The leases that were given, and the runs that were opened under them.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// All that were ever given.
    leases: Vec<(Lease, Place)>,
    runs: BTreeMap<RunId, Lease>,
}

impl Owners {
    pub(crate) fn registered(&mut self, lease: &Lease, at: Place) {
        self.leases.push((lease.clone(), at));
    }

    pub(crate) fn opened(&mut self, runs: impl IntoIterator<Item = RunId>, lease: &Lease) {
        let runs = runs.into_iter().map(|run| (run, lease.clone()));
        self.runs.extend(runs);
    }

    /// The names that nodes went by.
    pub(crate) fn names(&self) -> impl Iterator<Item = (String, usize)> {
        let leases = self.leases.iter();
        leases.map(|(lease, at)| (lease.node.to_string(), at.node))
    }

    /// The lease that a process goes by.
    pub(crate) fn lease_of(&self, at: Place) -> Option<&Lease> {
        let mut its = self.leases.iter().rev();
        its.find(|(_, of)| *of == at).map(|(lease, _)| lease)
    }

    /// Whether a run belongs to nobody who knows of it: its process has died, or goes by another
    /// lease.
    pub(crate) fn is_abandoned(&self, run: RunId, living: &[Place]) -> bool {
        let Some(owner) = self.runs.get(&run) else {
            return false;
        };
        living
            .iter()
            .filter_map(|at| self.lease_of(*at))
            .all(|lease| lease != owner)
    }
}
