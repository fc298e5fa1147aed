//! Reads the jobs that are due soon.

use chrono::{DateTime, Utc};
use punctual_store::{DueCursor, DueJob, DueJobs, DueRequest, Error, KnownTasks};
use sqlx::postgres::PgRow;

use super::Inner;
use super::at::{At, is_text, number};
use super::columns::{self, columns_with, head_columns};
use crate::limits::{HEAD_BYTES, PAGE};
use crate::row::micros;

/// A next fire time and an incarnation, as they are stored.
type StoredCursor = (i64, i64);

const BEGINNING: StoredCursor = (i64::MIN, i64::MIN);

/// The tasks that a request names.
const NAMED: &str = "SELECT unnest($2::text[])";

/// The tasks with a job that waits for a fire time. One step in the index leads from each to the
/// next.
const ALL: &str = "(SELECT min(task) FROM {jobs} WHERE NOT paused AND next_run_time IS NOT NULL \
     AND $2::text[] IS NULL) UNION ALL SELECT (SELECT min(j.task) FROM {jobs} AS j WHERE NOT j.paused \
     AND j.next_run_time IS NOT NULL AND j.task > known.task) FROM known WHERE known.task IS NOT NULL";

/// The first rows of each task, and of those the first of all.
///
/// No task costs more than a page, even if many of its jobs are overdue.
pub(super) const FIRST: &str = concat!(
    "WITH RECURSIVE known(task) AS ({tasks}), soon AS MATERIALIZED \
     (SELECT j.birth AS own, j.next_run_time AS next, j.incarnation AS nth FROM known CROSS JOIN LATERAL \
     (SELECT birth, next_run_time, incarnation FROM {jobs} WHERE task = known.task AND NOT paused \
     AND next_run_time IS NOT NULL AND next_run_time <= $3 \
     AND (next_run_time, incarnation) > ($4, $5) ORDER BY next_run_time, incarnation LIMIT $6) AS j \
     ORDER BY next, nth LIMIT $6) SELECT ",
    head_columns!(),
    " FROM soon JOIN {jobs} ON birth = own ORDER BY next, nth"
);

/// Returns [`FIRST`] about all tasks or about those that a request names.
pub(super) fn first(is_named: bool) -> String {
    FIRST.replace("{tasks}", if is_named { NAMED } else { ALL })
}

impl Inner {
    /// Returns the due jobs. Rows that cannot be decoded are skipped and do not hold up the rest.
    pub(super) async fn due(&self, request: DueRequest) -> Result<DueJobs, Error> {
        let mut line = self.line().await?;
        self.at(&mut line).due(request).await
    }
}

impl At<'_> {
    async fn due(&mut self, request: DueRequest) -> Result<DueJobs, Error> {
        let tasks = request.tasks.as_ref();
        let through = request.through.timestamp_micros();
        let mut place = request.after.map_or(BEGINNING, stored_cursor);
        let mut due = DueJobs::default();
        // One more row shows whether there are more.
        let wanted = request.limit.saturating_add(1);
        while due.jobs.len() < wanted {
            let rows = self.first_due(tasks, through, place, wanted).await?;
            place = end_of(&rows, place)?;
            due.jobs
                .extend(rows.iter().filter_map(|row| columns::head(row).ok()));
            if rows.len() < wanted {
                break;
            }
        }
        due.jobs.truncate(wanted);
        if due.jobs.len() > request.limit {
            due.beyond = due.jobs.pop().and_then(|job| next_of(&job));
            due.next = due.jobs.last().and_then(cursor);
        } else {
            let place = place.max((through, i64::MAX));
            due.beyond = self.beyond(tasks, place).await?;
        }
        due.waiting = self.waiting(tasks, through).await?;
        Ok(due)
    }

    /// Returns the next fire time of the first job after a place.
    async fn beyond(
        &mut self,
        tasks: Option<&KnownTasks>,
        mut place: StoredCursor,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let mut size = 1;
        loop {
            let rows = self.first_due(tasks, i64::MAX, place, size).await?;
            let mut jobs = rows.iter().filter_map(|row| columns::head(row).ok());
            if let Some(job) = jobs.next() {
                return Ok(next_of(&job));
            }
            if rows.len() < size {
                return Ok(None);
            }
            place = end_of(&rows, place)?;
            size = PAGE;
        }
    }

    async fn first_due(
        &mut self,
        tasks: Option<&KnownTasks>,
        through: i64,
        after: StoredCursor,
        size: usize,
    ) -> Result<Vec<PgRow>, Error> {
        let query = self
            .query(&first(tasks.is_some()))
            .bind(HEAD_BYTES as i64)
            .bind(tasks.map(names))
            .bind(through)
            .bind(after.0)
            .bind(after.1)
            .bind(i64::try_from(size).unwrap_or(i64::MAX));
        self.all(query).await
    }
}

/// Returns the names of tasks, each once. There are no jobs of a name that the server does not take.
pub(super) fn names(tasks: &KnownTasks) -> Vec<&str> {
    let names = tasks.iter().map(|task| &**task);
    let names: std::collections::BTreeSet<_> = names.filter(|name| is_text(name)).collect();
    names.into_iter().collect()
}

fn end_of(rows: &[PgRow], otherwise: StoredCursor) -> Result<StoredCursor, Error> {
    let last = rows.last().map(columns::place).transpose()?;
    Ok(last.unwrap_or(otherwise))
}

fn next_of(job: &DueJob) -> Option<DateTime<Utc>> {
    job.stored.state.next_run_time
}

fn cursor(job: &DueJob) -> Option<DueCursor> {
    Some(DueCursor::new(next_of(job)?, job.stored.state.incarnation))
}

fn stored_cursor(cursor: DueCursor) -> StoredCursor {
    let next = micros(Some(cursor.next_run_time));
    (next.unwrap_or(i64::MIN), number(cursor.incarnation))
}
