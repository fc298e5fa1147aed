//! Reports edits to the schedulers of the store.

use punctual_store::{ChangedJobs, Changes, Error, StoredJob};

use super::Inner;
use super::at::{At, json, parsed};
use super::columns::{self, columns_with, job_bytes, job_columns};
use super::error::failed;
use crate::limits::{BYTES_A_STATEMENT, MAX_CHANGES};

impl Inner {
    /// Waits for edits. Those of this process are reported immediately, those of other processes at
    /// the next look.
    pub(super) async fn changes(&self, since: u64) -> Result<Changes, Error> {
        let mut edited = self.edited.subscribe();
        loop {
            let counter = self.counter().await?;
            if counter != since {
                return self.changed(since, counter).await;
            }
            // The next look follows in either case.
            let _ = tokio::time::timeout(self.poll, edited.changed()).await;
        }
    }

    async fn counter(&self) -> Result<u64, Error> {
        let statement = "SELECT value FROM {p}counters WHERE name = 'edit'";
        let value: i64 = sqlx::query_scalar(self.prefix.sql(statement))
            .fetch_one(&mut *self.reader().await?)
            .await
            .map_err(failed)?;
        Ok(value.unsigned_abs())
    }

    /// Returns the edits since `since`. Each job holds its last edit, so there is no separate list
    /// of edits.
    async fn changed(&self, since: u64, counter: u64) -> Result<Changes, Error> {
        let many = Changes::new(counter, ChangedJobs::Many);
        if since > counter {
            // An older copy of the file was put in place.
            return Ok(many);
        }
        let mut connection = self.reader().await?;
        let mut at = self.at(&mut connection);
        let Some(births) = at.edited(since).await? else {
            return Ok(many);
        };
        let jobs = at.stored(&births).await?;
        Ok(Changes::new(counter, ChangedJobs::These(jobs)))
    }

    /// Wakes the callers of this process that wait for an edit.
    pub(super) fn tell(&self, edit: u64) {
        self.edited.send_replace(edit);
    }
}

impl At<'_> {
    /// Returns the jobs that were edited since, unless they are too many or too large.
    async fn edited(&mut self, since: u64) -> Result<Option<Vec<u64>>, Error> {
        let statement = concat!(
            "SELECT json_array(coalesce(sum(bytes), 0), json_group_array(birth)) FROM (SELECT birth, ",
            job_bytes!(),
            " AS bytes FROM {p}jobs WHERE edit > ?1 ORDER BY edit LIMIT ?2)"
        );
        let query = sqlx::query(self.prefix.sql(statement))
            .bind(since as i64)
            .bind(MAX_CHANGES as i64 + 1);
        let row = self.as_one(query).await?;
        let (bytes, births): (usize, Vec<i64>) = parsed(&row)?;
        let are_few = births.len() <= MAX_CHANGES && bytes <= BYTES_A_STATEMENT;
        let births = births.into_iter();
        Ok(are_few.then(|| births.filter_map(|birth| birth.try_into().ok()).collect()))
    }

    /// Returns these jobs in the order of their edits. Those that cannot be decoded are left out.
    async fn stored(&mut self, births: &[u64]) -> Result<Vec<StoredJob>, Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {p}jobs WHERE birth IN (SELECT value FROM json_each(?1)) ORDER BY edit"
        );
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(json(births)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(rows.iter().flat_map(columns::stored).collect())
    }
}
