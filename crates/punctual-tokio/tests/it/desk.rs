//! Nodes that share a store in memory, each with a way of its own to it.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Outcome, RunState};
use punctual_store::testing::Faults;
use punctual_store::{JobStore, RunFilter};
use punctual_tokio::{JobContext, MemoryStore, Scheduler};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::support::Log;
use crate::ways::way_to;

/// What the jobs of all nodes have in common.
#[derive(Clone, Default)]
pub(crate) struct Desk {
    pub(crate) store: MemoryStore,
    /// Node, attempt and whether it was told to end, at the end of each run.
    pub(crate) log: Log<(&'static str, u32, bool)>,
    pub(crate) begun: Log<(&'static str, u64)>,
    pub(crate) go: Arc<Notify>,
}

impl Desk {
    /// A scheduler with a way of its own to the store.
    pub(crate) async fn node(&self, name: &'static str) -> (Scheduler, Faults) {
        let (way, faults) = way_to(&self.store);
        let desk = self.clone();
        let work = move |context: JobContext| {
            let desk = desk.clone();
            async move {
                desk.begun.push((name, context.fencing_token()));
                let is_told = tokio::select! {
                    () = desk.go.notified() => false,
                    () = context.cancelled() => true,
                };
                desk.log.push((name, context.attempt(), is_told));
                if is_told { Err("told to end") } else { Ok(()) }
            }
        };
        let scheduler = Scheduler::builder()
            .node(name)
            .store("default", way)
            .task("work", work)
            .task("brief", || sleep(Duration::from_secs(30)))
            .build()
            .unwrap();
        scheduler.start().await.unwrap();
        (scheduler, faults)
    }

    pub(crate) async fn states(&self) -> Vec<RunState> {
        let mut runs = self.store.runs(RunFilter::default()).await.unwrap();
        runs.sort_by_key(|run| run.id);
        runs.into_iter().map(|run| run.state).collect()
    }

    pub(crate) async fn nodes(&self) -> Vec<String> {
        let peers = self.store.nodes().await.unwrap();
        peers
            .iter()
            .map(|peer| peer.info.name.to_string())
            .collect()
    }
}

pub(crate) const LOST: RunState = RunState::Ended(Outcome::Lost);
pub(crate) const SUCCEEDED: RunState = RunState::Ended(Outcome::Succeeded);

/// Far enough apart that only the first fire time comes into these tests.
pub(crate) const PERIOD: u64 = 600;
