//! Declared jobs that were removed. They are remembered until a job of the same id is added.

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId};
use punctual_store::{Error, StoredJob};
use serde_json::json as value;

use super::Inner;
use super::at::{At, json, with_rows};
use super::error::failed;

impl Inner {
    pub(super) async fn removed(&self, id: JobId) -> Result<Option<Declared>, Error> {
        let statement = "SELECT declared_json FROM {p}removed WHERE id = ?1";
        let declared: Option<String> = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(id.as_str())
            .fetch_optional(&mut *self.reader().await?)
            .await
            .map_err(failed)?;
        // If the mark cannot be decoded, the job comes back. A user sees that and can remove it
        // again.
        Ok(declared.and_then(|text| serde_json::from_str(&text).ok()))
    }

    pub(super) async fn forget_removed(&self, id: JobId) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        self.at(&mut transaction).come_back([id.as_str()]).await?;
        transaction.commit().await.map_err(failed)
    }
}

impl At<'_> {
    pub(super) async fn remember_removed(
        &mut self,
        jobs: &[StoredJob],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let declared = jobs.iter().filter_map(|stored| {
            let declared = stored.job.declared()?;
            Some(value!({ "id": stored.job.id().as_str(), "declared": declared }))
        });
        let declared: Vec<_> = declared.collect();
        if declared.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "INSERT OR REPLACE INTO {p}removed (id, declared_json, removed_at) \
             SELECT row ->> 'id', row -> 'declared', ?2 FROM rows"
        );
        sqlx::query(self.prefix.sql(statement))
            .bind(json(declared)?)
            .bind(now.timestamp_micros())
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Forgets the removal of jobs of these ids, which exist again.
    pub(super) async fn come_back<'i>(
        &mut self,
        ids: impl IntoIterator<Item = &'i str>,
    ) -> Result<(), Error> {
        let ids: Vec<&str> = ids.into_iter().collect();
        let statement = "DELETE FROM {p}removed WHERE id IN (SELECT value FROM json_each(?1))";
        sqlx::query(self.prefix.sql(statement))
            .bind(json(ids)?)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }
}
