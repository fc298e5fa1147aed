//! Jobs that are read.

use futures::TryStreamExt;
use punctual_core::JobId;
use punctual_store::{Error, JobFilter, StoredJob, UnreadableJob};

use super::Inner;
use super::columns::{self, job_columns};
use super::fault::failed;

impl Inner {
    pub(super) async fn get(&self, id: JobId) -> Result<Option<StoredJob>, Error> {
        let statement = concat!("SELECT ", job_columns!(), " FROM {p}jobs WHERE id = ?1");
        let found = sqlx::query(self.prefix.sql(statement))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        let Some(row) = found else {
            return Ok(None);
        };
        let stored = columns::stored(&row);
        stored
            .map(Some)
            .map_err(|reason| Error::unreadable(&id, &reason))
    }

    /// The database narrows down what it can; the filter itself decides, so that upper and lower
    /// case mean the same in every store.
    pub(super) async fn list(&self, filter: JobFilter) -> Result<Vec<StoredJob>, Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {p}jobs WHERE id > ?1 AND (?2 IS NULL OR task = ?2) \
             AND (?3 IS NULL OR paused = ?3) \
             AND (?4 OR declared_json IS NOT NULL) AND (?5 OR tags_json IS NOT NULL) ORDER BY id"
        );
        let mut rows = sqlx::query(self.prefix.sql(statement))
            .bind(filter.after.as_ref().map_or("", JobId::as_str))
            .bind(filter.task.as_deref())
            .bind(filter.paused)
            .bind(filter.declared_by.is_none())
            .bind(filter.tag.is_none())
            .fetch(&self.readers);
        let mut jobs = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let Ok(stored) = columns::stored(&row) else {
                continue;
            };
            if filter.admits(&stored) {
                jobs.push(stored);
            }
            if filter.limit > 0 && jobs.len() == filter.limit {
                break;
            }
        }
        Ok(jobs)
    }

    /// Reads all jobs to find those that it cannot read.
    pub(super) async fn unreadable(&self, limit: usize) -> Result<Vec<UnreadableJob>, Error> {
        let statement = concat!("SELECT ", job_columns!(), " FROM {p}jobs ORDER BY id");
        let mut rows = sqlx::query(self.prefix.sql(statement)).fetch(&self.readers);
        let mut jobs = Vec::new();
        while jobs.len() < limit
            && let Some(row) = rows.try_next().await.map_err(failed)?
        {
            jobs.extend(columns::stored(&row).err().map(|reason| UnreadableJob {
                id: columns::id(&row),
                reason,
            }));
        }
        Ok(jobs)
    }
}
