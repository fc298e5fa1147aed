//! Tasks that are unknown on this node and known to other nodes of a store.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::error::Error;
use crate::executor::program;
use crate::handler::registry::is_anonymous;
use crate::job::new_job::NewJob;
use crate::shared::Shared;
use crate::stores::NamedStore;

/// The tasks of the other nodes that some stores list.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere(BTreeMap<u32, Vec<Arc<str>>>);

impl Elsewhere {
    /// Asks the stores of those jobs whose tasks are unknown on this node.
    pub(crate) async fn of_jobs(shared: &Shared, jobs: &[NewJob]) -> Result<Self, Error> {
        let mut found = Self::default();
        for job in jobs {
            if let Some(named) = job.store_of_unknown_task(shared) {
                found.ask(shared, &named).await?;
            }
        }
        Ok(found)
    }

    /// Asks a store, unless it was asked already. Tasks that the store lists under the name of this
    /// node belong to an earlier process.
    pub(crate) async fn ask(&mut self, shared: &Shared, named: &NamedStore) -> Result<(), Error> {
        if let Entry::Vacant(place) = self.0.entry(named.id) {
            let nodes = named.store.nodes().await?;
            let others = nodes
                .into_iter()
                .filter(|node| node.info.name != shared.node);
            place.insert(others.flat_map(|node| node.info.tasks).collect());
        }
        Ok(())
    }

    /// Returns true if a node of a store lists a task. Functions without a stable name are known to
    /// their own process only. A node that has no executor for programs cannot start programs on
    /// other nodes either.
    pub(crate) fn knows(&self, store: u32, task: &str) -> bool {
        let may_be_named = !is_anonymous(task) && task != program::TASK;
        let mut listed = self.0.get(&store).into_iter().flatten();
        may_be_named && listed.any(|listed| **listed == *task)
    }
}
