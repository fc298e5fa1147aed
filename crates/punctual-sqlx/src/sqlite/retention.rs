//! What of the ledger may go.

use std::collections::BTreeSet;

use punctual_store::{Error, Retention};

use super::Inner;
use super::fault::failed;
use super::load::json;

/// Those that ended before a time.
const OLD: &str = "SELECT id FROM {p}runs WHERE finished IS NOT NULL AND finished < ?1 \
     ORDER BY finished, id LIMIT ?2";

/// Of each job, all but the newest. One step of the index leads from a job to the next, and some
/// to its last entry that stays, so what stays is not read.
const TOO_MANY: &str = "WITH RECURSIVE one(job) AS (SELECT min(job) FROM {p}runs UNION ALL \
     SELECT (SELECT min(job) FROM {p}runs WHERE job > one.job) FROM one WHERE one.job IS NOT NULL) \
     SELECT r.id FROM one CROSS JOIN {p}runs AS r WHERE r.job = one.job AND r.id <= \
     (SELECT id FROM {p}runs WHERE job = one.job ORDER BY id DESC LIMIT 1 OFFSET ?1) \
     AND r.finished IS NOT NULL LIMIT ?2";

impl Inner {
    /// Looks for entries without the lock of the database, and takes it to delete them.
    pub(super) async fn purge(&self, retention: Retention, batch: usize) -> Result<u64, Error> {
        let mut leaving = BTreeSet::new();
        if let Some(before) = retention.ended_before {
            leaving.extend(self.found(OLD, before.timestamp_micros(), batch).await?);
        }
        if let Some(stay) = retention.per_job.filter(|_| leaving.len() < batch) {
            let stay = i64::try_from(stay).unwrap_or(i64::MAX);
            leaving.extend(self.found(TOO_MANY, stay, batch).await?);
        }
        let leaving: Vec<i64> = leaving.into_iter().take(batch).collect();
        if leaving.is_empty() {
            return Ok(0);
        }
        let statement = "DELETE FROM {p}runs WHERE finished IS NOT NULL \
             AND id IN (SELECT value FROM json_each(?1))";
        let mut transaction = self.begin().await?;
        let done = sqlx::query(self.prefix.sql(statement))
            .bind(json(leaving)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(done.rows_affected())
    }

    async fn found(&self, statement: &str, limit: i64, batch: usize) -> Result<Vec<i64>, Error> {
        sqlx::query_scalar(self.prefix.sql(statement))
            .bind(limit)
            .bind(i64::try_from(batch).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)
    }
}
