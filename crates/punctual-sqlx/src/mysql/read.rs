//! Reads jobs.

use punctual_core::JobId;
use punctual_store::{Error, StoredJob, UnreadableJob};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::columns::{self, columns_with, job_columns};
use crate::limits::WHOLE_JOBS;

impl Inner {
    pub(super) async fn get(&self, id: JobId) -> Result<Option<StoredJob>, Error> {
        let mut line = self.line().await?;
        let found = self.at(&mut line).job(id.as_str(), false).await?;
        let stored = found.transpose();
        stored.map_err(|reason| Error::unreadable(&id, &reason))
    }

    /// Reads all jobs to find those that cannot be decoded.
    pub(super) async fn unreadable(&self, limit: usize) -> Result<Vec<UnreadableJob>, Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {jobs} WHERE id > ? ORDER BY id LIMIT ?"
        );
        let mut after = String::new();
        let mut jobs = Vec::new();
        while jobs.len() < limit {
            let mut line = self.lister().await?;
            let mut at = self.at(&mut line);
            let values = [after.as_str().into(), WHOLE_JOBS.into()];
            let rows = at.all(statement, &values).await?;
            let room = limit - jobs.len();
            jobs.extend(rows.iter().filter_map(unreadable).take(room));
            match rows.last().filter(|_| rows.len() == WHOLE_JOBS) {
                Some(row) => after = columns::id(row)?.to_owned(),
                None => break,
            }
        }
        Ok(jobs)
    }
}

fn unreadable(row: &MySqlRow) -> Option<UnreadableJob> {
    let reason = columns::stored(row).err()?;
    let id = columns::id(row).ok()?;
    Some(UnreadableJob::new(id.to_owned(), reason))
}
