//! Reads the ledger.

use punctual_core::{JobId, Outcomes, Run, RunId};
use punctual_store::{Error, LastRun, RunFilter, Statistics};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::at::{At, get, number, or};
use super::columns::{self, run_columns};
use super::values::Value;
use crate::limits::PAGE;
use crate::row::parse;
use crate::row::words;

/// A page that is being read.
struct Page<'f> {
    filter: &'f RunFilter,
    /// The smallest number.
    first: i64,
    /// The number before which the next rows are.
    before: i64,
    words: Option<Vec<&'static str>>,
    size: usize,
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
        let statement = "SELECT statistics_json FROM {jobs} WHERE id = ?";
        match at.first(statement, &[id.as_str().into()]).await? {
            Some(row) => {
                let json: Option<&str> = get(&row, 0)?;
                let read = json.map(|json| parse("statistics_json", json).unwrap_or_default());
                Ok(read.unwrap_or_default())
            }
            None => at.counted(&id).await,
        }
    }
}

impl Page<'_> {
    /// Returns the condition of the rows besides that of their index, with its values.
    fn condition(&self) -> (String, Vec<Value<'_>>) {
        let filter = self.filter;
        let mut text = "id >= ? AND id < ?".to_owned();
        let mut values = vec![self.first.into(), self.before.into()];
        if let Some(words) = &self.words {
            text.push_str(" AND state IN (?)");
            values.push(Value::list(words.iter().copied()));
        }
        if filter.from.is_some() || filter.until.is_some() {
            text.push_str(" AND fire_time >= ? AND fire_time < ?");
            values.push(or(filter.from, i64::MIN).into());
            values.push(or(filter.until, i64::MAX).into());
        }
        (text, values)
    }

    /// Returns a statement for the newest numbers, by an index and a condition of its columns.
    fn newest<'v>(
        &'v self,
        index: &str,
        own: &str,
        first: Vec<Value<'v>>,
    ) -> (String, Vec<Value<'v>>) {
        let (condition, others) = self.condition();
        let mut values = first;
        values.extend(others);
        values.push(self.size.into());
        let text = format!(
            "(SELECT id AS own FROM {{runs}} FORCE INDEX ({index}) WHERE {own}{condition} \
             ORDER BY id DESC LIMIT ?)"
        );
        (text, values)
    }
}

