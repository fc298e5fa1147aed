//! Reads the ledger.

use punctual_core::{JobId, Outcomes, Run, RunId};
use punctual_store::{Error, LastRun, RunFilter, Statistics};
use sqlx::postgres::PgRow;

use super::Inner;
use super::at::{At, get, number, or};
use super::columns::{self, run_columns};
use crate::limits::PAGE;
use crate::row::parse;
use crate::row::words;

/// The conditions of a page besides its job.
macro_rules! wanted {
    () => {
        "($2::text[] IS NULL OR state = ANY ($2)) AND fire_time >= $3 AND fire_time < $4 \
         AND id >= $5 AND id < $6 ORDER BY id DESC LIMIT $7"
    };
}

/// Without a job, the newest entries are simply the last ones.
pub(super) const NEWEST: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM {runs} WHERE {rows} AND ",
    wanted!()
);

/// The newest open runs of each owner, and of those the newest of all.
///
/// One step in the index leads from one owner to the next, so that a page does not read all open
/// runs.
pub(super) const OPEN: &str = concat!(
    "WITH RECURSIVE owners(node, epoch) AS ((SELECT node, epoch FROM {runs} \
     WHERE finished IS NULL AND node IS NOT NULL ORDER BY node, epoch LIMIT 1) UNION ALL \
     SELECT next.node, next.epoch FROM owners CROSS JOIN LATERAL (SELECT r.node, r.epoch \
     FROM {runs} AS r WHERE r.finished IS NULL AND (r.node, r.epoch) > (owners.node, owners.epoch) \
     ORDER BY r.node, r.epoch LIMIT 1) AS next), \
     newest AS MATERIALIZED (SELECT own FROM (SELECT r.id AS own FROM owners CROSS JOIN LATERAL \
     (SELECT id FROM {runs} WHERE finished IS NULL AND node = owners.node AND epoch = owners.epoch AND ",
    wanted!(),
    ") AS r UNION ALL SELECT r.id FROM (SELECT id FROM {runs} WHERE $1::text IS NULL \
     AND finished IS NULL AND node IS NULL AND ",
    wanted!(),
    ") AS r) AS every ORDER BY own DESC LIMIT $7) SELECT ",
    run_columns!(),
    " FROM newest JOIN {runs} ON id = newest.own ORDER BY id DESC"
);

/// Returns the statement of a page.
pub(super) fn statement(filter: &RunFilter) -> String {
    let rows = match (&filter.job, filter.open) {
        (Some(_), false) => "job = $1",
        (Some(_), true) => "job = $1 AND finished IS NULL",
        (None, true) if filter.id.is_some() => "$1::text IS NULL AND finished IS NULL",
        (None, false) => "$1::text IS NULL",
        (None, true) => return OPEN.to_owned(),
    };
    NEWEST.replace("{rows}", rows)
}

impl Inner {
    pub(super) async fn runs(&self, filter: RunFilter) -> Result<Vec<Run>, Error> {
        let mut line = self.lister().await?;
        self.at(&mut line).page(&filter).await
    }

    /// Returns the statistics of a job from its row. For a job that is gone, the entries that are
    /// left in the ledger are counted.
    pub(super) async fn statistics(&self, id: JobId) -> Result<Statistics, Error> {
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
        let query = at.query("SELECT statistics_json FROM {jobs} WHERE id = $1");
        match at.first(query.bind(id.as_str())).await? {
            Some(row) => {
                let json: Option<&str> = get(&row, 0)?;
                let read = json.map(|json| parse("statistics_json", json).unwrap_or_default());
                Ok(read.unwrap_or_default())
            }
            None => at.counted(&id).await,
        }
    }
}

impl At<'_> {
    /// Returns a page of the ledger. Numbers of runs are taken by the claim that opens them, so their
    /// order is that of opening. The clocks of nodes may disagree about it.
    async fn page(&mut self, filter: &RunFilter) -> Result<Vec<Run>, Error> {
        let statement = statement(filter);
        let first = filter.id.map_or(0, |id| number(id.0));
        let mut before = filter.before.map_or(i64::MAX, |place| number(place.id.0));
        if let Some(id) = filter.id {
            before = before.min(number(id.0).saturating_add(1));
        }
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => limit,
        };
        let size = limit.min(PAGE);
        let words = filter.outcomes.map(words_of);
        let mut runs = Vec::new();
        while runs.len() < limit {
            let query = self
                .query(&statement)
                .bind(filter.job.as_ref().map(JobId::as_str))
                .bind(words.as_deref())
                .bind(or(filter.from, i64::MIN))
                .bind(or(filter.until, i64::MAX))
                .bind(first)
                .bind(before)
                .bind(size as i64);
            let rows = self.all(query).await?;
            runs.extend(rows.iter().filter_map(|row| columns::run(row).ok()));
            match rows.last().filter(|_| rows.len() == size) {
                Some(row) => before = get(row, 0)?,
                None => break,
            }
        }
        runs.truncate(limit);
        Ok(runs)
    }

    async fn counted(&mut self, id: &JobId) -> Result<Statistics, Error> {
        let statement = "SELECT state, sum(coalesce(range_count, 1))::bigint, \
             coalesce(sum(greatest(finished - started, 0)), 0)::bigint, \
             coalesce(max(finished - started), 0)::bigint FROM {runs} \
             WHERE job = $1 AND finished IS NOT NULL GROUP BY state";
        let rows = self.all(self.query(statement).bind(id.as_str())).await?;
        let mut statistics = Statistics::default();
        for row in &rows {
            count(&mut statistics, row)?;
        }
        statistics.last_run = self.last_run(id).await?;
        Ok(statistics)
    }

    /// Reads the last run of a job that is gone from the ledger.
    async fn last_run(&mut self, id: &JobId) -> Result<Option<LastRun>, Error> {
        let statement = "SELECT id, fire_time, state, started, finished FROM {runs} WHERE job = $1 \
             AND finished IS NOT NULL AND state = ANY ($2) \
             AND (started IS NOT NULL OR state NOT LIKE 'cancelled%') ORDER BY id DESC LIMIT 1";
        let query = self.query(statement).bind(id.as_str());
        let row = self.first(query.bind(words_of(Outcomes::EXECUTED))).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let outcome = words::state(get(&row, 2)?).and_then(|state| state.outcome());
        let Some(outcome) = outcome else {
            return Ok(None);
        };
        let id = RunId(get::<i64>(&row, 0)?.unsigned_abs());
        let (fire_time, started, finished) = (get(&row, 1)?, get(&row, 3)?, get(&row, 4)?);
        Ok(LastRun::of(id, fire_time, outcome, started, finished))
    }
}

/// Returns the words of outcomes.
fn words_of(outcomes: Outcomes) -> Vec<&'static str> {
    outcomes.iter().map(words::word).collect()
}

fn count(statistics: &mut Statistics, row: &PgRow) -> Result<(), Error> {
    let state = words::state(get(row, 0)?);
    let Some(outcome) = state.and_then(|state| state.outcome()) else {
        return Ok(());
    };
    let number = |index| get::<i64>(row, index).map(|n| n.max(0).unsigned_abs());
    statistics.count(outcome, number(1)?);
    statistics.total_micros = statistics.total_micros.saturating_add(number(2)?);
    statistics.longest_micros = statistics.longest_micros.max(number(3)?);
    Ok(())
}
