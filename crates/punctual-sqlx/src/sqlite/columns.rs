//! Columns in the order in which statements ask for them.

use punctual_core::Run;
use punctual_store::StoredJob;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Error, Row, Sqlite, Type};

use crate::row::{JobRow, RunRow, StateRow};

/// All of a job that [`job`] reads, then its birth.
macro_rules! job_columns {
    () => {
        "id, version, name, task, args_json, trigger_json, tags_json, executor, policies_json, \
         declared_json, next_run_time, anchor, incarnation, revision, running, queued, paused, \
         finished, search_limit, absence, birth"
    };
}

/// All of a run that [`run`] reads.
macro_rules! run_columns {
    () => {
        "id, job, incarnation, origin, fire_time, state, node, started, finished, attempts, \
         result_json, error, range_last, range_count, range_at_least"
    };
}

/// All of an open run that [`open`](super::load::open) reads, by place.
macro_rules! open_columns {
    () => {
        "id, birth, job, incarnation, origin, fire_time, state, ends_instance, cancel, reruns, \
         node, epoch"
    };
}

pub(super) use {job_columns, open_columns, run_columns};

const BIRTH: usize = 20;

fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    index: usize,
) -> Result<T, Error> {
    row.try_get(index)
}

pub(super) fn birth(row: &SqliteRow) -> Result<i64, Error> {
    get(row, BIRTH)
}

/// The job of a row of [`job_columns`], or why it cannot be understood.
pub(super) fn stored(row: &SqliteRow) -> Result<StoredJob, String> {
    job(row).map_err(|error| error.to_string())?.decode()
}

/// Its id, whatever else is wrong with the row.
pub(super) fn id(row: &SqliteRow) -> String {
    let bytes: &[u8] = row.try_get_unchecked(0).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

fn job(row: &SqliteRow) -> Result<JobRow<'_>, Error> {
    Ok(JobRow {
        id: get(row, 0)?,
        version: get(row, 1)?,
        name: get(row, 2)?,
        task: get(row, 3)?,
        args: get(row, 4)?,
        trigger: get(row, 5)?,
        tags: get(row, 6)?,
        executor: get(row, 7)?,
        policies: get(row, 8)?,
        declared: get(row, 9)?,
        state: state(row, 10)?,
    })
}

/// How a job stands, from this column on.
pub(super) fn state(row: &SqliteRow, from: usize) -> Result<StateRow<'_>, Error> {
    Ok(StateRow {
        next_run_time: get(row, from)?,
        anchor: get(row, from + 1)?,
        incarnation: get(row, from + 2)?,
        revision: get(row, from + 3)?,
        running: get(row, from + 4)?,
        queued: get(row, from + 5)?,
        paused: get(row, from + 6)?,
        finished: get(row, from + 7)?,
        search_limit: get(row, from + 8)?,
        absence: get::<&str>(row, from + 9)?.into(),
    })
}

/// The run of a row of [`run_columns`], or why it cannot be understood.
pub(super) fn run(row: &SqliteRow) -> Result<Run, String> {
    run_row(row).map_err(|error| error.to_string())?.decode()
}

fn run_row(row: &SqliteRow) -> Result<RunRow<'_>, Error> {
    Ok(RunRow {
        id: get(row, 0)?,
        job: get(row, 1)?,
        incarnation: get(row, 2)?,
        origin: get(row, 3)?,
        fire_time: get(row, 4)?,
        state: get(row, 5)?,
        node: get(row, 6)?,
        started: get(row, 7)?,
        finished: get(row, 8)?,
        attempts: get(row, 9)?,
        result: get(row, 10)?,
        error: get(row, 11)?,
        range_last: get(row, 12)?,
        range_count: get(row, 13)?,
        range_at_least: get(row, 14)?,
    })
}