impl At<'_> {
    /// Returns a page of the ledger. Numbers of runs are taken by the claim that opens them, so their
    /// order is that of opening. The clocks of nodes may disagree about it.
    async fn page(&mut self, filter: &RunFilter) -> Result<Vec<Run>, Error> {
        let mut before = filter.before.map_or(i64::MAX, |place| number(place.id.0));
        if let Some(id) = filter.id {
            before = before.min(number(id.0).saturating_add(1));
        }
        let limit = match filter.limit {
            0 => usize::MAX,
            limit => limit,
        };
        let mut page = Page {
            filter,
            first: filter.id.map_or(0, |id| number(id.0)),
            before,
            words: filter.outcomes.map(words_of),
            size: limit.min(PAGE),
        };
        let mut runs = Vec::new();
        while runs.len() < limit {
            let rows = self.newest(&page).await?;
            runs.extend(rows.iter().filter_map(|row| columns::run(row).ok()));
            match rows.last().filter(|_| rows.len() == page.size) {
                Some(row) => page.before = get(row, 0)?,
                None => break,
            }
        }
        runs.truncate(limit);
        Ok(runs)
    }

    /// Returns the newest rows of a page. The numbers are found in an index first, since the rows may be
    /// long. Of the open runs of all jobs, the newest of each owner are looked at.
    async fn newest(&mut self, page: &Page<'_>) -> Result<Vec<MySqlRow>, Error> {
        let filter = page.filter;
        let selects = match &filter.job {
            Some(job) if filter.open => {
                let own = "finished IS NULL AND job = ? AND ";
                vec![page.newest("runs_of_job", own, vec![job.as_str().into()])]
            }
            Some(job) => vec![page.newest("runs_job", "job = ? AND ", vec![job.as_str().into()])],
            None if filter.open && filter.id.is_some() => {
                vec![page.newest("PRIMARY", "finished IS NULL AND ", vec![])]
            }
            None if filter.open => self.of_owners(page).await?,
            None => vec![page.newest("PRIMARY", "", vec![])],
        };
        let mut values = Vec::new();
        let mut texts = Vec::with_capacity(selects.len());
        for (text, own) in selects {
            texts.push(text);
            values.extend(own);
        }
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        values.push(page.size.into());
        let statement = format!(
            concat!(
                "SELECT ",
                run_columns!(),
                " FROM (SELECT own FROM ({selects}) AS every ORDER BY own DESC LIMIT ?) AS newest \
                 STRAIGHT_JOIN {{runs}} ON id = newest.own ORDER BY id DESC"
            ),
            selects = texts.join(" UNION ALL ")
        );
        self.all(&statement, &values).await
    }

    /// Returns a statement for the open runs of each owner.
    async fn of_owners<'v>(
        &mut self,
        page: &'v Page<'_>,
    ) -> Result<Vec<(String, Vec<Value<'v>>)>, Error> {
        let free = "finished IS NULL AND node IS NULL AND ";
        let mut selects = vec![page.newest("runs_open", free, vec![])];
        for owner in self.owners().await? {
            let own = "finished IS NULL AND node = ? AND epoch = ? AND ";
            let (node, epoch) = owner;
            selects.push(page.newest("runs_open", own, vec![node.into(), epoch.into()]));
        }
        Ok(selects)
    }

    /// Returns the owners of open runs. One step in the index leads from each to the next.
    async fn owners(&mut self) -> Result<Vec<(String, i64)>, Error> {
        let mut owners: Vec<(String, i64)> = Vec::new();
        let first = "SELECT node, epoch FROM {runs} FORCE INDEX (runs_open) WHERE finished IS NULL \
             AND node IS NOT NULL ORDER BY node, epoch LIMIT 1";
        let next = "(SELECT node, epoch FROM {runs} FORCE INDEX (runs_open) WHERE finished IS NULL \
             AND node = ? AND epoch > ? ORDER BY epoch LIMIT 1) UNION ALL (SELECT node, epoch FROM {runs} \
             FORCE INDEX (runs_open) WHERE finished IS NULL AND node > ? ORDER BY node, epoch LIMIT 1)";
        loop {
            let row = match owners.last() {
                None => self.first(first, &[]).await?,
                Some((node, epoch)) => {
                    let node = node.as_str();
                    self.first(next, &[node.into(), (*epoch).into(), node.into()])
                        .await?
                }
            };
            match row {
                Some(row) => owners.push((get(&row, 0)?, get(&row, 1)?)),
                None => return Ok(owners),
            }
        }
    }

    async fn counted(&mut self, id: &JobId) -> Result<Statistics, Error> {
        let statement = "SELECT state, CAST(SUM(COALESCE(range_count, 1)) AS SIGNED), \
             CAST(COALESCE(SUM(GREATEST(finished - started, 0)), 0) AS SIGNED), \
             COALESCE(MAX(finished - started), 0) FROM {runs} FORCE INDEX (runs_job) \
             WHERE job = ? AND finished IS NOT NULL GROUP BY state";
        let rows = self.all(statement, &[id.as_str().into()]).await?;
        let mut statistics = Statistics::default();
        for row in &rows {
            count(&mut statistics, row)?;
        }
        statistics.last_run = self.last_run(id).await?;
        Ok(statistics)
    }

    /// Reads the last run of a job that is gone from the ledger.
    async fn last_run(&mut self, id: &JobId) -> Result<Option<LastRun>, Error> {
        let statement = "SELECT id, fire_time, state, started, finished FROM {runs} \
             FORCE INDEX (runs_job) WHERE job = ? AND finished IS NOT NULL AND state IN (?) \
             AND (started IS NOT NULL OR state NOT LIKE 'cancelled%') ORDER BY id DESC LIMIT 1";
        let words = Value::list(words_of(Outcomes::EXECUTED));
        let row = self.first(statement, &[id.as_str().into(), words]).await?;
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

fn count(statistics: &mut Statistics, row: &MySqlRow) -> Result<(), Error> {
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
