//! Purges the ledger.

use std::collections::{BTreeMap, BTreeSet};

use punctual_store::{Error, Retention};

use super::Inner;
use super::at::{At, get};
use super::turns::Kind;
use super::values::Value;
use crate::limits::PAGE;

/// The entries that ended before a time, the earliest first.
const OLD: &str = "SELECT id FROM {runs} FORCE INDEX (runs_open) WHERE finished < ? \
     ORDER BY finished LIMIT ?";

/// A page of entries, with the place of each among those of its job.
const NEWEST: &str =
    "SELECT id, job, nth FROM {runs} FORCE INDEX (PRIMARY) WHERE id > ? ORDER BY id LIMIT ?";

/// The oldest entry of a job.
const OLDEST: &str =
    "(SELECT job, nth FROM {runs} FORCE INDEX (runs_job) WHERE job = ? ORDER BY id LIMIT 1)";

/// The oldest entries of a job. Each holds its place, so it is known how many to read.
const SURPLUS: &str = "(SELECT id, nth <= ? AND finished IS NOT NULL FROM {runs} FORCE INDEX (runs_job) \
     WHERE job = ? ORDER BY id LIMIT ?)";

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
        // The feed of runs is put in order even if it is not read.
        self.last_place(Kind::Runs).await?;
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
        let rows = at.all(OLD, &[before.into(), batch.into()]).await?;
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
        let lock = "SELECT id FROM {runs} FORCE INDEX (PRIMARY) WHERE id IN (?) \
             AND finished IS NOT NULL ORDER BY id FOR UPDATE SKIP LOCKED";
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let leaving: BTreeSet<_> = leaving.iter().copied().collect();
        let leaving: Vec<_> = leaving.into_iter().map(Value::from).collect();
        let locked = at.all_in(lock, &leaving).await?;
        let locked = locked.iter().map(|row| get::<i64>(row, 0).map(Value::from));
        let locked: Vec<_> = locked.collect::<Result<_, _>>()?;
        at.all_in("DELETE FROM {runs} WHERE id IN (?)", &locked)
            .await?;
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
        let keeps = found.through.keeps;
        let page = self
            .all(NEWEST, &[found.through.kept.into(), PAGE.into()])
            .await?;
        let mut last = None;
        let mut newest = BTreeMap::new();
        for row in &page {
            last = Some(get(row, 0)?);
            newest.insert(get::<String>(row, 1)?, get::<i64>(row, 2)?);
        }
        newest.retain(|_, nth| {
            *nth -= keeps;
            *nth > 0
        });
        found.leaving = self.surplus_of(&newest, room).await?;
        found.is_all = last.is_none();
        if found.leaving.len() > room {
            found.leaving.truncate(room);
        } else if let Some(last) = last {
            found.through.kept = last;
        }
        Ok(())
    }

    /// Returns the entries of these jobs through a place, at most one more than there is room for.
    async fn surplus_of(
        &mut self,
        last: &BTreeMap<String, i64>,
        room: usize,
    ) -> Result<Vec<i64>, Error> {
        let oldest = last
            .keys()
            .map(|job| self.text(OLDEST, &[job.as_str().into()]));
        let oldest = oldest.collect();
        let oldest = self.run(oldest).await?;
        let most = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        let mut statements = Vec::new();
        for row in oldest.iter().flat_map(|answer| &answer.rows) {
            let job: &str = get(row, 0)?;
            let last = last.get(job).copied().unwrap_or(0);
            let count = (last - get::<i64>(row, 1)? + 1).min(most);
            if count > 0 {
                let values = [last.into(), job.into(), count.into()];
                statements.push(self.text(SURPLUS, &values));
            }
        }
        let mut leaving = Vec::new();
        for row in self
            .run(statements)
            .await?
            .iter()
            .flat_map(|answer| &answer.rows)
        {
            if get::<i64>(row, 1)? != 0 {
                leaving.push(get(row, 0)?);
            }
        }
        leaving.sort_unstable();
        Ok(leaving)
    }

    async fn write_down(&mut self, progress: Progress) -> Result<(), Error> {
        // Another node may have come further. The rows are locked in one order.
        let lock = "SELECT name, value FROM {counters} WHERE name IN ('keeps', 'kept') \
             ORDER BY name FOR UPDATE";
        let mut found = progress;
        for row in self.all(lock, &[]).await? {
            match get::<&str>(&row, 0)? {
                "keeps" => found.keeps = get(&row, 1)?,
                _ => found.kept = get(&row, 1)?,
            }
        }
        let kept = match found.keeps == progress.keeps {
            true => found.kept.max(progress.kept),
            false => progress.kept,
        };
        let set = "UPDATE {counters} SET value = ? WHERE name = ?";
        let statements = vec![
            self.text(set, &[kept.into(), "kept".into()]),
            self.text(set, &[progress.keeps.into(), "keeps".into()]),
        ];
        self.run(statements).await.map(drop)
    }
}
