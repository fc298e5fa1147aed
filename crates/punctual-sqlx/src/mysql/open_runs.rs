//! Reads open runs.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use punctual_core::RunId;
use punctual_store::{Error, Lease, OpenRequest, OpenRun};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::at::{At, get, number};
use super::batch_read::numbers;
use super::columns::{self, OpenPlace, open_columns};
use super::values::Value;
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
            " FROM {runs} FORCE INDEX (runs_of_job) WHERE finished IS NULL AND job IN (?)"
        );
        let ids: BTreeSet<&str> = jobs.iter().map(|(id, _)| *id).collect();
        let ids: Vec<_> = ids.into_iter().map(Value::from).collect();
        let births: BTreeSet<u64> = jobs.iter().map(|(_, birth)| *birth).collect();
        let rows = self.all_in(statement, &ids).await?;
        let mut runs = page(&rows, by)?.runs;
        runs.retain(|run| births.contains(&run.view.birth));
        Ok(runs)
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
            "SELECT id, args_json FROM {runs} WHERE args_json IS NOT NULL AND id IN (?)";
        let runs = numbers(runs.iter().map(|run| run.0));
        let mut args = HashMap::new();
        for row in self.all_in(statement, &runs).await? {
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
            " FROM {runs} FORCE INDEX (runs_open) WHERE finished IS NULL AND node = ? AND epoch = ? \
             AND id > ? ORDER BY id LIMIT ?"
        );
        let values = [
            (&*owner.node).into(),
            owner.epoch.into(),
            after.into(),
            size.into(),
        ];
        page(&self.all(statement, &values).await?, None)
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
            " FROM {runs} FORCE INDEX (runs_open) WHERE finished IS NULL AND node = ? AND epoch <= ? \
             AND (epoch > ? OR (epoch = ? AND id > ?)) ORDER BY epoch, id LIMIT ?"
        );
        let values = [
            (&*owner.node).into(),
            owner.epoch.into(),
            after.0.into(),
            after.0.into(),
            after.1.into(),
            size.into(),
        ];
        page(&self.all(statement, &values).await?, None)
    }
}

/// Returns the runs of rows. Those that cannot be decoded are left out.
fn page(rows: &[MySqlRow], by: Option<&Lease>) -> Result<Page, Error> {
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
