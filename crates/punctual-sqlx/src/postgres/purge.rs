//! Purges the ledger.

use punctual_store::{Error, Retention};

use super::Inner;
use super::at::{At, get};
use crate::limits::PAGE;

/// The entries that ended before a time, the earliest first.
pub(super) const OLD: &str = "SELECT id FROM {runs} WHERE finished IS NOT NULL AND finished < $1 \
     ORDER BY finished, id LIMIT $2";

/// The entries that those of a page (`$1`, `$2`) make superfluous.
///
/// Each entry of a job holds its number among them, and one step in the index leads from the oldest
/// to the next. So entries that stay are not read, and no job without new entries is looked at. Each
/// step is a subquery of its own, since a join would read the whole table where it is not large.
pub(super) const SURPLUS: &str = "WITH RECURSIVE page AS MATERIALIZED \
     (SELECT id, job, nth FROM {runs} WHERE id > $1 ORDER BY id LIMIT $2), \
     crowded(job, last) AS (SELECT job, max(nth) - $3 FROM page GROUP BY job \
     HAVING max(nth) > $3), \
     oldest(id, job, last) AS (SELECT (SELECT min(id) FROM {runs} AS r WHERE r.job = crowded.job), \
     job, last FROM crowded UNION ALL \
     SELECT (SELECT min(r.id) FROM {runs} AS r WHERE r.job = oldest.job AND r.id > oldest.id), \
     oldest.job, oldest.last FROM oldest CROSS JOIN LATERAL \
     (SELECT nth FROM {runs} WHERE id = oldest.id LIMIT 1) AS own WHERE own.nth <= oldest.last) \
     (SELECT max(id), true FROM page) UNION ALL (SELECT oldest.id, false FROM oldest \
     CROSS JOIN LATERAL (SELECT nth, finished FROM {runs} WHERE id = oldest.id LIMIT 1) AS r \
     WHERE r.nth <= oldest.last AND r.finished IS NOT NULL ORDER BY oldest.id LIMIT $4)";

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
    /// Looks for entries without locks, and deletes those that no other node deletes in the same
    /// moment.
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
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
        let query = at.query(OLD).bind(before);
        let query = query.bind(i64::try_from(batch).unwrap_or(i64::MAX));
        let rows = at.all(query).await?;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    /// Returns the first surplus entries from the stored place on.
    async fn surplus(&self, keeps: i64, room: usize) -> Result<Surplus, Error> {
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
        let from = at.progress().await?;
        let mut found = Surplus {
            leaving: Vec::new(),
            from,
            through: from,
            is_all: false,
        };
        if from.keeps != keeps {
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
        let statement = "DELETE FROM {runs} WHERE id IN (SELECT id FROM {runs} \
             WHERE id = ANY ($1) AND finished IS NOT NULL ORDER BY id FOR UPDATE SKIP LOCKED)";
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let query = at.query(statement).bind(leaving);
        at.execute(query).await?;
        if let Some(progress) = through {
            at.write_down(progress).await?;
        }
        line.commit().await
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

    /// Looks at the next page. If there is no room for all entries that leave, the page
    /// is looked at again.
    async fn look(&mut self, found: &mut Surplus, room: usize) -> Result<(), Error> {
        let query = self
            .query(SURPLUS)
            .bind(found.through.kept)
            .bind(PAGE as i64)
            .bind(found.through.keeps)
            .bind(i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1));
        let mut last = None;
        found.leaving.clear();
        for row in &self.all(query).await? {
            match (get::<Option<i64>>(row, 0)?, get(row, 1)?) {
                (id, true) => last = id,
                (id, false) => found.leaving.extend(id),
            }
        }
        found.is_all = last.is_none();
        if found.leaving.len() > room {
            found.leaving.truncate(room);
        } else if let Some(last) = last {
            found.through.kept = last;
        }
        Ok(())
    }

    async fn write_down(&mut self, progress: Progress) -> Result<(), Error> {
        // Another node may have come further. The rows are locked in one order.
        let lock =
            "SELECT 1 FROM {counters} WHERE name IN ('keeps', 'kept') ORDER BY name FOR UPDATE";
        self.execute(self.query(lock)).await?;
        let kept = "UPDATE {counters} SET value = greatest($2, CASE WHEN $1 = (SELECT value \
             FROM {counters} WHERE name = 'keeps') THEN value ELSE 0 END) WHERE name = 'kept'";
        let query = self.query(kept).bind(progress.keeps);
        self.execute(query.bind(progress.kept)).await?;
        let keeps = "UPDATE {counters} SET value = $1 WHERE name = 'keeps'";
        self.execute(self.query(keeps).bind(progress.keeps))
            .await
            .map(drop)
    }
}
