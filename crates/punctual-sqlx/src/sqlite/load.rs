//! What a transaction reads before it decides.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use punctual_core::{Job, RunId, RunKey};
use punctual_store::{Error, Lease, StoredJob};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row, Sqlite, SqliteConnection};

use super::columns::{self, job_columns, open_columns};
use super::fault::failed;
use crate::batch::{Counted, OpenRow};
use crate::outcome;
use crate::prefix::Prefix;
use crate::row::{StateRow, count, key, micros, origin_word};

pub(super) type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

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

    /// The jobs of these ids and births, without their definitions. Those whose counts cannot be
    /// read are left out.
    pub(super) async fn counted(
        &mut self,
        ids: &[&str],
        births: &[i64],
    ) -> Result<Vec<Counted>, Error> {
        let statement = "SELECT json_group_array(json_array(birth, id, policies_json, \
             statistics_json, json_array(next_run_time, anchor, incarnation, revision, running, \
             queued, paused, finished, search_limit, absence))) \
             FROM {p}jobs WHERE id IN (SELECT value FROM json_each(?1)) \
             OR birth IN (SELECT value FROM json_each(?2))";
        let query = sqlx::query(self.prefix.sql(statement));
        let rows = self
            .as_one(query.bind(json(ids)?).bind(json(births)?))
            .await?;
        let rows: Vec<CountedRow<'_>> = parsed(&rows)?;
        Ok(rows.into_iter().filter_map(CountedRow::decode).collect())
    }

    /// The open ones of these runs.
    pub(super) async fn open(&mut self, runs: &[RunId]) -> Result<Vec<OpenRow>, Error> {
        let statement = concat!(
            "SELECT json_group_array(json_array(",
            open_columns!(),
            ")) FROM {p}runs WHERE id IN (SELECT value FROM json_each(?1)) AND finished IS NULL"
        );
        let query = sqlx::query(self.prefix.sql(statement));
        let rows = self.as_one(query.bind(json(runs)?)).await?;
        open(&rows)
    }

    /// Many rows as one, an array of JSON: each row that the driver hands over is a message
    /// between threads, and each of its columns a copy.
    pub(super) async fn as_one(&mut self, query: Query<'_>) -> Result<String, Error> {
        let row = query
            .fetch_one(&mut *self.connection)
            .await
            .map_err(failed)?;
        // Text that is no Unicode spoils its own row alone.
        let bytes: &[u8] = row.try_get_unchecked(0).map_err(failed)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
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

fn parsed<'r, T: Deserialize<'r>>(rows: &'r str) -> Result<T, Error> {
    serde_json::from_str(rows).map_err(Error::unavailable)
}

#[derive(Deserialize)]
struct CountedRow<'r>(
    i64,
    #[serde(borrow)] Cow<'r, str>,
    Option<Cow<'r, str>>,
    Option<Cow<'r, str>>,
    StateRow<'r>,
);

impl CountedRow<'_> {
    fn decode(self) -> Option<Counted> {
        let Self(birth, id, policies, statistics, state) = self;
        let decoded = state.decode();
        let is_readable = decoded.is_ok();
        let state = decoded.or_else(|_| state.counts()).ok()?;
        let mut job = Counted::new(birth, &id, state);
        if let Some(policies) = policies {
            job.policies = serde_json::from_str(&policies).ok();
        }
        job.policies = job.policies.filter(|_| is_readable);
        job.statistics = statistics.as_deref().into();
        Some(job)
    }
}

/// Of [`open_columns`].
#[derive(Deserialize)]
struct OpenColumns<'r> {
    id: i64,
    birth: i64,
    #[serde(borrow)]
    job: Cow<'r, str>,
    incarnation: i64,
    origin: Cow<'r, str>,
    fire_time: i64,
    state: Cow<'r, str>,
    ends_instance: i64,
    cancel: i64,
    reruns: i64,
    node: Option<Cow<'r, str>>,
    epoch: Option<i64>,
}

/// Rows of [`open_columns`] as one. Those that cannot be read are left out.
pub(super) fn open(rows: &str) -> Result<Vec<OpenRow>, Error> {
    let rows: Vec<OpenColumns<'_>> = parsed(rows)?;
    Ok(rows.into_iter().filter_map(OpenColumns::decode).collect())
}

impl OpenColumns<'_> {
    fn decode(self) -> Option<OpenRow> {
        Some(OpenRow {
            id: RunId(count("id", self.id).ok()?),
            birth: self.birth,
            job: self.job.into(),
            key: key(self.incarnation, &self.origin, self.fire_time).ok()?,
            is_queued: self.state == outcome::QUEUED,
            ends_instance: self.ends_instance != 0,
            is_unwanted: self.cancel != 0,
            reruns: count("reruns", self.reruns).unwrap_or(u32::MAX),
            owner: Lease {
                node: self.node.unwrap_or_default().into(),
                epoch: self.epoch.unwrap_or(0).unsigned_abs(),
            },
        })
    }
}

/// For statements that compare instants.
pub(super) fn or(instant: Option<chrono::DateTime<chrono::Utc>>, otherwise: i64) -> i64 {
    micros(instant).unwrap_or(otherwise)
}
