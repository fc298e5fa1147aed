//! Reads the jobs that are due soon.

use chrono::{DateTime, Utc};
use punctual_store::{DueCursor, DueJob, DueJobs, DueRequest, Error, KnownTasks};
use sqlx::sqlite::SqliteRow;

use super::Inner;
use super::at::json;
use super::columns::{self, columns_with, head_columns};
use super::error::failed;
use crate::limits::{HEAD_BYTES, PAGE};
use crate::row::micros;

/// A next fire time and an incarnation, as they are stored.
type StoredCursor = (i64, i64);

const BEGINNING: StoredCursor = (i64::MIN, i64::MIN);

/// The tasks that a request names.
const NAMED: &str = "SELECT value FROM json_each(?2)";

/// The tasks with a job that waits for a fire time. One step in the index leads from each to the
/// next.
const ALL: &str = "SELECT min(task) FROM {p}jobs INDEXED BY {p}jobs_due WHERE paused = 0 \
     AND next_run_time IS NOT NULL UNION ALL SELECT (SELECT min(task) FROM {p}jobs \
     INDEXED BY {p}jobs_due WHERE paused = 0 AND next_run_time IS NOT NULL AND task > known.task) \
     FROM known WHERE known.task IS NOT NULL";

/// The first rows of each task, and of those the first of all.
///
/// No task costs more than a page, even if many of its jobs are overdue. The rows come in their
/// order although they are not sorted again, which would copy them.
const FIRST: &str = concat!(
    "WITH RECURSIVE known(task) AS ({tasks}), some(own) AS MATERIALIZED \
     (SELECT j.birth FROM known CROSS JOIN {p}jobs AS j WHERE j.birth IN \
     (SELECT birth FROM {p}jobs INDEXED BY {p}jobs_due WHERE task = known.task AND paused = 0 \
     AND next_run_time IS NOT NULL AND next_run_time <= ?3 \
     AND (next_run_time, incarnation) > (?4, ?5) ORDER BY next_run_time, incarnation LIMIT ?6) \
     ORDER BY j.next_run_time, j.incarnation LIMIT ?6) SELECT ",
    head_columns!(),
    " FROM some CROSS JOIN {p}jobs WHERE birth = some.own"
);

impl Inner {
    /// Returns the due jobs. Rows that cannot be decoded are skipped and do not hold up the rest.
    pub(super) async fn due(&self, request: DueRequest) -> Result<DueJobs, Error> {
        let through = request.through.timestamp_micros();
        let mut place = request.after.map_or(BEGINNING, stored_cursor);
        let mut due = DueJobs::default();
        // One more row shows whether there are more.
        let wanted = request.limit.saturating_add(1);
        while due.jobs.len() < wanted {
            let rows = self
                .first(request.tasks.as_ref(), through, place, wanted)
                .await?;
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
            due.beyond = self.beyond(request.tasks.as_ref(), place).await?;
        }
        due.waiting = self.waiting(request.tasks.as_ref(), through).await?;
        Ok(due)
    }

    /// Returns the next fire time of the first job after a place.
    async fn beyond(
        &self,
        tasks: Option<&KnownTasks>,
        mut place: StoredCursor,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let mut size = 1;
        loop {
            let rows = self.first(tasks, i64::MAX, place, size).await?;
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

    async fn first(
        &self,
        tasks: Option<&KnownTasks>,
        through: i64,
        after: StoredCursor,
        size: usize,
    ) -> Result<Vec<SqliteRow>, Error> {
        let statement = FIRST.replace("{tasks}", if tasks.is_some() { NAMED } else { ALL });
        let rows = sqlx::query(self.prefix.sql(&statement))
            .bind(HEAD_BYTES as i64)
            .bind(tasks.map(names).transpose()?)
            .bind(through)
            .bind(after.0)
            .bind(after.1)
            .bind(i64::try_from(size).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(failed)?;
        sorted(rows)
    }
}

/// Returns rows in the order of their places. SQLite need not keep the order of an inner query, but
/// does.
fn sorted(rows: Vec<SqliteRow>) -> Result<Vec<SqliteRow>, Error> {
    let placed = rows.into_iter().map(|row| Ok((columns::place(&row)?, row)));
    let mut placed: Vec<_> = placed.collect::<Result<_, _>>().map_err(failed)?;
    placed.sort_by_key(|(place, _)| *place);
    Ok(placed.into_iter().map(|(_, row)| row).collect())
}

/// Returns the names of tasks as one value, each once.
pub(super) fn names(tasks: &KnownTasks) -> Result<String, Error> {
    let names: std::collections::BTreeSet<&str> = tasks.iter().map(|task| &**task).collect();
    json(names)
}

fn end_of(rows: &[SqliteRow], otherwise: StoredCursor) -> Result<StoredCursor, Error> {
    let last = rows.last().map(columns::place);
    Ok(last.transpose().map_err(failed)?.unwrap_or(otherwise))
}

fn next_of(job: &DueJob) -> Option<DateTime<Utc>> {
    job.stored.state.next_run_time
}

fn cursor(job: &DueJob) -> Option<DueCursor> {
    Some(DueCursor::new(next_of(job)?, job.stored.state.incarnation))
}

fn stored_cursor(cursor: DueCursor) -> StoredCursor {
    let next = micros(Some(cursor.next_run_time));
    let incarnation = i64::try_from(cursor.incarnation).unwrap_or(i64::MAX);
    (next.unwrap_or(i64::MIN), incarnation)
}
