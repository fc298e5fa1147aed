//! Compares counts with the runs that they count.

use punctual_core::JobId;
use punctual_store::{Drift, Error, RecountRequest, Recounted};
use sqlx::postgres::PgRow;

use super::Inner;
use super::at::{At, get, numbers};
use crate::rows::Definitions;

/// The first jobs after an id, which are locked.
const JOBS: &str = "SELECT birth FROM {jobs} WHERE id > $1 ORDER BY id LIMIT $2";

/// The counts of some jobs (`$1`), as in their rows and as of their open runs.
const COUNTS: &str = "SELECT j.id, j.birth, j.token, j.running, j.queued, j.finished, \
     (SELECT count(*) FROM {runs} AS r WHERE r.job = j.id AND r.birth = j.birth \
     AND r.finished IS NULL AND r.ends_instance AND r.state <> 'queued'), \
     (SELECT count(*) FROM {runs} AS r WHERE r.job = j.id AND r.birth = j.birth \
     AND r.finished IS NULL AND r.ends_instance AND r.state = 'queued') \
     FROM {jobs} AS j WHERE j.birth = ANY ($1) ORDER BY j.id";

struct Counts {
    id: String,
    birth: i64,
    token: i64,
    counted: (i64, i64),
    is_finished: bool,
    open: (i64, i64),
}

impl Counts {
    fn read(row: &PgRow) -> Result<Self, Error> {
        Ok(Self {
            id: get(row, 0)?,
            birth: get(row, 1)?,
            token: get(row, 2)?,
            counted: (get(row, 3)?, get(row, 4)?),
            is_finished: get(row, 5)?,
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
        let query = at.query(JOBS).bind(after);
        let query = query.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = at.all(query).await?;
        let births = rows.iter().map(|row| get::<i64>(row, 0));
        let births: Vec<_> = births.collect::<Result<_, _>>()?;
        let births: Vec<_> = births.into_iter().map(i64::unsigned_abs).collect();
        // The runs are counted by a statement that begins after the locks were taken.
        at.lock_jobs(&births, &[]).await?;
        let query = at.query(COUNTS).bind(numbers(births));
        let counts = at.all(query).await?;
        let counts: Vec<_> = counts.iter().map(Counts::read).collect::<Result<_, _>>()?;
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
        self.tell().await;
        Ok(recounted)
    }
}

impl At<'_> {
    async fn mend(&mut self, wrong: &[&Counts]) -> Result<(), Error> {
        let statement = "UPDATE {jobs} AS j SET running = r.running, queued = r.queued, \
             edit = pg_current_xact_id()::text::bigint \
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r(birth, running, queued) \
             WHERE j.birth = r.birth";
        let column = |of: fn(&Counts) -> i64| wrong.iter().map(|row| of(row)).collect::<Vec<_>>();
        let query = self
            .query(statement)
            .bind(column(|row| row.birth))
            .bind(column(|row| row.open.0))
            .bind(column(|row| row.open.1));
        self.execute(query).await?;
        // Jobs that only wrong counts have kept leave now, unless they cannot be decoded.
        let over = wrong.iter().filter(|row| row.is_over());
        let over: Vec<_> = over.map(|row| row.birth.unsigned_abs()).collect();
        if over.is_empty() {
            return Ok(());
        }
        let mut readable = Definitions::new();
        self.define(over.into_iter(), &mut readable).await?;
        let token = wrong.iter().map(|row| row.token).max();
        self.delete(
            readable.into_keys().collect(),
            token.unwrap_or(0).max(0).unsigned_abs(),
        )
        .await?;
        self.note_removal().await
    }
}
