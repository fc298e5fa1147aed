//! Tells the driver of the nodes that share a store, whenever they have changed. This has a tokio
//! task of its own, since a store that does not answer must not keep a node from renewing its
//! lease.

use std::collections::BTreeSet;

use punctual_machine::Reply;
use punctual_store::{DueJob, DueRequest, Lease, Peer};
use tokio::sync::watch;
use tracing::Level;

use crate::store_link::worker::Worker;

/// The number of jobs that are looked at for tasks that no node knows. They are the jobs that are
/// due first, and jobs without a known task stay the first.
const FIRST: usize = 64;

impl Worker {
    /// Tells what the nodes say of themselves whenever a renewal has shown a change, until renewals
    /// end.
    pub(crate) async fn meet(self, mut fleet: watch::Receiver<Vec<Lease>>) {
        while fleet.changed().await.is_ok() {
            let alive = fleet.borrow_and_update().clone();
            let mut peers = tokio::select! {
                () = self.replies.closed() => return,
                peers = self.insist(|| self.store.nodes()) => peers,
            };
            peers.retain(|peer| alive.iter().any(|lease| is_of(lease, peer)));
            let newest = peers.iter().map(|peer| peer.info.release).max();
            self.shared.newest.send_modify(|stores| {
                stores.insert(self.id, newest.unwrap_or_default());
            });
            let told = Reply::Nodes(peers.clone());
            if self.reply(told).await.is_err() {
                return;
            }
            self.look_for_unknown(&peers).await;
        }
    }

    /// Warns of due jobs that no node can run. Without the warning they would stay where they are
    /// unnoticed.
    async fn look_for_unknown(&self, peers: &[Peer]) {
        let request = DueRequest::through(self.shared.clock.now(), FIRST);
        let due = match self.store.due(request).await {
            Ok(due) => due,
            Err(error) => return self.health.fails(&error),
        };
        let mut told = BTreeSet::new();
        for DueJob { stored, .. } in &due.jobs {
            let task = stored.job.task();
            let mut listed = peers.iter().flat_map(|peer| &peer.info.tasks);
            let is_known =
                self.shared.registry.get(task).is_some() || listed.any(|own| own == task);
            if !is_known && told.insert(task) {
                tracing::warn!(
                    store = %self.alias,
                    job = %stored.job.id(),
                    %task,
                    "the job is due, and no node that the store lists knows its task: register it with `.task(..)`, or find declared ones with `.discover()`"
                );
                let id = stored.job.id();
                self.health.voice.unheard(Level::WARN, ("unknown task", task), || {
                    format!("the job `{id}` is due, and no node that its store lists knows its task `{task}`")
                });
            }
        }
    }
}

fn is_of(lease: &Lease, peer: &Peer) -> bool {
    lease.node == peer.info.name && lease.epoch == peer.epoch
}
