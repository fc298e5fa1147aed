//! Reads the rows that a transaction needs before it decides.

use std::borrow::Cow;
use std::collections::HashSet;

use futures::TryStreamExt;
use punctual_core::RunKey;
use punctual_store::{Error, StoredJob};
use serde::Deserialize;

use super::at::{At, json, parsed};
use super::columns::{self, checked_columns, columns_with, job_columns};
use super::error::failed;
use crate::limits::HEAD_BYTES;
use crate::row::{StateRow, origin_word};
use crate::rows::{Definitions, HeldJob};

impl At<'_> {
    /// Returns the jobs of these births without their definitions. Jobs whose counts cannot be
    /// decoded are left out.
    pub(super) async fn held(&mut self, births: &[u64]) -> Result<Vec<HeldJob>, Error> {
        if births.is_empty() {
            return Ok(Vec::new());
        }
        let births = json(births)?;
        self.held_where("birth IN (SELECT value FROM json_each(?1))", births)
            .await
    }

    /// Returns the jobs of these ids, as `held` does.
    pub(super) async fn held_of_ids(&mut self, ids: &[&str]) -> Result<Vec<HeldJob>, Error> {
        let ids = json(ids)?;
        self.held_where("id IN (SELECT value FROM json_each(?1))", ids)
            .await
    }

    async fn held_where(&mut self, condition: &str, rows: String) -> Result<Vec<HeldJob>, Error> {
        let statement = "SELECT json_group_array(json_array(id, policies_json, \
             statistics_json, entries, json_array(next_run_time, anchor, incarnation, revision, running, \
             queued, token, birth, paused, finished, search_limit, absence))) \
             FROM {p}jobs WHERE {condition}";
        let statement = statement.replace("{condition}", condition);
        let query = sqlx::query(self.prefix.sql(&statement)).bind(rows);
        let rows = self.as_one(query).await?;
        let rows: Vec<HeldRow<'_>> = parsed(&rows)?;
        Ok(rows.into_iter().filter_map(HeldRow::decode).collect())
    }

    /// Returns those of these keys that runs have.
    pub(super) async fn used(&mut self, keys: &[RunKey]) -> Result<Vec<RunKey>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
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

    /// Returns a job by its id, or the reason why it cannot be decoded.
    pub(super) async fn job(
        &mut self,
        id: &str,
    ) -> Result<Option<Result<StoredJob, String>>, Error> {
        let statement = concat!("SELECT ", job_columns!(), " FROM {p}jobs WHERE id = ?1");
        let row = sqlx::query(self.prefix.sql(statement))
            .bind(id)
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(failed)?;
        Ok(row.as_ref().map(columns::stored))
    }

    /// Adds the definitions of these jobs. Those that cannot be decoded are left out.
    pub(super) async fn define(
        &mut self,
        births: impl Iterator<Item = u64>,
        known: &mut Definitions,
    ) -> Result<(), Error> {
        let births: Vec<u64> = births.filter(|birth| !known.contains_key(birth)).collect();
        if births.is_empty() {
            return Ok(());
        }
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
        let jobs = rows.iter().filter_map(|row| columns::stored(row).ok());
        known.extend(jobs.map(|stored| (stored.state.birth, stored.job)));
        Ok(())
    }
}

impl At<'_> {
    /// Returns those of these jobs that can be decoded. A few rows are held in memory at a time.
    pub(super) async fn readable(&mut self, births: &[u64]) -> Result<HashSet<u64>, Error> {
        let mut readable = HashSet::new();
        if births.is_empty() {
            return Ok(readable);
        }
        let statement = concat!(
            "SELECT ",
            checked_columns!(),
            " FROM {p}jobs WHERE birth IN (SELECT value FROM json_each(?2))"
        );
        let mut rows = sqlx::query(self.prefix.sql(statement))
            .bind(HEAD_BYTES as i64)
            .bind(json(births)?)
            .fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            readable.extend(columns::stored(&row).map(|stored| stored.state.birth));
        }
        Ok(readable)
    }
}

#[derive(Deserialize)]
struct HeldRow<'r>(
    #[serde(borrow)] Cow<'r, str>,
    Option<Cow<'r, str>>,
    Option<Cow<'r, str>>,
    i64,
    StateRow<'r>,
);

impl HeldRow<'_> {
    fn decode(self) -> Option<HeldJob> {
        let Self(id, policies, statistics, entries, state) = self;
        HeldJob::read(
            &id,
            policies.as_deref(),
            statistics.as_deref(),
            entries,
            &state,
        )
    }
}
