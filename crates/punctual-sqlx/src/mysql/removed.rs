//! Declared jobs that were removed. They are remembered until a job of the same id is added.

use chrono::{DateTime, Utc};
use punctual_core::{Declared, JobId};
use punctual_store::{Error, StoredJob};

use super::Inner;
use super::at::{At, get};
use super::values::Value;

impl Inner {
    pub(super) async fn removed(&self, id: JobId) -> Result<Option<Declared>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let statement = "SELECT declared_json FROM {removed} WHERE id = ?";
        let row = at.first(statement, &[id.as_str().into()]).await?;
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
        let ends = (
            "INSERT INTO {removed} (id, declared_json, removed_at) VALUES ",
            " ON DUPLICATE KEY UPDATE declared_json = VALUES(declared_json), \
             removed_at = VALUES(removed_at)",
        );
        let rows = declared
            .into_iter()
            .map(|(id, declared)| vec![id.into(), declared.into(), now.timestamp_micros().into()]);
        let statements = self.text_of_rows(ends, rows);
        self.run(statements).await.map(drop)
    }

    /// Forgets the removal of jobs of these ids, which exist again.
    pub(super) async fn come_back<'i>(
        &mut self,
        ids: impl IntoIterator<Item = &'i str>,
    ) -> Result<(), Error> {
        let ids: std::collections::BTreeSet<&str> = ids.into_iter().collect();
        let ids: Vec<Value<'_>> = ids.into_iter().map(Value::from).collect();
        self.all_in("DELETE FROM {removed} WHERE id IN (?)", &ids)
            .await
            .map(drop)
    }
}
