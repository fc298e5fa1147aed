//! Reads open runs.

use std::collections::HashMap;
use std::sync::Arc;

use punctual_core::RunId;
use punctual_store::{Error, Lease, OpenRequest, OpenRun};
use sqlx::postgres::PgRow;

use super::Inner;
use super::at::{At, get, number, numbers};
use super::columns::{self, OpenPlace, open_columns};
use crate::limits::PAGE;
use crate::rows::HeldRun;

impl Inner {
    pub(super) async fn open_runs(&self, request: OpenRequest) -> Result<Vec<OpenRun>, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let (owner, limit) = (&request.node, request.limit);
        let mut place = request.after.map_or(0, |id| number(id.0));
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
    /// The place of the last row.
    pub(super) last: OpenPlace,
}

impl At<'_> {
    /// Locks these runs, in the order of their numbers.
    pub(super) async fn lock_runs(&mut self, runs: &[RunId]) -> Result<(), Error> {
        let statement = "SELECT 1 FROM {runs} WHERE id = ANY ($1) ORDER BY id FOR UPDATE";
        let query = self.query(statement);
        let query = query.bind(numbers(runs.iter().map(|run| run.0)));
        self.all(query).await.map(drop)
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
        let statement = concat!(
            "SELECT ",
            open_columns!(),
            " FROM {runs} WHERE job = ANY ($1) AND birth = ANY ($2) AND finished IS NULL"
        );
        let (ids, births): (Vec<_>, Vec<_>) = jobs.iter().copied().unzip();
        let query = self.query(statement).bind(ids).bind(numbers(births));
        Ok(page(&self.all(query).await?, by)?.runs)
    }

    /// Returns the own arguments of runs, of those that have some. They may be long.
    pub(super) async fn args_of(
        &mut self,
        runs: &[RunId],
    ) -> Result<HashMap<RunId, Arc<str>>, Error> {
        if runs.is_empty() {
            return Ok(HashMap::new());
        }
        let statement =
            "SELECT id, args_json FROM {runs} WHERE args_json IS NOT NULL AND id = ANY ($1)";
        let query = self.query(statement);
        let query = query.bind(numbers(runs.iter().map(|run| run.0)));
        let mut args = HashMap::new();
        for row in self.all(query).await? {
            let id = RunId(get::<i64>(&row, 0)?.unsigned_abs());
            args.insert(id, get::<&str>(&row, 1)?.into());
        }
        Ok(args)
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
        let statement = concat!(
            "SELECT ",
            open_columns!(),
            " FROM {runs} WHERE finished IS NULL AND node = $1 AND epoch = $2 AND id > $3 \
             ORDER BY id LIMIT $4"
        );
        let query = self
            .query(statement)
            .bind(&*owner.node)
            .bind(number(owner.epoch))
            .bind(after)
            .bind(size as i64);
        page(&self.all(query).await?, None)
    }

    /// Returns open runs of this epoch of a node and of earlier ones, in the order of epochs. The
    /// runs of an instance follow each other.
    pub(super) async fn open_through_epoch(
        &mut self,
        owner: &Lease,
        after: OpenPlace,
        size: usize,
    ) -> Result<Page, Error> {
        let statement = concat!(
            "SELECT ",
            open_columns!(),
            " FROM {runs} WHERE finished IS NULL AND node = $1 AND epoch <= $2 \
             AND (epoch, id) > ($3, $4) ORDER BY epoch, id LIMIT $5"
        );
        let query = self
            .query(statement)
            .bind(&*owner.node)
            .bind(number(owner.epoch))
            .bind(after.0)
            .bind(after.1)
            .bind(size as i64);
        page(&self.all(query).await?, None)
    }
}

/// Returns the runs of rows. Those that cannot be decoded are left out.
fn page(rows: &[PgRow], by: Option<&Lease>) -> Result<Page, Error> {
    let mut page = Page {
        runs: Vec::with_capacity(rows.len()),
        count: rows.len(),
        last: (0, 0),
    };
    for row in rows {
        let (run, place) = columns::open_run(row, by)?;
        page.runs.extend(run);
        page.last = place;
    }
    Ok(page)
}
