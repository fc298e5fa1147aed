//! Decides which of two releases is right about a declared job.
//!
//! ```text
//! release 1   |------------------------|
//! release 2            |-----------------------------
//! a job is    1        2               2
//!
//! release 1   |-------------------------------------
//! release 2            |-------|
//! a job is    1        2       2 (a minute) 1            rolled back
//! ```
//!
//! A start never takes away the declaration of a newer release. A newer node may have declared it
//! and not be registered yet. A later look takes the declaration away, after no node of a newer
//! release has been there for a minute.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use punctual_core::{FireRange, Outcome, SkipReason};
use punctual_store::StoredJob;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::Level;

use super::Scheduler;
use super::declare::Look;
use super::edit::Edited;
use crate::error::Error;
use crate::report::ShutdownReport;
use crate::scheduler::validate::Checked;
use crate::shared::Newest;
use crate::stores::NamedStore;

/// The time after which a node that is started again is back.
const GONE_FOR: Duration = Duration::from_secs(60);

/// The times since which no node of a newer release is there.
#[derive(Debug)]
pub(super) struct Alone {
    own: u64,
    /// One time for each number of a store. Absent while a newer node is there.
    since: BTreeMap<u32, Option<Instant>>,
    started: Instant,
}

impl Alone {
    fn new(own: u64) -> Self {
        Self {
            own,
            since: BTreeMap::new(),
            started: Instant::now(),
        }
    }

    /// Notes the newest releases that the renewals of all stores tell.
    fn see(&mut self, newest: &Newest) {
        for (store, newest) in newest {
            let since = self.since.entry(*store).or_insert(Some(self.started));
            *since = if *newest > self.own {
                None
            } else {
                since.or_else(|| Some(Instant::now()))
            };
        }
    }

    /// Returns the time at which a roll-back may happen, since no newer node will have been there
    /// for a minute.
    fn may_roll_back_at(&self, store: u32) -> Option<Instant> {
        let since = self.since.get(&store).copied();
        Some(since.unwrap_or(Some(self.started))? + GONE_FOR)
    }

    /// Returns the next time at which a store allows a roll-back.
    fn next(&self) -> Option<Instant> {
        let now = Instant::now();
        let stores = self.since.keys();
        let times = stores.filter_map(|store| self.may_roll_back_at(*store));
        times.filter(|at| *at > now).min()
    }
}

/// The relation between the definition in the code and the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Both are the same.
    Same,
    /// The code has changed since.
    Changed,
    /// A newer release has declared another definition, and it decides.
    Outdated,
    /// A newer release has declared another definition, and it is gone.
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
            // A call has added the job, and it becomes the declared one at a start.
            return Ok(match look.later {
                None => Standing::Changed,
                Some(_) => Standing::Same,
            });
        };
        if own.says_the_same(other) {
            return Ok(Standing::Same);
        }
        let Some(alone) = &look.later else {
            return Ok(if other.release() > own.release() {
                Standing::Outdated
            } else {
                Standing::Changed
            });
        };
        match other.release().cmp(&own.release()) {
            // An older program was the last to write, though this newer one was there.
            Ordering::Less => Ok(Standing::Changed),
            // Of two programs with the same release, the one that was started last decides.
            Ordering::Equal => Ok(Standing::Same),
            Ordering::Greater if !self.is_alone(alone, named).await? => Ok(Standing::Outdated),
            Ordering::Greater => Ok(Standing::RolledBack),
        }
    }

    /// Returns true if no newer node has been there for a minute.
    async fn is_alone(&self, alone: &Alone, named: &NamedStore) -> Result<bool, Error> {
        let at = alone.may_roll_back_at(named.id);
        if at.is_none_or(|at| at > Instant::now()) {
            return Ok(false);
        }
        // A newer node may have come since the last renewal.
        Ok(newest_registered(named).await? <= alone.own)
    }

    /// Logs that an older release has taken the place of a newer one.
    pub(super) fn tell_rollback(&self, checked: &Checked, stored: &StoredJob) {
        let id = stored.job.id();
        let release = |job: &punctual_core::Job| job.declared().map_or(0, |mark| mark.release());
        let (own, was) = (release(&checked.job), release(&stored.job));
        tracing::warn!(job = %id, release = own, was, "no node of the newer release lives that declared this job: it becomes what the older one declares");
        self.shared
            .voice
            .unheard(Level::WARN, ("rolled back", id.as_str()), || {
                format!("the job `{id}` becomes what release {own} declares: no node of release {was} lives, which had declared it")
            });
    }

    /// Looks at the declared jobs again a minute after the start, and after other nodes have come
    /// or gone. An older release goes by its own code after the newer nodes are gone. A newer
    /// release mends what an older one has written while it took the newer node for dead.
    pub(super) async fn follow_releases(self, mut ended: watch::Receiver<Option<ShutdownReport>>) {
        let follow = async {
            let mut fleet = self.shared.newest.subscribe();
            let mut alone = Alone::new(self.shared.release);
            let mut look_at = Some(Instant::now() + GONE_FOR);
            loop {
                let look = async {
                    match look_at {
                        Some(at) => sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    changed = fleet.changed() => {
                        if changed.is_err() {
                            return;
                        }
                        alone.see(&fleet.borrow_and_update());
                        look_at.get_or_insert(Instant::now() + GONE_FOR);
                    }
                    () = look => (alone, look_at) = self.look_again(alone).await,
                }
            }
        };
        tokio::select! {
            _ = ended.wait_for(Option::is_some) => {}
            () = follow => {}
        }
    }

    /// Looks at the declared jobs that are stored. Returns the time of the next look, if no node
    /// comes or goes.
    async fn look_again(&self, alone: Alone) -> (Alone, Option<Instant>) {
        let mut look = Look::later(alone);
        let done = self.go_by_releases(&mut look).await;
        let has_outdated = look.has_outdated();
        let alone = look
            .later
            .unwrap_or_else(|| Alone::new(self.shared.release));
        let at = match done {
            Ok(()) if has_outdated => alone.next().or(Some(Instant::now() + GONE_FOR)),
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "the declared jobs could not be compared with what is stored, which is tried again in a minute");
                Some(Instant::now() + GONE_FOR)
            }
        };
        (alone, at)
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

/// Notes in the ledger that the next fire time belonged to a definition that was given up.
pub(super) fn rolled_back(stored: &StoredJob, edited: Edited) -> Edited {
    let decided = given_up(stored, edited.decided, SkipReason::RolledBack);
    Edited {
        new_incarnation: true,
        decided,
        ..edited
    }
}

/// Returns what the ledger says of the fire times that were next, overdue ones first.
pub(super) fn given_up(
    stored: &StoredJob,
    overdue: Option<(FireRange, Outcome)>,
    reason: SkipReason,
) -> Option<(FireRange, Outcome)> {
    match overdue {
        Some((range, Outcome::Skipped(_))) => Some((range, Outcome::Skipped(reason))),
        Some(missed) => Some(missed),
        None => {
            let next = stored.state.next_run_time?;
            Some((FireRange::single(next), Outcome::Skipped(reason)))
        }
    }
}
