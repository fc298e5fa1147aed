//! Reads the newest runs of several jobs.

use std::cmp::Reverse;
use std::collections::HashMap;

use punctual_core::Run;
use punctual_store::{Error, RecentRequest};

use super::Inner;
use super::at::json;
use super::columns::{self, run_columns};
use super::error::failed;

/// The newest entries of each of these jobs (`?1`), and all their open runs.
///
/// Each job costs one search in the index of its entries, which are in the order of their numbers,
/// and one in the index of open runs.
pub(super) const RECENT: &str = concat!(
    "WITH asked AS MATERIALIZED (SELECT value AS own FROM json_each(?1)), \
     told(run) AS (SELECT r.id FROM asked CROSS JOIN {p}runs AS r WHERE r.id IN \
     (SELECT id FROM {p}runs INDEXED BY {p}runs_job WHERE job = asked.own \
     ORDER BY id DESC LIMIT ?2) UNION SELECT r.id FROM asked CROSS JOIN {p}runs AS r \
     INDEXED BY {p}runs_of_job ON r.job = asked.own AND r.finished IS NULL) SELECT ",
    run_columns!(),
    " FROM told CROSS JOIN {p}runs WHERE id = told.run"
);

impl Inner {
    pub(super) async fn recent(&self, request: RecentRequest) -> Result<Vec<Run>, Error> {
        let jobs = request.distinct()?;
        let rows = sqlx::query(self.prefix.sql(RECENT))
            .bind(json(&jobs)?)
            .bind(i64::try_from(request.per_job).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.lister().await?)
            .await
            .map_err(failed)?;
        let runs = rows.iter().filter_map(|row| columns::run(row).ok());
        let mut runs: Vec<_> = runs.collect();
        let places = jobs.into_iter().zip(0_usize..);
        let places: HashMap<_, _> = places.collect();
        runs.sort_by_key(|run| (places.get(&run.job).copied(), Reverse(run.id)));
        Ok(runs)
    }
}
