//! Compares counts with the runs that they count.

use punctual_core::JobId;
use punctual_store::{Drift, Error, RecountRequest, Recounted};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::at::{At, get};
use super::batch_read::numbers;
use crate::rows::Definitions;

/// The first jobs after an id, which are locked.
const JOBS: &str = "SELECT birth FROM {jobs} WHERE id > ? ORDER BY id LIMIT ?";

/// The counts of some jobs, as in their rows and as of their open runs.
const COUNTS: &str = "SELECT j.id, j.birth, j.token, j.running, j.queued, j.finished, \
     (SELECT COUNT(*) FROM {runs} AS r FORCE INDEX (runs_of_job) WHERE r.finished IS NULL \
     AND r.job = j.id AND r.birth = j.birth AND r.ends_instance = 1 AND r.state <> 'queued'), \
     (SELECT COUNT(*) FROM {runs} AS r FORCE INDEX (runs_of_job) WHERE r.finished IS NULL \
     AND r.job = j.id AND r.birth = j.birth AND r.ends_instance = 1 AND r.state = 'queued') \
     FROM {jobs} AS j WHERE j.birth IN (?)";

struct Counts {
    id: String,
    birth: i64,
    token: i64,
    counted: (i64, i64),
    is_finished: bool,
    open: (i64, i64),
}

impl Counts {
    fn read(row: &MySqlRow) -> Result<Self, Error> {
        Ok(Self {
            id: get(row, 0)?,
            birth: get(row, 1)?,
            token: get(row, 2)?,
            counted: (get(row, 3)?, get(row, 4)?),
            is_finished: get::<i64>(row, 5)? != 0,
            open: (get(row, 6)?, get(row, 7)?),
        })
    }

    fn is_wrong(&self) -> bool {
        self.counted != self.open
    }

    /// Returns true if the job has nothing left to do.
    fn is_over(&self) -> bool {
        self.is_finished && self.open == (0, 0)
    }

    fn drift(&self) -> Option<Drift> {
        // A count below zero is wrong and shown as 0.
        let told = |count: i64| u32::try_from(count.max(0)).unwrap_or(u32::MAX);
        let both = |(running, queued)| (told(running), told(queued));
        let id = JobId::new(&self.id).ok()?;
        Some(Drift::new(id, both(self.counted), both(self.open)))
    }
}

impl Inner {
    pub(super) async fn recount(&self, request: &RecountRequest) -> Result<Recounted, Error> {
        let mut line = self.begin().await?;
        let mut at = self.at(&mut line);
        let after = request.after.as_ref().map_or("", JobId::as_str);
        let limit = request.limit.max(1);
        let rows = at.all(JOBS, &[after.into(), limit.into()]).await?;
        let births = rows.iter().map(|row| get::<i64>(row, 0));
        let births: Vec<_> = births.collect::<Result<_, _>>()?;
        let births: Vec<_> = births.into_iter().map(i64::unsigned_abs).collect();
        // The runs are counted by a statement that begins after the locks were taken.
        at.lock_jobs(&births).await?;
        let counts = at.all_in(COUNTS, &numbers(births)).await?;
        let mut counts: Vec<_> = counts.iter().map(Counts::read).collect::<Result<_, _>>()?;
        counts.sort_by(|one, other| one.id.cmp(&other.id));
        let last = counts.iter().rev().find_map(|row| JobId::new(&row.id).ok());
        let next = last.filter(|_| rows.len() == limit);
        let wrong: Vec<_> = counts.iter().filter(|row| row.is_wrong()).collect();
        let mended = wrong.iter().filter_map(|row| row.drift());
        let recounted = Recounted::new(mended.collect()).next(next);
        if wrong.is_empty() {
            line.commit().await?;
            return Ok(recounted);
        }
        at.mend(&wrong).await?;
        line.commit().await?;
        self.tell();
        Ok(recounted)
    }
}

impl At<'_> {
    async fn mend(&mut self, wrong: &[&Counts]) -> Result<(), Error> {
        let edit = self.edit().await?;
        let statement = "UPDATE {jobs} SET running = ?, queued = ?, edit = ? WHERE birth = ?";
        let set = |row: &&Counts| {
            let (running, queued) = row.open;
            let values = [running.into(), queued.into(), edit.into(), row.birth.into()];
            self.text(statement, &values)
        };
        let statements = wrong.iter().map(set).collect();
        self.run(statements).await?;
        // Jobs that only wrong counts have kept leave now, unless they cannot be decoded.
        let over = wrong.iter().filter(|row| row.is_over());
        let over: Vec<_> = over.map(|row| row.birth.unsigned_abs()).collect();
        if over.is_empty() {
            return Ok(());
        }
        let mut readable = Definitions::new();
        self.define(over.into_iter(), &mut readable).await?;
        let token = wrong.iter().map(|row| row.token).max();
        let token = token.unwrap_or(0).max(0).unsigned_abs();
        self.delete(&readable.into_keys().collect(), token).await
    }
}
