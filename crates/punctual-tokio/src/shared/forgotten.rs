//! Notices a scheduler that has jobs and is dropped without ever having been started. Most likely
//! the program forgot the start.
//!
//! A scheduler that is only a client of other nodes does not count. Jobs in a store that other
//! nodes run are left to those nodes, so only jobs count that no other node can run. Declared jobs
//! count in any store, unless the program used the scheduler to ask or tell its stores something.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use punctual_core::JobId;
use punctual_store::lock::Mutex;
use tokio::runtime::Handle;

use crate::shared::Shared;
use crate::stores::NamedStore;

/// The number of jobs that are named.
const NAMED: usize = 3;

/// The state of a scheduler before its first start.
#[derive(Debug, Default)]
pub(crate) struct Unstarted {
    /// True if the scheduler was built and no caller has asked it to start. The program hears of a
    /// failed build or start by its error.
    waits: AtomicBool,
    /// True if the scheduler's stores were used.
    was_used: AtomicBool,
    /// True if the scheduler is the inside of a client.
    is_client: AtomicBool,
    /// The jobs that were added, by their store.
    jobs: Mutex<BTreeSet<(u32, JobId)>>,
}

impl Unstarted {
    pub(crate) fn built(&self) {
        self.waits.store(true, Ordering::Relaxed);
    }

    pub(crate) fn asked_to_start(&self) {
        self.waits.store(false, Ordering::Relaxed);
        self.jobs.lock().clear();
    }

    /// Notes that no start is to come.
    pub(crate) fn is_of_client(&self) {
        self.asked_to_start();
        self.is_client.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_client(&self) -> bool {
        self.is_client.load(Ordering::Relaxed)
    }

    pub(crate) fn used(&self) {
        self.was_used.store(true, Ordering::Relaxed);
    }

    pub(crate) fn added(&self, named: &NamedStore, id: &JobId) {
        if self.is_before_start() && !named.store.capabilities().shared {
            self.jobs.lock().insert((named.id, id.clone()));
        }
    }

    pub(crate) fn removed(&self, named: &NamedStore, id: &JobId) {
        if self.is_before_start() {
            self.jobs.lock().remove(&(named.id, id.clone()));
        }
    }

    pub(crate) fn cleared(&self, named: &NamedStore) {
        if self.is_before_start() {
            self.jobs.lock().retain(|(store, _)| *store != named.id);
        }
    }

    fn is_before_start(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Returns the jobs of a scheduler that was never started, if no other node will run them.
    fn forgotten(&self) -> Vec<JobId> {
        if !self.unstarted.is_before_start() {
            return Vec::new();
        }
        let stores = self.all_stores();
        let by_id = |id: u32| stores.iter().find(|named| named.id == id);
        let added = std::mem::take(&mut *self.unstarted.jobs.lock()).into_iter();
        let mut forgotten: Vec<JobId> = added
            .filter(|(store, _)| by_id(*store).is_some_and(is_alone))
            .map(|(_, id)| id)
            .collect();
        let was_used = self.unstarted.was_used.load(Ordering::Relaxed);
        for (_, job) in self.declared.jobs() {
            let alias = job.store.as_deref().unwrap_or(crate::DEFAULT);
            let named = stores.iter().find(|named| *named.alias == *alias);
            if named.is_some_and(|named| !was_used || is_alone(named)) {
                forgotten.extend(job.given_id().and_then(|id| JobId::new(id).ok()));
            }
        }
        forgotten
    }
}

/// Returns true if no other node runs the jobs of a store.
fn is_alone(named: &NamedStore) -> bool {
    if named.store.capabilities().shared {
        return false;
    }
    // A memory store may have a scheduler of its own, and answers without waiting. Other stores may
    // need a runtime to be asked.
    let nodes = Handle::try_current()
        .ok()
        .and_then(|_| named.bare.nodes().now_or_never());
    !matches!(nodes, Some(Ok(nodes)) if !nodes.is_empty())
}

impl Drop for Shared {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let forgotten = self.forgotten();
        if forgotten.is_empty() {
            return;
        }
        let names: Vec<_> = forgotten.iter().take(NAMED).map(JobId::as_str).collect();
        let names = names.join("`, `");
        let more = if forgotten.len() > NAMED { ", .." } else { "" };
        let jobs = forgotten.len();
        tracing::warn!(
            jobs,
            "a scheduler with jobs (`{names}`{more}) was dropped that was never started, so they do not run: await `start()` or `run_until_signal()`"
        );
        self.voice.unheard(tracing::Level::WARN, ("unstarted", ""), || {
            format!("a scheduler with jobs (`{names}`{more}) was dropped that was never started, so they do not run: await `start()` or `run_until_signal()`")
        });
    }
}
