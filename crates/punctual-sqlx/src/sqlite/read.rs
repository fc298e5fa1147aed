//! Jobs that are read.

use punctual_core::JobId;
use punctual_store::{Error, JobFilter, StoredJob, UnreadableJob};
use sqlx::sqlite::SqliteRow;

use super::Inner;
use super::columns::{self, columns_with, job_columns};
use super::fault::failed;
use crate::limits::WHOLE_JOBS;

/// A page of the jobs in the order of their ids. The database narrows down what it can; the filter
/// itself decides, so that upper and lower case mean the same in every store.
const LISTED: &str = concat!(
    "SELECT ",
    job_columns!(),
    " FROM {p}jobs WHERE id > CAST(?1 AS TEXT) AND (?2 IS NULL OR task = ?2) AND (?3 IS NULL OR paused = ?3) \
     AND (?4 OR declared_json IS NOT NULL) AND (?5 OR tags_json IS NOT NULL) \
     ORDER BY id LIMIT ?6"
);

impl Inner {
    pub(super) async fn get(&self, id: JobId) -> Result<Option<StoredJob>, Error> {
        let mut connection = self.reader().await?;
        let found = self.at(&mut connection).job(id.as_str()).await?;
        let stored = found.transpose();
        stored.map_err(|reason| Error::unreadable(&id, &reason))
    }

    pub(super) async fn list(&self, filter: JobFilter) -> Result<Vec<StoredJob>, Error> {
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => limit,
        };
        let after = filter.after.as_ref().map_or("", JobId::as_str);
        let mut after = after.as_bytes().to_vec();
        let mut jobs = Vec::new();
        loop {
            let rows = self.listed(&filter, &after).await?;
            let stored = rows.iter().filter_map(|row| columns::stored(row).ok());
            let room = limit - jobs.len();
            jobs.extend(stored.filter(|stored| filter.admits(stored)).take(room));
            match rows.last().filter(|_| rows.len() == WHOLE_JOBS) {
                Some(row) if jobs.len() < limit => after = columns::id_bytes(row).to_vec(),
                _ => return Ok(jobs),
            }
        }
    }

    async fn listed(&self, filter: &JobFilter, after: &[u8]) -> Result<Vec<SqliteRow>, Error> {
        sqlx::query(self.prefix.sql(LISTED))
            .bind(after)
            .bind(filter.task.as_deref())
            .bind(filter.paused)
            .bind(filter.declared_by.is_none())
            .bind(filter.tag.is_none())
            .bind(WHOLE_JOBS as i64)
            .fetch_all(&self.listers)
            .await
            .map_err(failed)
    }

    /// Reads all jobs to find those that it cannot read.
    pub(super) async fn unreadable(&self, limit: usize) -> Result<Vec<UnreadableJob>, Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {p}jobs WHERE id > CAST(?1 AS TEXT) ORDER BY id LIMIT ?2"
        );
        let mut after = Vec::new();
        let mut jobs = Vec::new();
        while jobs.len() < limit {
            let rows = sqlx::query(self.prefix.sql(statement))
                .bind(&after[..])
                .bind(WHOLE_JOBS as i64)
                .fetch_all(&self.listers)
                .await
                .map_err(failed)?;
            let room = limit - jobs.len();
            jobs.extend(rows.iter().filter_map(unreadable).take(room));
            match rows.last().filter(|_| rows.len() == WHOLE_JOBS) {
                Some(row) => after = columns::id_bytes(row).to_vec(),
                None => break,
            }
        }
        Ok(jobs)
    }
}

fn unreadable(row: &SqliteRow) -> Option<UnreadableJob> {
    let reason = columns::stored(row).err()?;
    let id = columns::id(row);
    Some(UnreadableJob { id, reason })
}
