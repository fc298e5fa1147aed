//! Removes jobs.

use chrono::{DateTime, Utc};
use punctual_core::JobId;
use punctual_store::batch::{Batch, Rows};
use punctual_store::{Error, StoredJob};

use super::Inner;
use super::at::At;
use super::columns::{self, checked_columns, columns_with};
use super::error::failed;
use crate::limits::{HEAD_BYTES, JOBS_A_CLEARING};
use crate::rows::HeldRows;

impl Inner {
    pub(super) async fn remove(
        &self,
        id: JobId,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredJob>, Error> {
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        let Some(found) = at.job(id.as_str()).await? else {
            return Ok(None);
        };
        let mut stored = found.map_err(|reason| Error::unreadable(&id, &reason))?;
        let held = at.take_out(std::slice::from_ref(&stored), now).await?;
        let edit = at.count_up("edit", 1).await?;
        transaction.commit().await.map_err(failed)?;
        self.tell(edit);
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
            let mut transaction = self.begin().await?;
            let mut at = self.at(&mut transaction);
            let (next, jobs) = at.some_after(birth, last).await?;
            after = next;
            if jobs.is_empty() {
                continue;
            }
            at.take_out(&jobs, now).await?;
            let edit = at.count_up("edit", 1).await?;
            transaction.commit().await.map_err(failed)?;
            self.tell(edit);
            count += jobs.len() as u64;
        }
        Ok(count)
    }

    async fn last_birth(&self) -> Result<i64, Error> {
        let statement = "SELECT coalesce(max(birth), 0) FROM {p}jobs";
        sqlx::query_scalar(self.prefix.sql(statement))
            .fetch_one(&mut *self.reader().await?)
            .await
            .map_err(failed)
    }
}

impl At<'_> {
    /// Returns some of the jobs after this birth that can be decoded, without long arguments, and
    /// the place from which to go on.
    async fn some_after(
        &mut self,
        birth: i64,
        last: i64,
    ) -> Result<(Option<i64>, Vec<StoredJob>), Error> {
        let statement = concat!(
            "SELECT ",
            checked_columns!(),
            " FROM {p}jobs WHERE birth > ?2 AND birth <= ?3 ORDER BY birth LIMIT ?4"
        );
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(HEAD_BYTES as i64)
            .bind(birth)
            .bind(last)
            .bind(JOBS_A_CLEARING as i64)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        let is_full = rows.len() == JOBS_A_CLEARING;
        let next = rows.last().filter(|_| is_full).map(columns::birth);
        let next = next.transpose().map_err(failed)?;
        let jobs = rows.iter().filter_map(|row| columns::stored(row).ok());
        Ok((next, jobs.collect()))
    }

    /// Removes jobs, decides their overdue fire times, and ends their waiting runs.
    async fn take_out(
        &mut self,
        jobs: &[StoredJob],
        now: DateTime<Utc>,
    ) -> Result<HeldRows, Error> {
        let births: Vec<_> = jobs.iter().map(|stored| stored.state.birth).collect();
        let mut held = HeldRows::new(self.counter("run").await?);
        let rows = self.held(&births).await?;
        rows.into_iter().for_each(|job| held.with_job(job));
        let ids = jobs.iter().map(|stored| stored.job.id().as_str());
        let own: Vec<_> = ids.zip(births.iter().copied()).collect();
        let runs = self.open_of_jobs(&own, None).await?;
        runs.into_iter().for_each(|run| held.with_run(run));
        let decided: Vec<_> = jobs
            .iter()
            .filter_map(|stored| Some((stored.state.birth, stored.passed_over(now)?)))
            .collect();
        self.decide(&mut held, &decided, now).await?;
        for birth in &births {
            if let Some(row) = held.of_birth(*birth) {
                Batch::new(&mut held, now).remove(row);
            }
        }
        for job in &mut held.jobs {
            job.is_gone = true;
        }
        self.saved(&held).await?;
        self.remember_removed(jobs, now).await?;
        Ok(held)
    }
}
