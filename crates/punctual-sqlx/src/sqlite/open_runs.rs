//! Reads open runs.

use std::collections::HashMap;
use std::sync::Arc;

use punctual_core::RunId;
use punctual_store::{Error, Lease, OpenRequest, OpenRun};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::Inner;
use super::at::{At, json, parsed};
use super::columns::open_columns;
use super::error::failed;
use crate::limits::PAGE;
use crate::rows::{HeldRun, OpenRow};

/// The rows of [`open_columns`] that a condition names, as one JSON array.
macro_rules! open_where {
    ($rows:literal, $condition:literal) => {
        concat!(
            "SELECT json_group_array(json_array(",
            open_columns!(),
            ")) FROM (SELECT r.* FROM ",
            $rows,
            " WHERE r.finished IS NULL AND ",
            $condition,
            ")"
        )
    };
}

impl Inner {
    pub(super) async fn open_runs(&self, request: OpenRequest) -> Result<Vec<OpenRun>, Error> {
        let mut connection = self.reader().await?;
        let mut at = self.at(&mut connection);
        let (owner, limit) = (&request.node, request.limit);
        let mut place = request
            .after
            .map_or(0, |id| i64::try_from(id.0).unwrap_or(i64::MAX));
        let mut runs = Vec::new();
        let size = limit.min(PAGE);
        while runs.len() < limit {
            let mut page = at.open_of_epoch(owner, place, size).await?;
            place = page.last.1;
            at.fill_args(&mut page.runs).await?;
            runs.extend(page.runs.iter().filter_map(HeldRun::told));
            if page.count < size {
                break;
            }
        }
        runs.truncate(limit);
        Ok(runs)
    }
}

/// Some rows, and the place where they end.
pub(super) struct Page {
    pub(super) runs: Vec<HeldRun>,
    /// The number of rows, with those that cannot be decoded.
    pub(super) count: usize,
    /// The epoch and the number of the last row.
    pub(super) last: (i64, i64),
}

impl At<'_> {
    /// Returns those of these runs that are open, as a node sees them.
    pub(super) async fn open(
        &mut self,
        runs: &[RunId],
        by: Option<&Lease>,
    ) -> Result<Vec<HeldRun>, Error> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let statement = open_where!("{p}runs AS r", "id IN (SELECT value FROM json_each(?1))");
        let query = sqlx::query(self.prefix.sql(statement)).bind(json(runs)?);
        rows(&self.as_one(query).await?, by)
    }

    /// Returns all open runs of these jobs, by id and birth.
    pub(super) async fn open_of_jobs(
        &mut self,
        jobs: &[(&str, u64)],
        by: Option<&Lease>,
    ) -> Result<Vec<HeldRun>, Error> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let statement = open_where!(
            "json_each(?1) AS own CROSS JOIN {p}runs AS r INDEXED BY {p}runs_of_job",
            "r.job = (own.value ->> 0) AND r.birth = (own.value ->> 1)"
        );
        let query = sqlx::query(self.prefix.sql(statement)).bind(json(jobs)?);
        rows(&self.as_one(query).await?, by)
    }

    /// Returns the own arguments of runs, of those that have some.
    ///
    /// They are read apart from the other columns. A page of runs could otherwise be longer than the
    /// longest text of SQLite.
    pub(super) async fn args_of(
        &mut self,
        runs: &[RunId],
    ) -> Result<HashMap<RunId, Arc<str>>, Error> {
        if runs.is_empty() {
            return Ok(HashMap::new());
        }
        let statement = "SELECT id, args_json FROM {p}runs WHERE args_json IS NOT NULL \
             AND id IN (SELECT value FROM json_each(?1))";
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(json(runs)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        let args = |row: &SqliteRow| {
            let id: i64 = row.try_get(0)?;
            // A text that is not valid Unicode spoils its own run only.
            let bytes: &[u8] = row.try_get_unchecked(1)?;
            let text = String::from_utf8_lossy(bytes).into_owned();
            Ok((RunId(id.unsigned_abs()), text.into()))
        };
        rows.iter()
            .map(args)
            .collect::<Result<_, _>>()
            .map_err(failed)
    }

    async fn fill_args(&mut self, runs: &mut [HeldRun]) -> Result<(), Error> {
        let lacking = runs.iter().filter(|run| run.lacks_args);
        let lacking: Vec<_> = lacking.map(|run| run.id).collect();
        let mut args = self.args_of(&lacking).await?;
        for run in runs {
            if let Some(args) = args.remove(&run.id) {
                run.with_args(args);
            }
        }
        Ok(())
    }

    /// Returns open runs of a node, with numbers after this one.
    async fn open_of_epoch(
        &mut self,
        owner: &Lease,
        after: i64,
        size: usize,
    ) -> Result<Page, Error> {
        let statement = open_where!(
            "{p}runs AS r INDEXED BY {p}runs_open",
            "node = ?1 AND epoch = ?2 AND id > ?3 ORDER BY id LIMIT ?4"
        );
        let query = sqlx::query(self.prefix.sql(statement))
            .bind(&*owner.node)
            .bind(owner.epoch as i64)
            .bind(after)
            .bind(size as i64);
        page(&self.as_one(query).await?)
    }

    /// Returns open runs of this epoch of a node and of earlier ones, in the order of epochs. The
    /// runs of an instance follow each other.
    pub(super) async fn open_through_epoch(
        &mut self,
        owner: &Lease,
        after: (i64, i64),
        size: usize,
    ) -> Result<Page, Error> {
        let statement = open_where!(
            "{p}runs AS r INDEXED BY {p}runs_open",
            "node = ?1 AND epoch <= ?2 AND (epoch, id) > (?3, ?4) ORDER BY epoch, id LIMIT ?5"
        );
        let query = sqlx::query(self.prefix.sql(statement))
            .bind(&*owner.node)
            .bind(owner.epoch as i64)
            .bind(after.0)
            .bind(after.1)
            .bind(size as i64);
        page(&self.as_one(query).await?)
    }
}

/// Returns the runs of a JSON array of [`open_columns`]. Those that cannot be decoded are left out.
fn rows(rows: &str, by: Option<&Lease>) -> Result<Vec<HeldRun>, Error> {
    let rows: Vec<OpenRow<'_>> = parsed(rows)?;
    let decode = |row: &OpenRow<'_>| row.decode(by);
    Ok(rows.iter().filter_map(decode).collect())
}

fn page(rows: &str) -> Result<Page, Error> {
    let rows: Vec<OpenRow<'_>> = parsed(rows)?;
    let last = rows.last();
    Ok(Page {
        count: rows.len(),
        last: last.map_or((0, 0), |row| (row.epoch.unwrap_or(0), row.id)),
        runs: rows.iter().filter_map(|row| row.decode(None)).collect(),
    })
}
