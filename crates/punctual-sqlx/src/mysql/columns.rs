//! The columns of statements, in their order.

use punctual_core::Run;
use punctual_store::{DueJob, Error, LastRun, Lease, StoredJob};
use serde::Deserialize;
use sqlx::mysql::MySqlRow;

use super::at::get;
use crate::row::{JobRow, RunRow, StateRow};
use crate::rows::{HeldJob, HeldRun, OpenRow};

/// The columns of a job that [`job`] reads. `args` is the expression for its arguments.
macro_rules! columns_with {
    ($args:literal) => {
        concat!(
            "id, version, name, task, ",
            $args,
            ", trigger_json, tags_json, executor, policies_json, declared_json, next_run_time, \
             anchor, incarnation, revision, running, queued, token, birth, paused, \
             finished, search_limit, absence"
        )
    };
}

macro_rules! job_columns {
    () => {
        columns_with!("args_json")
    };
}

/// The same columns without long arguments, and whether those are long. The two values are the
/// greatest length that is not long.
macro_rules! head_columns {
    () => {
        concat!(
            columns_with!("CASE WHEN OCTET_LENGTH(args_json) <= ? THEN args_json END"),
            ", COALESCE(OCTET_LENGTH(args_json) > ?, 0)"
        )
    };
}

/// The number of bytes of the definition of a job.
macro_rules! job_bytes {
    () => {
        "OCTET_LENGTH(task) + OCTET_LENGTH(trigger_json) + COALESCE(OCTET_LENGTH(name), 0) \
         + COALESCE(OCTET_LENGTH(args_json), 0) + COALESCE(OCTET_LENGTH(tags_json), 0) \
         + COALESCE(OCTET_LENGTH(policies_json), 0) + COALESCE(OCTET_LENGTH(declared_json), 0)"
    };
}

/// The columns of a run that [`run`] reads.
macro_rules! run_columns {
    () => {
        "id, opened, job, incarnation, origin, fire_time, state, node, started, finished, \
         attempts, result_json, error, range_last, range_count, range_at_least, args_json"
    };
}

/// The columns of a job that [`held_job`] reads.
macro_rules! held_job_columns {
    () => {
        "birth, incarnation, revision, running, queued, token, entries, next_run_time, anchor, \
         paused, finished, search_limit, id, absence, policies_json, statistics_json"
    };
}

/// The columns of an open run that [`open_run`] reads.
macro_rules! open_columns {
    () => {
        "id, birth, incarnation, fire_time, token, due, reruns, attempts, started, ends_instance, \
         epoch, opened, job, origin, state, cancel, error, node, args_json IS NOT NULL"
    };
}

pub(super) use {
    columns_with, head_columns, held_job_columns, job_bytes, job_columns, open_columns, run_columns,
};

const NEXT_RUN_TIME: usize = 10;
const INCARNATION: usize = 12;
const BIRTH: usize = 17;
const IS_HEAD: usize = 22;
const RANK: usize = 22;
const STATISTICS: usize = 23;

pub(super) fn id(row: &MySqlRow) -> Result<&str, Error> {
    get(row, 0)
}

pub(super) fn birth(row: &MySqlRow) -> Result<i64, Error> {
    get(row, BIRTH)
}

/// Returns the place of a row in the order of next fire times.
pub(super) fn place(row: &MySqlRow) -> Result<(i64, i64), Error> {
    Ok((get(row, NEXT_RUN_TIME)?, get(row, INCARNATION)?))
}

/// Returns the rank of the job in an order, which follows [`job_columns`].
pub(super) fn rank(row: &MySqlRow) -> Result<i64, Error> {
    get(row, RANK)
}

/// Returns the last run of the job from its statistics, which follow the rank. Damaged statistics
/// count as empty.
pub(super) fn last_run(row: &MySqlRow) -> Option<LastRun> {
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
pub(super) fn head(row: &MySqlRow) -> Result<DueJob, String> {
    let is_head: i64 = get(row, IS_HEAD).map_err(|error| error.to_string())?;
    Ok(DueJob::new(stored(row)?).is_head(is_head != 0))
}

/// Returns the job of a row of [`job_columns`], or the reason why it cannot be decoded.
pub(super) fn stored(row: &MySqlRow) -> Result<StoredJob, String> {
    job(row).map_err(|error| error.to_string())?.decode()
}

fn job(row: &MySqlRow) -> Result<JobRow<'_>, Error> {
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
        state: StateRow {
            next_run_time: get(row, 10)?,
            anchor: get(row, 11)?,
            incarnation: get(row, 12)?,
            revision: get(row, 13)?,
            running: get(row, 14)?,
            queued: get(row, 15)?,
            token: get(row, 16)?,
            birth: get(row, 17)?,
            paused: get(row, 18)?,
            finished: get(row, 19)?,
            search_limit: get(row, 20)?,
            absence: get::<&str>(row, 21)?.into(),
        },
    })
}

/// Returns the run of a row of [`run_columns`], or the reason why it cannot be decoded.
pub(super) fn run(row: &MySqlRow) -> Result<Run, String> {
    run_row(row).map_err(|error| error.to_string())?.decode()
}

fn run_row(row: &MySqlRow) -> Result<RunRow<'_>, Error> {
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
        range_at_least: get::<i64>(row, 15)? != 0,
        args: get(row, 16)?,
    })
}

/// Returns the job of a row of [`held_job_columns`], unless its counts cannot be decoded.
pub(super) fn held_job(row: &MySqlRow) -> Result<Option<HeldJob>, Error> {
    let state = StateRow {
        birth: get(row, 0)?,
        incarnation: get(row, 1)?,
        revision: get(row, 2)?,
        running: get(row, 3)?,
        queued: get(row, 4)?,
        token: get(row, 5)?,
        next_run_time: get(row, 7)?,
        anchor: get(row, 8)?,
        paused: get(row, 9)?,
        finished: get(row, 10)?,
        search_limit: get(row, 11)?,
        absence: get::<&str>(row, 13)?.into(),
    };
    let entries = get(row, 6)?;
    let (id, policies) = (get(row, 12)?, get(row, 14)?);
    Ok(HeldJob::read(id, policies, get(row, 15)?, entries, &state))
}

/// The epoch and the number of an open run.
pub(super) type OpenPlace = (i64, i64);

/// Returns the run of a row of [`open_columns`] as a node sees it, unless it cannot be decoded, and
/// its place.
pub(super) fn open_run(
    row: &MySqlRow,
    by: Option<&Lease>,
) -> Result<(Option<HeldRun>, OpenPlace), Error> {
    let columns = OpenRow {
        id: get(row, 0)?,
        birth: get(row, 1)?,
        incarnation: get(row, 2)?,
        fire_time: get(row, 3)?,
        token: get(row, 4)?,
        due: get(row, 5)?,
        reruns: get(row, 6)?,
        attempts: get(row, 7)?,
        started: get(row, 8)?,
        ends_instance: get(row, 9)?,
        epoch: get(row, 10)?,
        opened: get(row, 11)?,
        job: get::<&str>(row, 12)?.into(),
        origin: get::<&str>(row, 13)?.into(),
        state: get::<&str>(row, 14)?.into(),
        cancel: get::<Option<&str>>(row, 15)?.map(Into::into),
        error: get::<Option<&str>>(row, 16)?.map(Into::into),
        node: get::<Option<&str>>(row, 17)?.map(Into::into),
        has_args: get(row, 18)?,
    };
    let place = (columns.epoch.unwrap_or(0), columns.id);
    Ok((columns.decode(by), place))
}
