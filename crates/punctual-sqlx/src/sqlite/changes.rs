//! Edits, as others see them.

use punctual_store::{ChangedJobs, Changes, Error};

use super::Inner;
use super::columns::{self, columns_with, job_columns};
use super::fault::failed;
use crate::limits::MAX_CHANGES;

impl Inner {
    /// Edits of this process are told at once, those of others at the next look.
    pub(super) async fn changes(&self, since: u64) -> Result<Changes, Error> {
        let mut edited = self.edited.subscribe();
        loop {
            let counter = self.counter().await?;
            if counter != since {
                return self.changed(since, counter).await;
            }
            // Told or not, it is time to look again.
            let _ = tokio::time::timeout(self.poll, edited.changed()).await;
        }
    }

    async fn counter(&self) -> Result<u64, Error> {
        let statement = "SELECT value FROM {p}counters WHERE name = 'edit'";
        let value: i64 = sqlx::query_scalar(self.prefix.sql(statement))
            .fetch_one(&self.readers)
            .await
            .map_err(failed)?;
        Ok(value.unsigned_abs())
    }

    /// Every job knows its last edit, so there is no list of edits to keep.
    async fn changed(&self, since: u64, counter: u64) -> Result<Changes, Error> {
        let many = Changes::new(counter, ChangedJobs::Many);
        if since > counter {
            // Somebody has put an older file in place.
            return Ok(many);
        }
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {p}jobs WHERE edit > ?1 ORDER BY edit LIMIT ?2"
        );
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(since as i64)
            .bind(MAX_CHANGES as i64 + 1)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        if rows.len() > MAX_CHANGES {
            return Ok(many);
        }
        let mut jobs = Vec::with_capacity(rows.len());
        for row in &rows {
            jobs.extend(columns::stored(row));
        }
        Ok(Changes::new(counter, ChangedJobs::These(jobs)))
    }

    /// Tells those who wait in this process of an edit.
    pub(super) fn tell(&self, edit: u64) {
        self.edited.send_replace(edit);
    }
}
