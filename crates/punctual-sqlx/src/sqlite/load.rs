//! What a transaction reads before it decides.

use std::collections::HashMap;
use std::sync::Arc;

use punctual_core::{Job, Policies, RunId, RunKey};
use punctual_store::{Error, Lease, StoredJob};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::columns::{self, job_columns, open_columns};
use super::fault::failed;
use crate::batch::{Counted, OpenRow};
use crate::outcome;
use crate::prefix::Prefix;
use crate::row::{count, key, micros, origin_word};

/// A connection and the names of the tables.
pub(super) struct At<'c> {
    pub(super) connection: &'c mut SqliteConnection,
    pub(super) prefix: &'c Prefix,
}

/// A statement about the rows of its first argument, an array of JSON. Each is taken out once:
/// to name `json_each(?1)` itself would be to write the row out for each of its columns.
macro_rules! with_rows {
    ($statement:literal) => {
        concat!(
            "WITH rows AS MATERIALIZED (SELECT value AS row FROM json_each(?1)) ",
            $statement
        )
    };
}

pub(super) use with_rows;

/// Many values as one: a statement has the same text however many there are.
pub(super) fn json(values: impl Serialize) -> Result<String, Error> {
    serde_json::to_string(&values)
        .map_err(|error| Error::full(format!("a row cannot be written as JSON: {error}")))
}

impl At<'_> {
    /// Counts a counter up and answers where it stands then.
    pub(super) async fn count_up(&mut self, name: &str, by: u64) -> Result<u64, Error> {
        let statement = "UPDATE {p}counters SET value = value + ?2 WHERE name = ?1 RETURNING value";
        let value: i64 = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(name)
            .bind(i64::try_from(by).unwrap_or(i64::MAX))
            .fetch_one(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(value.unsigned_abs())
    }

    /// The jobs of these ids and births, without their definitions. Those whose state cannot be
    /// read are left out.
    pub(super) async fn counted(
        &mut self,
        ids: &[&str],
        births: &[i64],
    ) -> Result<Vec<Counted>, Error> {
        let statement = "SELECT birth, id, policies_json, statistics_json, next_run_time, anchor, \
             incarnation, revision, running, queued, paused, finished, search_limit, absence \
             FROM {p}jobs WHERE id IN (SELECT value FROM json_each(?1)) \
             OR birth IN (SELECT value FROM json_each(?2))";
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(json(ids)?)
            .bind(json(births)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(rows.iter().filter_map(counted).collect())
    }

    /// The open ones of these runs.
    pub(super) async fn open(&mut self, runs: &[RunId]) -> Result<Vec<OpenRow>, Error> {
        let statement = concat!(
            "SELECT ",
            open_columns!(),
            " FROM {p}runs WHERE id IN (SELECT value FROM json_each(?1)) AND finished IS NULL"
        );
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(json(runs)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(open(&rows))
    }

    /// Those of these keys that runs have.
    pub(super) async fn used(&mut self, keys: &[RunKey]) -> Result<Vec<RunKey>, Error> {
        let statement = "SELECT k.key FROM json_each(?1) AS k CROSS JOIN {p}runs AS r \
             ON r.incarnation = (k.value ->> 0) AND r.origin = (k.value ->> 1) \
             AND r.fire_time = (k.value ->> 2)";
        let texts: Vec<_> = keys
            .iter()
            .map(|key| {
                let fire_time = key.fire_time.timestamp_micros();
                (key.incarnation, origin_word(key.origin), fire_time)
            })
            .collect();
        let places: Vec<i64> = sqlx::query_scalar(self.prefix.sql(statement))
            .bind(json(texts)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        let places = places
            .iter()
            .filter_map(|place| usize::try_from(*place).ok());
        Ok(places
            .filter_map(|place| keys.get(place).copied())
            .collect())
    }

    /// The definitions of these jobs, by birth. Those that cannot be read are left out.
    pub(super) async fn definitions(
        &mut self,
        births: &[i64],
    ) -> Result<HashMap<i64, Arc<Job>>, Error> {
        if births.is_empty() {
            return Ok(HashMap::new());
        }
        let jobs = self.stored(births).await?;
        Ok(jobs
            .into_iter()
            .map(|(birth, stored)| (birth, stored.job))
            .collect())
    }

    /// These jobs, by birth. Those that cannot be read are left out.
    pub(super) async fn stored(
        &mut self,
        births: &[i64],
    ) -> Result<HashMap<i64, StoredJob>, Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {p}jobs WHERE birth IN (SELECT value FROM json_each(?1))"
        );
        let rows = sqlx::query(self.prefix.sql(statement))
            .bind(json(births)?)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(failed)?;
        let mut jobs = HashMap::with_capacity(rows.len());
        for row in &rows {
            let birth = columns::birth(row).map_err(failed)?;
            if let Ok(stored) = columns::stored(row) {
                jobs.insert(birth, stored);
            }
        }
        Ok(jobs)
    }
}

fn counted(row: &SqliteRow) -> Option<Counted> {
    let state = columns::state(row, 4).ok()?.decode().ok()?;
    let mut job = Counted::new(row.try_get(0).ok()?, row.try_get(1).ok()?, state);
    job.policies = match row.try_get::<Option<&str>, _>(2) {
        Ok(None) => Some(Policies::default()),
        Ok(Some(policies)) => serde_json::from_str(policies).ok(),
        Err(_) => None,
    };
    job.statistics = row.try_get::<Option<&str>, _>(3).ok().flatten().into();
    Some(job)
}

/// Rows of [`open_columns`]. Those that cannot be read are left out.
pub(super) fn open(rows: &[SqliteRow]) -> Vec<OpenRow> {
    rows.iter().filter_map(open_row).collect()
}

fn open_row(row: &SqliteRow) -> Option<OpenRow> {
    let (incarnation, origin) = (row.try_get(3).ok()?, row.try_get(4).ok()?);
    let owner = row.try_get::<Option<&str>, _>(10).ok()?;
    let epoch = row.try_get::<Option<i64>, _>(11).ok()?;
    Some(OpenRow {
        id: RunId(count("id", row.try_get(0).ok()?).ok()?),
        birth: row.try_get(1).ok()?,
        job: row.try_get::<&str, _>(2).ok()?.into(),
        key: key(incarnation, origin, row.try_get(5).ok()?).ok()?,
        is_queued: row.try_get::<&str, _>(6).ok()? == outcome::QUEUED,
        ends_instance: row.try_get(7).ok()?,
        is_unwanted: row.try_get(8).ok()?,
        reruns: count("reruns", row.try_get(9).ok()?).unwrap_or(u32::MAX),
        owner: Lease {
            node: owner.unwrap_or_default().into(),
            epoch: epoch.unwrap_or(0).unsigned_abs(),
        },
    })
}

/// For statements that compare instants.
pub(super) fn or(instant: Option<chrono::DateTime<chrono::Utc>>, otherwise: i64) -> i64 {
    micros(instant).unwrap_or(otherwise)
}
