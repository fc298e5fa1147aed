//! Reads jobs.

use punctual_core::JobId;
use punctual_store::{Error, StoredJob, UnreadableJob};
use sqlx::sqlite::SqliteRow;

use super::Inner;
use super::columns::{self, columns_with, job_columns};
use super::error::failed;
use crate::limits::WHOLE_JOBS;

impl Inner {
    pub(super) async fn get(&self, id: JobId) -> Result<Option<StoredJob>, Error> {
        let mut connection = self.reader().await?;
        let found = self.at(&mut connection).job(id.as_str()).await?;
        let stored = found.transpose();
        stored.map_err(|reason| Error::unreadable(&id, &reason))
    }

    /// Reads all jobs to find those that cannot be decoded.
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
                .fetch_all(&mut *self.lister().await?)
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
    Some(UnreadableJob::new(id, reason))
}
