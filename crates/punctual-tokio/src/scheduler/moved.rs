//! Moves a declared job to the store that the code names now, and ends one that has no fire time
//! left by the code.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{FireRange, Job, JobId, Outcome, SkipReason};
use punctual_store::StoredJob;
use tokio::time::sleep;

use super::Scheduler;
use super::add::only;
use super::declare::{is_as_looked_at, replacement};
use super::edit::Edited;
use super::releases::{Standing, given_up};
use crate::error::{Error, ErrorKind};
use crate::scheduler::validate::Checked;
use crate::stores::NamedStore;

/// The time by which a living node has finished a move that it has begun.
const MOVED_BY: Duration = Duration::from_secs(5);

/// Returns true if a node has begun to move a job.
fn is_halted(stored: &StoredJob) -> bool {
    let state = &stored.state;
    state.next_run_time.is_none() && !state.finished && !state.paused
}

impl Scheduler {
    /// Finds a declared job, in the store that the code names if that store holds it. At a start, a
    /// second job of the same id in another store ends.
    pub(super) async fn find_declared(
        &self,
        checked: &Checked,
        is_start: bool,
    ) -> Result<Option<(NamedStore, StoredJob)>, Error> {
        let id = checked.job.id();
        let mut found = Vec::new();
        for named in self.shared.stores() {
            if let Some(stored) = named.store.get(id.clone()).await? {
                found.push((named, stored));
            }
        }
        let named_by_code = found
            .iter()
            .position(|(named, _)| named.id == checked.store.id);
        let first = match named_by_code {
            Some(at) => found.swap_remove(at),
            None if found.is_empty() => return Ok(None),
            None => found.swap_remove(0),
        };
        for (named, twin) in found.iter().filter(|_| is_start) {
            match self.end_twin(checked, named, twin).await {
                // Another node has ended it.
                Err(error) if error.is_conflict() || error.is_not_found() => {}
                done => done?,
            }
        }
        Ok(Some(first))
    }

    /// Ends the second copy of a job in the old store. A process that died while it moved the job
    /// has left it in both stores.
    async fn end_twin(
        &self,
        checked: &Checked,
        named: &NamedStore,
        twin: &StoredJob,
    ) -> Result<(), Error> {
        let (Some(own), Some(mark)) = (checked.job.declared(), twin.job.declared()) else {
            return Ok(());
        };
        if own.by() != mark.by() || mark.release() > own.release() {
            return Ok(());
        }
        tracing::warn!(job = %twin.job.id(), store = %named.alias, "the declared job is in two stores, and ends in the one that the code does not name");
        self.halt(named, twin).await?;
        self.take_out(named, twin.job.id()).await.map(drop)
    }

    /// Moves a job to another store, which the code names now. Overdue fire times go with the job,
    /// and its waiting runs end.
    pub(super) async fn move_declared(
        &self,
        checked: &Checked,
        old: &NamedStore,
        looked_at: &StoredJob,
        standing: Standing,
    ) -> Result<(), Error> {
        let id = looked_at.job.id();
        if looked_at.state.finished && checked.insert_declared(self.now())?.is_none() {
            // Only runs under way are left of the job, and it ends with them where it is.
            return Ok(());
        }
        // From here on no node claims it in the old store.
        let stored = self.halt(old, looked_at).await?;
        if is_halted(&stored) && self.another_moves(checked, old).await? {
            let message = format!("the job `{id}` was moved by another node");
            return Err(Error::of(ErrorKind::Changed, message));
        }
        let mut insert = replacement(checked, &stored, self.now())?;
        let replaced = stored.replaced_by(&insert);
        if !is_halted(&stored) {
            insert.state = replaced.state;
        }
        insert.state.paused = stored.state.paused;
        (insert.state.running, insert.state.queued) = (0, 0);
        let answers = self.insert_unchecked(&checked.store, vec![insert]).await;
        let moved = match answers.and_then(only) {
            Err(error) if error.is_conflict() => Err(error),
            // The store may have taken the job all the same, which must not run in both.
            Err(error) if !self.has_arrived(checked).await => {
                self.go_on_there(old, &stored).await?;
                return Err(error);
            }
            _ => Ok(()),
        };
        let decided = match standing {
            Standing::RolledBack => given_up(&stored, replaced.decided, SkipReason::RolledBack),
            _ => replaced.decided,
        };
        self.note(old, id, decided).await?;
        self.take_out(old, id).await?;
        moved
    }

    /// Returns true if another node has moved the job, after a wait that gives it time. The other
    /// node may have died instead.
    async fn another_moves(&self, checked: &Checked, old: &NamedStore) -> Result<bool, Error> {
        sleep(MOVED_BY).await;
        let id = checked.job.id();
        let is_there = checked.store.store.get(id.clone()).await?.is_some();
        Ok(is_there || old.store.get(id.clone()).await?.is_none())
    }

    /// Lets no node claim a fire time of the job any more. Returns the job as it was before.
    async fn halt(&self, named: &NamedStore, looked_at: &StoredJob) -> Result<StoredJob, Error> {
        let mut before = looked_at.clone();
        self.edit_in(Some(named), looked_at.job.id(), |stored, _| {
            is_as_looked_at(stored, looked_at)?;
            before = stored.clone();
            let mut state = stored.state;
            state.next_run_time = None;
            Ok(Edited::state(stored, state))
        })
        .await?;
        Ok(before)
    }

    /// Returns true if the new store holds the job as the code declares it.
    async fn has_arrived(&self, checked: &Checked) -> bool {
        let there = checked.store.store.get(checked.job.id().clone()).await;
        let there = there.ok().flatten();
        there.is_some_and(|there| there.job.declared() == checked.job.declared())
    }

    /// Lets a job that could not be moved go on in its old store.
    async fn go_on_there(&self, named: &NamedStore, before: &StoredJob) -> Result<(), Error> {
        self.edit_in(Some(named), before.job.id(), |stored, _| {
            let mut state = stored.state;
            state.next_run_time = before.state.next_run_time;
            Ok(Edited::state(stored, state))
        })
        .await
        .map(drop)
    }

    /// Records the outcome of fire times of a job that leaves a store.
    async fn note(
        &self,
        named: &NamedStore,
        id: &JobId,
        decided: Option<(FireRange, Outcome)>,
    ) -> Result<(), Error> {
        self.edit_in(Some(named), id, |stored, _| {
            let mut edited = Edited::state(stored, stored.state);
            edited.decided = decided;
            Ok(edited)
        })
        .await
        .map(drop)
    }

    /// Ends a job that has no fire time left by its code. Its waiting runs go on, and the job
    /// leaves the store with them.
    pub(super) async fn finish(
        &self,
        checked: &Checked,
        looked_at: &StoredJob,
        reason: SkipReason,
    ) -> Result<(), Error> {
        let (named, id) = (&checked.store, looked_at.job.id());
        self.edit_in(Some(named), id, |stored, now| {
            is_as_looked_at(stored, looked_at)?;
            let mark = checked.job.declared().cloned();
            let decided = given_up(stored, stored.passed_over(now), reason);
            let mut state = stored.state;
            state.next_run_time = None;
            state.finished = true;
            Ok(Edited {
                job: Arc::new(Job::clone(&stored.job).with_declared(mark)),
                state,
                new_incarnation: decided.is_some(),
                decided,
            })
        })
        .await?;
        let left = named.store.get(id.clone()).await?;
        if left.is_some_and(|left| left.state.is_over()) {
            self.take_out(named, id).await?;
        }
        Ok(())
    }
}
