//! Declared jobs that were removed. They are remembered until a job of the same id is added.

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId};
use punctual_store::{Error, StoredJob};

use super::Inner;
use super::at::{At, get};

impl Inner {
    pub(super) async fn removed(&self, id: JobId) -> Result<Option<Declared>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let query = at.query("SELECT declared_json FROM {removed} WHERE id = $1");
        let row = at.first(query.bind(id.as_str())).await?;
        let declared: Option<&str> = row.as_ref().map(|row| get(row, 0)).transpose()?;
        // If the mark cannot be decoded, the job comes back. A user sees that and can remove it
        // again.
        Ok(declared.and_then(|text| serde_json::from_str(text).ok()))
    }

    pub(super) async fn forget_removed(&self, id: JobId) -> Result<(), Error> {
        let mut line = self.line().await?;
        self.at(&mut line).come_back([id.as_str()]).await?;
        line.commit().await
    }
}

impl At<'_> {
    pub(super) async fn remember_removed(
        &mut self,
        jobs: &[StoredJob],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut declared = Vec::new();
        for stored in jobs {
            if let Some(own) = stored.job.declared() {
                let json = serde_json::to_string(own).map_err(Error::refused)?;
                declared.push((stored.job.id().as_str(), json));
            }
        }
        if declared.is_empty() {
            return Ok(());
        }
        declared.sort_unstable();
        let (ids, declared): (Vec<_>, Vec<_>) = declared.into_iter().unzip();
        let statement = "INSERT INTO {removed} (id, declared_json, removed_at) \
             SELECT id, declared, $3 FROM unnest($1::text[], $2::text[]) AS r(id, declared) \
             ON CONFLICT (id) DO UPDATE SET declared_json = excluded.declared_json, \
             removed_at = excluded.removed_at";
        let query = self.query(statement).bind(ids).bind(declared);
        let query = query.bind(now.timestamp_micros());
        self.execute(query).await.map(drop)
    }

    /// Forgets the removal of jobs of these ids, which exist again.
    pub(super) async fn come_back<'i>(
        &mut self,
        ids: impl IntoIterator<Item = &'i str>,
    ) -> Result<(), Error> {
        let ids: Vec<&str> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let query = self.query("DELETE FROM {removed} WHERE id = ANY ($1)");
        self.execute(query.bind(ids)).await.map(drop)
    }

    /// Notes that the transaction removes jobs, of which nothing else is left to tell.
    pub(super) async fn note_removal(&mut self) -> Result<(), Error> {
        let statement = "UPDATE {removals} SET edit = pg_current_xact_id()::text::bigint \
             WHERE slot = pg_backend_pid() % 16";
        self.execute(self.query(statement)).await.map(drop)
    }
}
