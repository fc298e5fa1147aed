//! Reads the ledger.

use punctual_core::{JobId, Outcomes, Run, RunId};
use punctual_store::{Error, LastRun, RunFilter, Statistics};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Inner;
use super::at::{json, or};
use super::columns::{self, run_columns};
use super::error::failed;
use crate::limits::PAGE;
use crate::row::parse;
use crate::row::words;

/// The conditions of a page besides its job.
macro_rules! wanted {
    () => {
        "(?2 IS NULL OR state IN (SELECT value FROM json_each(?2))) AND fire_time >= ?3 AND fire_time < ?4 AND id >= ?5 \
         AND id < ?6 ORDER BY id DESC LIMIT ?7"
    };
}

/// Without a job, the newest entries are simply the last ones.
pub(super) const NEWEST: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM {p}runs WHERE {rows} AND ",
    wanted!()
);

/// The newest open runs of each owner, and of those the newest of all.
///
/// One step in the index leads from one owner to the next, so that a page does not read all open
/// runs.
const OPEN: &str = concat!(
    "WITH RECURSIVE some(id) AS (SELECT (SELECT id FROM {p}runs INDEXED BY {p}runs_open \
     WHERE finished IS NULL AND node IS NOT NULL ORDER BY node, epoch LIMIT 1) UNION ALL \
     SELECT coalesce((SELECT r.id FROM {p}runs AS r INDEXED BY {p}runs_open \
     WHERE r.finished IS NULL AND r.node = own.node AND r.epoch > own.epoch \
     ORDER BY r.epoch LIMIT 1), (SELECT r.id FROM {p}runs AS r INDEXED BY {p}runs_open \
     WHERE r.finished IS NULL AND r.node > own.node ORDER BY r.node, r.epoch LIMIT 1)) \
     FROM some CROSS JOIN {p}runs AS own WHERE own.id = some.id), \
     owners(node, epoch) AS (SELECT NULL, NULL UNION ALL SELECT node, epoch \
     FROM some CROSS JOIN {p}runs AS own WHERE own.id = some.id), \
     newest(own) AS MATERIALIZED (SELECT r.id FROM owners CROSS JOIN {p}runs AS r WHERE r.id IN \
     (SELECT id FROM {p}runs INDEXED BY {p}runs_open WHERE ?1 IS NULL AND finished IS NULL \
     AND node IS owners.node AND epoch IS owners.epoch AND ",
    wanted!(),
    ") ORDER BY r.id DESC LIMIT ?7) SELECT ",
    run_columns!(),
    " FROM newest CROSS JOIN {p}runs WHERE id = newest.own ORDER BY id DESC"
);

