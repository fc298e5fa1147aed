//! Reads the newest runs of several jobs.

use std::cmp::Reverse;
use std::collections::HashMap;

use punctual_core::Run;
use punctual_store::{Error, RecentRequest};

use super::Inner;
use super::columns::{self, run_columns};

/// The newest entries of each of these jobs (`$1`), and all their open runs.
///
/// Each job costs one search in the index of its entries, which are in the order of their numbers,
/// and one in the index of open runs.
pub(super) const RECENT: &str = concat!(
    "WITH asked AS MATERIALIZED (SELECT unnest($1::text[]) AS own), \
     told AS MATERIALIZED (SELECT r.id AS run FROM asked CROSS JOIN LATERAL (SELECT id FROM {runs} \
     WHERE job = asked.own ORDER BY id DESC LIMIT $2) AS r UNION SELECT r.id FROM asked \
     JOIN {runs} AS r ON r.job = asked.own AND r.finished IS NULL) SELECT ",
    run_columns!(),
    " FROM told JOIN {runs} ON id = told.run"
);

impl Inner {
    pub(super) async fn recent(&self, request: RecentRequest) -> Result<Vec<Run>, Error> {
        let jobs = request.distinct()?;
        let ids: Vec<_> = jobs.iter().map(|id| id.as_str()).collect();
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
        let query = at.query(RECENT).bind(ids);
        let query = query.bind(i64::try_from(request.per_job).unwrap_or(i64::MAX));
        let rows = at.all(query).await?;
        let runs = rows.iter().filter_map(|row| columns::run(row).ok());
        let mut runs: Vec<_> = runs.collect();
        let places = jobs.into_iter().zip(0_usize..);
        let places: HashMap<_, _> = places.collect();
        runs.sort_by_key(|run| (places.get(&run.job).copied(), Reverse(run.id)));
        Ok(runs)
    }
}
