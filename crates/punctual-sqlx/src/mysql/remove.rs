//! Removes jobs.

use chrono::{DateTime, Utc};
use punctual_core::JobId;
use punctual_store::batch::{Batch, Rows};
use punctual_store::{Error, StoredJob};

use super::at::{At, get};
use super::batch_read::Asked;
use super::columns::{self, columns_with, job_columns};
use super::{Inner, retried};
use crate::limits::{JOBS_A_CLEARING, WHOLE_JOBS};
use crate::rows::HeldRows;

impl Inner {
    pub(super) async fn remove(
        &self,
        id: &JobId,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredJob>, Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let Some(found) = at.job(id.as_str(), true).await? else {
            return Ok(None);
        };
        let mut stored = found.map_err(|reason| Error::unreadable(id, &reason))?;
        let held = at.take_out(std::slice::from_ref(&stored), now).await?;
        line.commit().await?;
        self.tell();
        if let Some(job) = held.job(stored.state.birth) {
            stored.state = job.state;
        }
        Ok(Some(stored))
    }

    /// Removes all jobs that can be decoded and existed when the call began.
    pub(super) async fn clear(&self, now: DateTime<Utc>) -> Result<u64, Error> {
        let mut count = 0;
        let mut after = Some(0);
        let last = self.last_birth().await?;
        while let Some(birth) = after {
            let (next, removed) = retried!(self.clear_some(birth, last, now))?;
            after = next;
            count += removed;
            if removed > 0 {
                self.tell();
            }
        }
        Ok(count)
    }

    async fn clear_some(
        &self,
        after: i64,
        last: i64,
        now: DateTime<Utc>,
    ) -> Result<(Option<i64>, u64), Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let (next, jobs) = at.some_after(after, last).await?;
        if !jobs.is_empty() {
            at.take_out(&jobs, now).await?;
        }
        line.commit().await?;
        Ok((next, jobs.len() as u64))
    }

    async fn last_birth(&self) -> Result<i64, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let statement = "SELECT COALESCE(MAX(birth), 0) FROM {jobs}";
        get(&at.one(statement, &[]).await?, 0)
    }
}

/// The number of jobs that are removed in one transaction. They are read with their arguments.
const JOBS: usize = if WHOLE_JOBS < JOBS_A_CLEARING {
    WHOLE_JOBS
} else {
    JOBS_A_CLEARING
};

impl At<'_> {
    /// Locks and returns some of the jobs after this birth that can be decoded, and the place from
    /// which to go on.
    async fn some_after(
        &mut self,
        birth: i64,
        last: i64,
    ) -> Result<(Option<i64>, Vec<StoredJob>), Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {jobs} FORCE INDEX (PRIMARY) WHERE birth > ? AND birth <= ? ORDER BY birth LIMIT ? \
             FOR UPDATE"
        );
        let values = [birth.into(), last.into(), JOBS.into()];
        let rows = self.all(statement, &values).await?;
        let next = rows.last().map(columns::birth).transpose()?;
        let jobs = rows.iter().filter_map(|row| columns::stored(row).ok());
        Ok((next, jobs.collect()))
    }

    /// Removes locked jobs, decides their overdue fire times, and ends their waiting runs.
    async fn take_out(
        &mut self,
        jobs: &[StoredJob],
        now: DateTime<Utc>,
    ) -> Result<HeldRows, Error> {
        let births: Vec<_> = jobs.iter().map(|stored| stored.state.birth).collect();
        let decided = jobs.iter();
        let decided: Vec<_> = decided
            .filter_map(|stored| Some((stored.state.birth, stored.passed_over(now)?)))
            .collect();
        let asked = Asked {
            births: births.clone(),
            numbers: decided.len(),
            ..Asked::default()
        };
        let mut held = self.found(&asked).await?.held;
        let ids = jobs.iter().map(|stored| stored.job.id().as_str());
        let own: Vec<_> = ids.zip(births.iter().copied()).collect();
        let runs = self.open_of_jobs(&own, None).await?;
        runs.into_iter().for_each(|run| held.with_run(run));
        self.decide(&mut held, &decided, now).await?;
        for birth in &births {
            if let Some(row) = held.of_birth(*birth) {
                Batch::new(&mut held, now).remove(row);
            }
        }
        for job in &mut held.jobs {
            job.is_gone = true;
        }
        self.remember_removed(jobs, now).await?;
        self.saved(&held).await?;
        // Nothing is left of the jobs but a turn of edits.
        self.edit().await?;
        Ok(held)
    }
}
