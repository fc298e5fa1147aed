//! Purges the ledger.

use punctual_store::{Error, Retention};

use super::Inner;
use super::at::{At, json, parsed};
use super::error::failed;
use crate::limits::PAGE;

/// The entries that ended before a time, the earliest first.
const OLD: &str = "SELECT json_group_array(id) FROM (SELECT id FROM {p}runs \
     WHERE finished IS NOT NULL AND finished < ?1 ORDER BY finished, id LIMIT ?2)";

/// The entries that those of a page (`?1`, `?2`) make superfluous.
///
/// Each entry of a job holds its number among them, and one step in the index leads from the oldest
/// to the next. So entries that stay are not read, and no job without new entries is looked at.
const SURPLUS: &str = "WITH RECURSIVE page AS MATERIALIZED \
     (SELECT id, job, nth FROM {p}runs WHERE id > ?1 ORDER BY id LIMIT ?2), \
     crowded(job, last) AS (SELECT job, max(nth) - ?3 FROM page GROUP BY job \
     HAVING max(nth) > ?3), \
     oldest(id, job, last) AS (SELECT (SELECT min(id) FROM {p}runs WHERE job = crowded.job), \
     job, last FROM crowded UNION ALL \
     SELECT (SELECT min(id) FROM {p}runs WHERE job = oldest.job AND id > oldest.id), oldest.job, \
     last FROM oldest CROSS JOIN {p}runs AS own WHERE own.id = oldest.id AND own.nth <= last) \
     SELECT json_array((SELECT max(id) FROM page), json_group_array(id)) FROM (SELECT r.id \
     FROM oldest CROSS JOIN {p}runs AS r WHERE r.id = oldest.id AND r.nth <= last \
     AND r.finished IS NOT NULL ORDER BY r.id LIMIT ?4)";

/// The number of entries of each job that stay, and the last entry that was looked at.
///
/// Both are stored, so that no entry is looked at twice. If the number changes, all entries are
/// looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    keeps: i64,
    kept: i64,
}

/// The entries that leave, and the last entry that was looked at.
struct Surplus {
    leaving: Vec<i64>,
    from: Progress,
    through: Progress,
    is_all: bool,
}

/// The number of pages without surplus entries after which the progress is stored.
const PAGES: usize = 100;

impl Inner {
    /// Looks for entries without the lock of the database, and takes the lock to delete them.
    ///
    /// Entries that another node has deleted in between count too, since there may be more.
    pub(super) async fn purge(&self, retention: Retention, batch: usize) -> Result<u64, Error> {
        let mut gone = 0;
        if let Some(before) = retention.ended_before {
            let old = self.old(before.timestamp_micros(), batch).await?;
            self.delete_runs(&old, None).await?;
            gone = old.len();
        }
        while let Some(keeps) = retention.per_job.filter(|_| gone < batch) {
            let keeps = i64::try_from(keeps).unwrap_or(i64::MAX);
            let found = self.surplus(keeps, batch - gone).await?;
            let through = Some(found.through).filter(|progress| *progress != found.from);
            self.delete_runs(&found.leaving, through).await?;
            gone += found.leaving.len();
            if found.is_all {
                break;
            }
        }
        Ok(gone as u64)
    }

    async fn old(&self, before: i64, batch: usize) -> Result<Vec<i64>, Error> {
        let mut connection = self.lister().await?;
        let query = sqlx::query(self.prefix.sql(OLD)).bind(before);
        let query = query.bind(i64::try_from(batch).unwrap_or(i64::MAX));
        parsed(&self.at(&mut connection).as_one(query).await?)
    }

    /// Returns the first surplus entries from the stored place on.
    async fn surplus(&self, keeps: i64, room: usize) -> Result<Surplus, Error> {
        let mut connection = self.lister().await?;
        let mut at = self.at(&mut connection);
        let from = at.progress().await?;
        let mut found = Surplus {
            leaving: Vec::new(),
            from,
            through: from,
            is_all: at.counter("run").await? <= keeps.unsigned_abs(),
        };
        if from.keeps != keeps && !found.is_all {
            found.through = Progress { keeps, kept: 0 };
        }
        for _ in 0..PAGES {
            if found.is_all || !found.leaving.is_empty() {
                break;
            }
            at.look(&mut found, room).await?;
        }
        Ok(found)
    }

    /// Deletes entries, and stores the progress.
    async fn delete_runs(&self, leaving: &[i64], through: Option<Progress>) -> Result<(), Error> {
        if leaving.is_empty() && through.is_none() {
            return Ok(());
        }
        let statement = "DELETE FROM {p}runs WHERE finished IS NOT NULL \
             AND id IN (SELECT value FROM json_each(?1))";
        let mut transaction = self.begin().await?;
        let mut at = self.at(&mut transaction);
        at.write(statement, json(leaving)?).await.map_err(failed)?;
        if let Some(progress) = through {
            at.write_down(progress).await?;
        }
        transaction.commit().await.map_err(failed)
    }
}

impl At<'_> {
    async fn progress(&mut self) -> Result<Progress, Error> {
        let stored = |counter: u64| i64::try_from(counter).unwrap_or(i64::MAX);
        Ok(Progress {
            keeps: stored(self.counter("keeps").await?),
            kept: stored(self.counter("kept").await?),
        })
    }

    /// Looks at the next page. If there is no room for all entries that leave, the page is looked
    /// at again.
    async fn look(&mut self, found: &mut Surplus, room: usize) -> Result<(), Error> {
        let query = sqlx::query(self.prefix.sql(SURPLUS))
            .bind(found.through.kept)
            .bind(PAGE as i64)
            .bind(found.through.keeps)
            .bind(i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1));
        let page = self.as_one(query).await?;
        let (last, leaving): (Option<i64>, Vec<i64>) = parsed(&page)?;
        found.is_all = last.is_none();
        found.leaving = leaving;
        if found.leaving.len() > room {
            found.leaving.truncate(room);
        } else if let Some(last) = last {
            found.through.kept = last;
        }
        Ok(())
    }

    async fn write_down(&mut self, progress: Progress) -> Result<(), Error> {
        // Another node may have come further.
        let kept = "UPDATE {p}counters SET value = max(?2, iif(?1 = (SELECT value \
             FROM {p}counters WHERE name = 'keeps'), value, 0)) WHERE name = 'kept'";
        let keeps = "UPDATE {p}counters SET value = ?1 WHERE name = 'keeps'";
        for statement in [kept, keeps] {
            sqlx::query(self.prefix.sql(statement))
                .bind(progress.keeps)
                .bind(progress.kept)
                .execute(&mut *self.connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}
