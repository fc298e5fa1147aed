//! Reads the newest runs of several jobs.

use std::cmp::Reverse;
use std::collections::HashMap;

use punctual_core::Run;
use punctual_store::{Error, RecentRequest};

use super::Inner;
use super::columns::{self, run_columns};

/// The newest entries of a job, which are in the order of their numbers, and all its open runs.
const OF_JOB: &str = "(SELECT id AS own FROM {runs} FORCE INDEX (runs_job) WHERE job = ? \
     ORDER BY id DESC LIMIT ?) UNION ALL (SELECT id FROM {runs} FORCE INDEX (runs_of_job) \
     WHERE finished IS NULL AND job = ?)";

const RECENT: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM (SELECT DISTINCT own FROM ({selects}) AS every) AS told STRAIGHT_JOIN {runs} ON id = told.own"
);

/// The most jobs in one statement.
const JOBS: usize = 50;

impl Inner {
    pub(super) async fn recent(&self, request: RecentRequest) -> Result<Vec<Run>, Error> {
        let jobs = request.distinct()?;
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
        let mut rows = Vec::new();
        for some in jobs.chunks(JOBS) {
            let selects = vec![OF_JOB; some.len()].join(" UNION ALL ");
            let values = some.iter().flat_map(|id| {
                let id = id.as_str();
                [id.into(), request.per_job.into(), id.into()]
            });
            let values: Vec<_> = values.collect();
            let statement = RECENT.replace("{selects}", &selects);
            rows.extend(at.all(&statement, &values).await?);
        }
        let runs = rows.iter().filter_map(|row| columns::run(row).ok());
        let mut runs: Vec<_> = runs.collect();
        let places = jobs.into_iter().zip(0_usize..);
        let places: HashMap<_, _> = places.collect();
        runs.sort_by_key(|run| (places.get(&run.job).copied(), Reverse(run.id)));
        Ok(runs)
    }
}
