//! Reads the jobs that are due soon.

use chrono::{DateTime, Utc};
use punctual_store::{DueCursor, DueJob, DueJobs, DueRequest, Error, KnownTasks};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::at::{At, get, number};
use super::columns::{self, columns_with, head_columns};
use crate::limits::{HEAD_BYTES, PAGE};
use crate::row::micros;

/// A next fire time and an incarnation, as they are stored.
type StoredCursor = (i64, i64);

const BEGINNING: StoredCursor = (i64::MIN, i64::MIN);

/// The tasks of jobs. One step in the index leads from each to the next.
const ALL: &str = "SELECT DISTINCT task FROM {jobs} FORCE INDEX (jobs_due)";

/// The first rows of a task after a place, those at its time and those after it.
const OF_TASK: &str = "(SELECT birth AS own, soon AS next_of, incarnation AS nth FROM {jobs} \
     FORCE INDEX (jobs_due) WHERE task = ? AND soon = ? AND incarnation > ? AND soon <= ? \
     ORDER BY soon, incarnation LIMIT ?) UNION ALL (SELECT birth, soon, incarnation FROM {jobs} \
     FORCE INDEX (jobs_due) WHERE task = ? AND soon > ? AND soon <= ? ORDER BY soon, incarnation LIMIT ?)";

/// The first rows of each task, and of those the first of all. The server has no joins that could step
/// from task to task, so each task is a part of the statement.
///
/// No task costs more than a page, even if many of its jobs are overdue.
const FIRST: &str = concat!(
    "SELECT ",
    head_columns!(),
    " FROM (SELECT own, next_of, nth FROM ({selects}) AS every ORDER BY next_of, nth LIMIT ?) AS few \
     STRAIGHT_JOIN {jobs} ON birth = few.own ORDER BY few.next_of, few.nth"
);

/// The most tasks in one statement.
const TASKS: usize = 100;

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
    ) -> Result<Vec<MySqlRow>, Error> {
        let all;
        let names: Vec<&str> = match tasks {
            Some(tasks) => names(tasks),
            None => {
                let rows = self.all(ALL, &[]).await?;
                let read = rows.iter().map(|row| get::<String>(row, 0));
                all = read.collect::<Result<Vec<_>, _>>()?;
                all.iter().map(String::as_str).collect()
            }
        };
        let mut rows = Vec::new();
        for some in names.chunks(TASKS) {
            rows.extend(self.first_of(some, through, after, size).await?);
        }
        if names.len() > TASKS {
            let placed = rows.into_iter().map(|row| Ok((columns::place(&row)?, row)));
            let mut placed = placed.collect::<Result<Vec<_>, Error>>()?;
            placed.sort_by_key(|(place, _)| *place);
            rows = placed.into_iter().map(|(_, row)| row).take(size).collect();
        }
        Ok(rows)
    }

    async fn first_of(
        &mut self,
        tasks: &[&str],
        through: i64,
        after: StoredCursor,
        size: usize,
    ) -> Result<Vec<MySqlRow>, Error> {
        let selects = vec![OF_TASK; tasks.len()].join(" UNION ALL ");
        let mut values = vec![HEAD_BYTES.into(), HEAD_BYTES.into()];
        for task in tasks {
            let (next, nth) = after;
            let at = [
                (*task).into(),
                next.into(),
                nth.into(),
                through.into(),
                size.into(),
            ];
            values.extend(at);
            values.extend([(*task).into(), next.into(), through.into(), size.into()]);
        }
        values.push(size.into());
        self.all(&FIRST.replace("{selects}", &selects), &values)
            .await
    }
}

/// Returns the names of tasks, each once.
pub(super) fn names(tasks: &KnownTasks) -> Vec<&str> {
    let names = tasks.iter().map(|task| &**task);
    let names: std::collections::BTreeSet<_> = names.collect();
    names.into_iter().collect()
}

fn end_of(rows: &[MySqlRow], otherwise: StoredCursor) -> Result<StoredCursor, Error> {
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
