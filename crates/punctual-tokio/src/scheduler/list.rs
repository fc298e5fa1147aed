//! Reads one job, and what comes next of all jobs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use punctual_core::JobId;
use punctual_store::{DueRequest, StoredJob};

use super::{Call, IntoJobId, Scheduler, job_id};
use crate::error::Error;
use crate::job::snapshot::JobSnapshot;

/// A future fire time of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpcomingRun {
    /// The time at which the job fires.
    pub fire_time: DateTime<Utc>,
    /// The job that fires.
    pub job: JobId,
    /// The alias of its store.
    pub store: Arc<str>,
}

/// # One job, and what comes next
impl Scheduler {
    /// Reads a job from the first store that holds a job of this id.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached, or if the id is not a valid id.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    #[doc(alias = "get_schedule")]
    pub fn get_job(&self, id: impl IntoJobId) -> Call<Option<JobSnapshot>> {
        let (scheduler, id) = (self.clone(), job_id(id));
        Call::new(async move {
            let Some((named, stored)) = scheduler.shared.look_for(&id?).await? else {
                return Ok(None);
            };
            let statistics = named.store.statistics(stored.job.id().clone()).await?;
            let snapshot = scheduler.shared.snapshot(&named, stored);
            Ok(Some(snapshot.with_last_run(statistics.last_run)))
        })
    }

    /// Returns the next fire times of all jobs together, at most `count`.
    ///
    /// # Errors
    ///
    /// Returns an error if a store cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. It changes nothing.
    pub fn upcoming(&self, count: usize) -> Call<Vec<UpcomingRun>> {
        let scheduler = self.clone();
        Call::new(async move { scheduler.next_of_all(count).await })
    }

    async fn next_of_all(&self, count: usize) -> Result<Vec<UpcomingRun>, Error> {
        let mut jobs = Vec::new();
        for named in self.shared.stores() {
            let request = DueRequest::through(DateTime::<Utc>::MAX_UTC, count);
            let due = named.store.due(request).await?.jobs.into_iter();
            jobs.extend(due.map(|due| (Arc::clone(&named.alias), due.stored)));
        }
        // The nearest fire time of all jobs comes first. Its place is then taken by the next fire
        // time of the same job.
        let next_of =
            |index: usize, stored: &StoredJob| Some(Reverse((stored.state.next_run_time?, index)));
        let mut nearest: BinaryHeap<_> = jobs
            .iter()
            .enumerate()
            .filter_map(|(index, (_, stored))| next_of(index, stored))
            .collect();
        let mut upcoming = Vec::new();
        while upcoming.len() < count {
            let Some(Reverse((fire_time, index))) = nearest.pop() else {
                break;
            };
            let (store, stored) = &jobs[index];
            upcoming.push(UpcomingRun {
                fire_time,
                job: stored.job.id().clone(),
                store: Arc::clone(store),
            });
            let anchor = stored.state.anchor.unwrap_or(fire_time);
            let after = stored.job.trigger().anchored(anchor).after(fire_time);
            nearest.extend(after.map(|next| Reverse((next, index))));
        }
        Ok(upcoming)
    }
}