impl Inner {
    pub(super) async fn runs(&self, filter: RunFilter) -> Result<Vec<Run>, Error> {
        let rows = match (&filter.job, filter.open) {
            (Some(_), false) => Some("job = ?1"),
            (Some(_), true) => Some("job = ?1 AND finished IS NULL"),
            (None, true) if filter.id.is_some() => Some("?1 IS NULL AND finished IS NULL"),
            (None, false) => Some("?1 IS NULL"),
            (None, true) => None,
        };
        let statement = rows.map(|rows| NEWEST.replace("{rows}", rows));
        let statement = statement.as_deref().unwrap_or(OPEN);
        // Numbers are given out under the lock of the database, so their order is that of opening.
        // The time of the cursor is not needed, and the clocks of nodes may disagree about it.
        let number = |id: RunId| i64::try_from(id.0).unwrap_or(i64::MAX);
        let first = filter.id.map_or(0, number);
        let mut before = filter.before.map_or(i64::MAX, |place| number(place.id));
        before = before.min(
            filter
                .id
                .map_or(i64::MAX, |id| number(id).saturating_add(1)),
        );
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => limit,
        };
        let size = limit.min(PAGE);
        let words = filter.outcomes.map(words_of).transpose()?;
        let mut runs = Vec::new();
        while runs.len() < limit {
            let rows = sqlx::query(self.prefix.sql(statement))
                .bind(filter.job.as_ref().map(JobId::as_str))
                .bind(words.as_deref())
                .bind(or(filter.from, i64::MIN))
                .bind(or(filter.until, i64::MAX))
                .bind(first)
                .bind(before)
                .bind(size as i64)
                .fetch_all(&mut *self.lister().await?)
                .await
                .map_err(failed)?;
            runs.extend(rows.iter().filter_map(|row| columns::run(row).ok()));
            match rows.last().filter(|_| rows.len() == size) {
                Some(row) => before = row.try_get(0).map_err(failed)?,
                None => break,
            }
        }
        runs.truncate(limit);
        Ok(runs)
    }

    /// Returns the statistics of a job from its row. For a job that is gone, the entries that are
    /// left in the ledger are counted.
    pub(super) async fn statistics(&self, id: JobId) -> Result<Statistics, Error> {
        let statement = "SELECT statistics_json FROM {p}jobs WHERE id = ?1";
        let found: Option<Option<String>> = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(id.as_str())
            .fetch_optional(&mut *self.lister().await?)
            .await
            .map_err(failed)?;
        match found {
            Some(Some(json)) => Ok(parse("statistics_json", &json).unwrap_or_default()),
            Some(None) => Ok(Statistics::default()),
            None => self.counted(&id).await,
        }
    }

    async fn counted(&self, id: &JobId) -> Result<Statistics, Error> {
        let statement = "SELECT state, sum(coalesce(range_count, 1)), \
             coalesce(sum(max(finished - started, 0)), 0), \
             coalesce(max(finished - started), 0) FROM {p}runs \
             WHERE job = ?1 AND finished IS NOT NULL GROUP BY state";
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(id.as_str())
            .fetch_all(&mut *self.lister().await?)
            .await
            .map_err(failed)?;
        let mut statistics = Statistics::default();
        for row in &rows {
            count(&mut statistics, row).map_err(failed)?;
        }
        statistics.last_run = self.last_run(id).await?;
        Ok(statistics)
    }

    /// Reads the last run of a job that is gone from the ledger.
    async fn last_run(&self, id: &JobId) -> Result<Option<LastRun>, Error> {
        let statement = "SELECT id, fire_time, state, started, finished FROM {p}runs WHERE job = ?1 \
             AND finished IS NOT NULL AND state IN (SELECT value FROM json_each(?2)) \
             AND (started IS NOT NULL OR state NOT LIKE 'cancelled%') ORDER BY id DESC LIMIT 1";
        let row: Option<(i64, i64, String, Option<i64>, i64)> =
            sqlx::query_as(self.prefix.sql(statement))
                .bind(id.as_str())
                .bind(words_of(Outcomes::EXECUTED)?)
                .fetch_optional(&mut *self.lister().await?)
                .await
                .map_err(failed)?;
        Ok(row.and_then(|(id, fire_time, word, started, finished)| {
            let outcome = words::state(&word)?.outcome()?;
            let id = RunId(id.unsigned_abs());
            LastRun::of(id, fire_time, outcome, started, finished)
        }))
    }
}

/// Returns the words of outcomes as a list for the database.
fn words_of(outcomes: Outcomes) -> Result<String, Error> {
    json(outcomes.iter().map(words::word).collect::<Vec<_>>())
}

fn count(statistics: &mut Statistics, row: &SqliteRow) -> Result<(), sqlx::Error> {
    let state = words::state(row.try_get(0)?);
    let Some(outcome) = state.and_then(|state| state.outcome()) else {
        return Ok(());
    };
    let number = |index| {
        row.try_get::<i64, _>(index)
            .map(|n| n.max(0).unsigned_abs())
    };
    statistics.count(outcome, number(1)?);
    statistics.total_micros = statistics.total_micros.saturating_add(number(2)?);
    statistics.longest_micros = statistics.longest_micros.max(number(3)?);
    Ok(())
}
