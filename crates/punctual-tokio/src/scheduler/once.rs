//! Decides about past fire times that a caller asks for again.

use chrono::{DateTime, TimeDelta, Utc};
use punctual_core::JobId;
use punctual_core::plan::{self, first_ahead};
use punctual_store::{Insert, OnConflict, RunFilter};

use super::Scheduler;
use crate::error::Error;
use crate::stores::NamedStore;

impl Scheduler {
    /// Returns true if there is nothing to add. A program that replaces its jobs at each start
    /// names a date that was decided long ago.
    pub(super) async fn is_done(
        &self,
        named: &NamedStore,
        insert: &mut Insert,
    ) -> Result<bool, Error> {
        if insert.on_conflict == OnConflict::Refuse {
            return Ok(false);
        }
        let Some(passed) = plan::passed(insert.state.next_run_time, insert.now) else {
            return Ok(false);
        };
        let id = insert.job.id();
        if !self.was_decided(named, id, passed, insert.now).await? {
            return Ok(false);
        }
        insert.on_conflict = OnConflict::Replace;
        if go_by_trigger(insert)? || named.store.get(insert.job.id().clone()).await?.is_some() {
            return Ok(false);
        }
        let id = insert.job.id();
        tracing::info!(job = %id, fire_time = %passed, "the fire time has passed and was decided before: the job is not added again");
        self.shared.registry.not_added(insert.job.task());
        Ok(true)
    }

    /// Returns true if the ledger knows the outcome of a fire time, or is too short to know.
    pub(super) async fn was_decided(
        &self,
        named: &NamedStore,
        id: &JobId,
        fire_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let kept = TimeDelta::from_std(self.shared.retention.age).unwrap_or(TimeDelta::MAX);
        if now - fire_time >= kept {
            return Ok(true);
        }
        let filter = RunFilter {
            from: Some(fire_time),
            until: Some(fire_time + TimeDelta::microseconds(1)),
            limit: 1,
            ..RunFilter::job(id.clone())
        };
        Ok(!named.store.runs(filter).await?.is_empty())
    }
}

/// Lets a new job begin at the time of its trigger, in place of the first fire time that was asked
/// for. Returns whether that time is ahead. A date that has passed stays as it is.
pub(super) fn go_by_trigger(insert: &mut Insert) -> Result<bool, Error> {
    let Some(first) = first_ahead(insert.job.trigger(), insert.now)? else {
        return Ok(false);
    };
    insert.state.restart(first.fire_time);
    insert.state.anchor = first.anchor;
    Ok(true)
}
