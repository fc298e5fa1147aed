//! The columns of statements, in their order.

use punctual_core::Run;
use punctual_store::{DueJob, LastRun, StoredJob};
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Error, Row, Sqlite, Type};

use crate::row::{JobRow, RunRow, StateRow};

/// The columns of a job that [`job`] reads, with its birth. `args` is the expression for its
/// arguments.
macro_rules! columns_with {
    ($args:literal) => {
        concat!(
            "id, version, name, task, ",
            $args,
            ", trigger_json, tags_json, executor, policies_json, declared_json, next_run_time, \
             anchor, incarnation, revision, running, queued, token, birth, paused, finished, \
             search_limit, absence"
        )
    };
}

macro_rules! job_columns {
    () => {
        columns_with!("args_json")
    };
}

/// The same columns without long arguments, and whether those are long. `?1` is the greatest length
/// that is not long.
macro_rules! head_columns {
    () => {
        concat!(
            columns_with!("CASE WHEN octet_length(args_json) <= ?1 THEN args_json END"),
            ", coalesce(octet_length(args_json) > ?1, 0)"
        )
    };
}

/// The same columns without long arguments, unless SQLite finds that they are not valid JSON. The
/// reader therefore still finds whether a job can be decoded. `?1` is the greatest length that is
/// not long.
macro_rules! checked_columns {
    () => {
        columns_with!(
            "CASE WHEN octet_length(args_json) <= ?1 OR NOT json_valid(args_json) THEN args_json END"
        )
    };
}

/// The number of bytes of the definition of a job.
macro_rules! job_bytes {
    () => {
        "octet_length(task) + octet_length(trigger_json) + coalesce(octet_length(name), 0) \
         + coalesce(octet_length(args_json), 0) + coalesce(octet_length(tags_json), 0) \
         + coalesce(octet_length(policies_json), 0) + coalesce(octet_length(declared_json), 0)"
    };
}

/// The columns of a run that [`run`] reads.
macro_rules! run_columns {
    () => {
        "id, opened, job, incarnation, origin, fire_time, state, node, started, finished, \
         attempts, result_json, error, range_last, range_count, range_at_least, args_json"
    };
}

/// The columns of an open run that [`open_runs`](super::open_runs::rows) reads, by place.
macro_rules! open_columns {
    () => {
        "id, birth, job, incarnation, origin, fire_time, token, state, due, ends_instance, \
         cancel, reruns, attempts, started, error, node, epoch, opened, args_json IS NOT NULL"
    };
}

pub(super) use {
    checked_columns, columns_with, head_columns, job_bytes, job_columns, open_columns, run_columns,
};

const NEXT_RUN_TIME: usize = 10;
const INCARNATION: usize = 12;
const BIRTH: usize = 17;
const IS_HEAD: usize = 22;
const RANK: usize = 22;
const STATISTICS: usize = 23;

fn get<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(
    row: &'r SqliteRow,
    index: usize,
) -> Result<T, Error> {
    row.try_get(index)
}

pub(super) fn birth(row: &SqliteRow) -> Result<i64, Error> {
    get(row, BIRTH)
}

/// Returns the place of a row in the order of next fire times.
pub(super) fn place(row: &SqliteRow) -> Result<(i64, i64), Error> {
    Ok((get(row, NEXT_RUN_TIME)?, get(row, INCARNATION)?))
}

/// Returns the rank of the job in an order, which follows [`job_columns`].
pub(super) fn rank(row: &SqliteRow) -> Result<i64, Error> {
    get(row, RANK)
}

/// Returns the last run of the job from its statistics, which follow the rank. Damaged statistics
/// count as empty.
pub(super) fn last_run(row: &SqliteRow) -> Option<LastRun> {
    let json: Option<&str> = get(row, STATISTICS).ok()?;
    let statistics: LastOf = serde_json::from_str(json?).ok()?;
    statistics.last_run
}

/// The part of the statistics of a job that lists show.
#[derive(Deserialize)]
struct LastOf {
    last_run: Option<LastRun>,
}

/// Returns the job of a row of [`head_columns`], or the reason why it cannot be decoded.
pub(super) fn head(row: &SqliteRow) -> Result<DueJob, String> {
    let is_head = get(row, IS_HEAD).map_err(|error| error.to_string())?;
    Ok(DueJob::new(stored(row)?).is_head(is_head))
}

/// Returns the job of a row of [`job_columns`], or the reason why it cannot be decoded.
pub(super) fn stored(row: &SqliteRow) -> Result<StoredJob, String> {
    job(row).map_err(|error| error.to_string())?.decode()
}

/// Returns the id, even if the rest of the row cannot be decoded.
pub(super) fn id(row: &SqliteRow) -> String {
    String::from_utf8_lossy(id_bytes(row)).into_owned()
}

/// Returns the id as it is stored, which may not be valid Unicode.
pub(super) fn id_bytes(row: &SqliteRow) -> &[u8] {
    row.try_get_unchecked(0).unwrap_or_default()
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

/// Returns the state of a job, from this column on.
fn state(row: &SqliteRow, from: usize) -> Result<StateRow<'_>, Error> {
    Ok(StateRow {
        next_run_time: get(row, from)?,
        anchor: get(row, from + 1)?,
        incarnation: get(row, from + 2)?,
        revision: get(row, from + 3)?,
        running: get(row, from + 4)?,
        queued: get(row, from + 5)?,
        token: get(row, from + 6)?,
        birth: get(row, from + 7)?,
        paused: get(row, from + 8)?,
        finished: get(row, from + 9)?,
        search_limit: get(row, from + 10)?,
        absence: get::<&str>(row, from + 11)?.into(),
    })
}

/// Returns the run of a row of [`run_columns`], or the reason why it cannot be decoded.
pub(super) fn run(row: &SqliteRow) -> Result<Run, String> {
    run_row(row).map_err(|error| error.to_string())?.decode()
}

fn run_row(row: &SqliteRow) -> Result<RunRow<'_>, Error> {
    Ok(RunRow {
        id: get(row, 0)?,
        opened: get(row, 1)?,
        job: get(row, 2)?,
        incarnation: get(row, 3)?,
        origin: get(row, 4)?,
        fire_time: get(row, 5)?,
        state: get(row, 6)?,
        node: get(row, 7)?,
        started: get(row, 8)?,
        finished: get(row, 9)?,
        attempts: get(row, 10)?,
        result: get(row, 11)?,
        error: get(row, 12)?,
        range_last: get(row, 13)?,
        range_count: get(row, 14)?,
        range_at_least: get(row, 15)?,
        args: get(row, 16)?,
    })
}
