//! Declared jobs that the code has moved to another store, or that are over by what it says now.

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

/// By then a node that lives has moved what it has begun to move.
const MOVED_BY: Duration = Duration::from_secs(5);

/// Whether a node has begun to move a job.
fn is_halted(stored: &StoredJob) -> bool {
    let state = &stored.state;
    state.next_run_time.is_none() && !state.finished && !state.paused
}

impl Scheduler {
    /// Finds a declared job, in the store that the code names if it is there. At a start, one that
    /// another store holds beside that ends.
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
                // Another node has done so.
                Err(error) if error.is_conflict() || error.is_not_found() => {}
                done => done?,
            }
        }
        Ok(Some(first))
    }

    /// A process that died while it moved the job has left it in both stores.
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

    /// The code names another store than the one that the job is in. What is overdue goes with the job,
    /// what waits of it ends.
    pub(super) async fn move_declared(
        &self,
        checked: &Checked,
        old: &NamedStore,
        looked_at: &StoredJob,
        standing: Standing,
    ) -> Result<(), Error> {
        let id = looked_at.job.id();
        if looked_at.state.finished && checked.insert_declared(self.now())?.is_none() {
            // Nothing of it is left but what is under way, and it ends with that where it is.
            return Ok(());
        }
        // From here on no node claims it in the old store.
        let stored = self.halt(old, looked_at).await?;
        if is_halted(&stored) && self.another_moves(checked, old).await? {
            let message = format!("the job `{id}` was moved by another node");
            return Err(Error::of(ErrorKind::Conflict, message));
        }
        let mut insert = replacement(checked, &stored, self.now())?;
        let replaced = stored.replaced_by(&insert);
        if !is_halted(&stored) {
            insert.state = replaced.state;
        }
        insert.state.paused = stored.state.paused;
        (insert.state.running, insert.state.queued) = (0, 0);
        let answers = self.insert_unchecked(&checked.store, vec![insert]).await;
        let moved = answers.and_then(only).map(drop);
        if let Err(error) = &moved
            && !error.is_conflict()
        {
            self.go_on_there(old, &stored).await?;
            return moved;
        }
        let decided = match standing {
            Standing::RolledBack => given_up(&stored, replaced.decided, SkipReason::RolledBack),
            _ => replaced.decided,
        };
        self.note(old, id, decided).await?;
        self.take_out(old, id).await?;
        moved
    }

    /// Whether another node has moved the job, given time for that. It may have died instead.
    async fn another_moves(&self, checked: &Checked, old: &NamedStore) -> Result<bool, Error> {
        sleep(MOVED_BY).await;
        let id = checked.job.id();
        let is_there = checked.store.store.get(id.clone()).await?.is_some();
        Ok(is_there || old.store.get(id.clone()).await?.is_none())
    }

    /// Lets no fire time of a job be claimed any more. Answers how it stood.
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

    /// It could not be moved.
    async fn go_on_there(&self, named: &NamedStore, before: &StoredJob) -> Result<(), Error> {
        self.edit_in(Some(named), before.job.id(), |stored, _| {
            let mut state = stored.state;
            state.next_run_time = before.state.next_run_time;
            Ok(Edited::state(stored, state))
        })
        .await
    }

    /// Records what became of fire times of a job that leaves a store.
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
    }

    /// Lets a job end that is over by what the code says now. What waits of it goes on, and it leaves
    /// with that.
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
