//! Which of two releases has the say about a declared job.
//!
//! ```text
//! release 2 deployed    |---- 1 ----|
//!                             |---- 2 ---------
//! a job declared by     1     2
//!
//! rolled back           |---- 2 ----|
//!                             |---- 1 ---------
//! a job declared by     2           ~~~~~~1      a minute after the last node of release 2 is gone
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use punctual_core::{FireRange, Outcome, SkipReason};
use punctual_store::StoredJob;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::Level;

use super::Scheduler;
use super::declare::Look;
use super::edit::Edited;
use crate::checked_job::Checked;
use crate::command::ShutdownReport;
use crate::core::NamedStore;
use crate::error::Error;

/// A node that is started again is back by then.
const GONE_FOR: Duration = Duration::from_secs(60);

/// The newest release among the living nodes of each store, by the numbers of stores.
pub(crate) type Newest = BTreeMap<u32, u64>;

/// How what the code declares stands to what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is the same.
    Same,
    /// The code has changed since.
    Changed,
    /// A newer release has declared something else, and a node of one lives.
    Outdated,
    /// A newer release has declared something else, and no node of one lives.
    RolledBack,
}

impl Scheduler {
    pub(super) async fn standing(
        &self,
        checked: &Checked,
        named: &NamedStore,
        stored: &StoredJob,
        look: &Look,
    ) -> Result<Standing, Error> {
        let (Some(own), Some(other)) = (checked.job.declared(), stored.job.declared()) else {
            return Ok(Standing::Changed);
        };
        if own.says_the_same(other) {
            return Ok(Standing::Same);
        }
        if other.release() <= own.release() {
            return Ok(Standing::Changed);
        }
        let newest = match &look.newest {
            Some(newest) => newest.get(&named.id).copied().unwrap_or_default(),
            None => newest_registered(named).await?,
        };
        if newest > own.release() {
            let id = stored.job.id();
            tracing::info!(job = %id, release = other.release(), own = own.release(), "a newer release declares something else of this job, and is obeyed");
            return Ok(Standing::Outdated);
        }
        Ok(Standing::RolledBack)
    }

    /// Says that an older release has taken the place of a newer one.
    pub(super) fn tell_rollback(&self, checked: &Checked, stored: &StoredJob) {
        let id = stored.job.id();
        let release = |job: &punctual_core::Job| job.declared().map_or(0, |mark| mark.release());
        let (own, was) = (release(&checked.job), release(&stored.job));
        tracing::warn!(job = %id, release = own, was, "no node of the newer release lives that declared this job: it becomes what the older one declares");
        self.core
            .voice
            .unheard(Level::WARN, ("rolled back", id.as_str()), || {
                format!("the job `{id}` becomes what release {own} declares: no node of release {was} lives, which had declared it")
            });
    }

    /// Looks at the declared jobs again whenever other nodes have come or gone: an older release goes by
    /// its own code once the newer ones are gone, and a newer one mends what an older has written in the
    /// moment before it came.
    pub(super) async fn follow_releases(self, mut ended: watch::Receiver<Option<ShutdownReport>>) {
        let mut fleet = self.core.newest.subscribe();
        let follow = async {
            while fleet.changed().await.is_ok() {
                while !self.went_by_releases(&mut fleet).await {}
            }
        };
        tokio::select! {
            _ = ended.wait_for(Option::is_some) => {}
            () = follow => {}
        }
    }

    /// Looks at the declared jobs once the same nodes have been there for a while. Answers whether all
    /// could be looked at.
    async fn went_by_releases(&self, fleet: &mut watch::Receiver<Newest>) -> bool {
        while let Ok(Ok(())) = timeout(GONE_FOR, fleet.changed()).await {}
        let newest = fleet.borrow_and_update().clone();
        let done = self.go_by_releases(newest).await;
        if let Err(error) = &done {
            tracing::warn!(%error, "the declared jobs could not be compared with what is stored, which is tried again in a minute");
        }
        done.is_ok()
    }
}

async fn newest_registered(named: &NamedStore) -> Result<u64, Error> {
    let peers = named.store.nodes().await?;
    Ok(peers
        .iter()
        .map(|peer| peer.info.release)
        .max()
        .unwrap_or_default())
}

/// Notes in the ledger that the fire time which was next is that of a definition given up.
pub(super) fn rolled_back(stored: &StoredJob, edited: Edited) -> Edited {
    let next = stored.state.next_run_time.map(|next| {
        let outcome = Outcome::Skipped(SkipReason::RolledBack);
        (FireRange::single(next), outcome)
    });
    Edited {
        new_incarnation: true,
        decided: edited.decided.or(next),
        ..edited
    }
}
