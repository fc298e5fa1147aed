//! Declared jobs that the code has moved to another store, or that are over by what it says now.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::{FireRange, Job, Outcome, SkipReason};
use punctual_store::StoredJob;

use super::Scheduler;
use super::declare::{all, is_as_looked_at, replacement};
use super::edit::Edited;
use super::releases::{Standing, given_up};
use crate::checked_job::Checked;
use crate::core::NamedStore;
use crate::error::Error;

impl Scheduler {
    /// Finds a declared job, in the store that the code names if it is there. What of it another store
    /// holds beside that goes on with what waits only.
    pub(super) async fn find_declared(
        &self,
        checked: &Checked,
    ) -> Result<Option<(NamedStore, StoredJob)>, Error> {
        let id = checked.job.id();
        let mut found = None;
        for named in self.core.stores() {
            let Some(stored) = named.store.get(id.clone()).await? else {
                continue;
            };
            if named.id == checked.store.id {
                let before = found.replace((named, stored));
                if let Some((other, left)) = before {
                    self.end_twin(checked, &other, &left).await?;
                }
            } else if found.is_none() {
                found = Some((named, stored));
            } else {
                self.end_twin(checked, &named, &stored).await?;
            }
        }
        Ok(found)
    }

    /// A process that died while it moved the job has left it in both stores.
    async fn end_twin(
        &self,
        checked: &Checked,
        named: &NamedStore,
        twin: &StoredJob,
    ) -> Result<(), Error> {
        let by = |job: &Job| job.declared().map(|mark| mark.by().to_owned());
        if twin.state.finished || by(&twin.job) != by(&checked.job) {
            return Ok(());
        }
        tracing::warn!(job = %twin.job.id(), store = %named.alias, "the declared job is in two stores, and ends in the one that the code does not name");
        self.finish(named, twin, |stored, now| stored.passed_over(now))
            .await
    }

    /// The code names another store than the one that the job is in.
    pub(super) async fn move_declared(
        &self,
        checked: &Checked,
        old: &NamedStore,
        stored: &StoredJob,
        standing: Standing,
    ) -> Result<(), Error> {
        let mut insert = replacement(checked, stored, self.now())?;
        insert.state = stored.replaced_by(&insert).state;
        (insert.state.running, insert.state.queued) = (0, 0);
        let answers = self.insert_unchecked(&checked.store, vec![insert]).await;
        let moved = all(answers);
        // A process that died between the two has left it in both: then the next look is at the new
        // one.
        if moved.as_ref().map_or_else(Error::is_conflict, |()| true) {
            let is_same = stored.job.trigger() == checked.job.trigger();
            let decide = |stored: &StoredJob, now| {
                // With the same trigger, what is overdue goes with the job.
                let overdue = stored.passed_over(now).filter(|_| !is_same);
                match standing {
                    Standing::RolledBack => given_up(stored, overdue, SkipReason::RolledBack),
                    _ => overdue,
                }
            };
            self.finish(old, stored, decide).await?;
        }
        moved
    }

    /// Lets a job end that is not there any more, or elsewhere: what waits of it goes on, and it leaves
    /// with that.
    pub(super) async fn finish(
        &self,
        named: &NamedStore,
        looked_at: &StoredJob,
        decide: impl Fn(&StoredJob, DateTime<Utc>) -> Option<(FireRange, Outcome)> + Send + Sync,
    ) -> Result<(), Error> {
        let id = looked_at.job.id();
        self.edit_in(Some(named), id, |stored, now| {
            is_as_looked_at(stored, looked_at)?;
            let decided = decide(stored, now);
            let mut state = stored.state;
            state.next_run_time = None;
            state.finished = true;
            Ok(Edited {
                job: Arc::clone(&stored.job),
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
