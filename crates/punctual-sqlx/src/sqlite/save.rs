//! What a transaction writes once it has decided.

use punctual_store::{Error, Lease};

use super::fault::failed;
use super::load::{At, json, with_rows};
use crate::outcome;
use crate::row::micros;
use crate::rows::{Held, HeldJob};

/// Some run had the key of a new one already; nothing was written.
pub(super) struct KeyUsed;

impl At<'_> {
    /// Writes what became of rows that a node, or none, has asked about.
    pub(super) async fn save(
        &mut self,
        held: &Held,
        by: Option<&Lease>,
    ) -> Result<Result<(), KeyUsed>, Error> {
        if self.save_opened(held, by).await?.is_err() {
            return Ok(Err(KeyUsed));
        }
        self.save_attempts(held).await?;
        self.save_changed(held, by).await?;
        self.save_ended(held).await?;
        self.save_moved(held).await?;
        self.save_counted(held).await?;
        let gone: Vec<_> = held.gone().map(|job| job.state.birth).collect();
        let token = held.gone().map(|job| job.state.token).max();
        self.delete(&gone, token.unwrap_or(0)).await?;
        self.save_numbers(held).await?;
        Ok(Ok(()))
    }

    /// Counts on how many runs were numbered, and how many ends.
    async fn save_numbers(&mut self, held: &Held) -> Result<(), Error> {
        let (number, ends) = (held.last_number(), held.ends());
        if number.is_none() && ends == 0 {
            return Ok(());
        }
        let statement = "UPDATE {p}counters SET value = CASE name WHEN 'run' \
             THEN max(value, ?1) ELSE value + ?2 END WHERE name IN ('run', 'end')";
        sqlx::query(self.prefix.sql(statement))
            .bind(number.unwrap_or(0) as i64)
            .bind(ends as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    pub(super) async fn write(&mut self, statement: &str, rows: String) -> Result<(), sqlx::Error> {
        sqlx::query(self.prefix.sql(statement))
            .bind(rows)
            .execute(&mut *self.connection)
            .await
            .map(drop)
    }

    async fn set_counter(&mut self, name: &str, value: u64) -> Result<(), Error> {
        let statement = "UPDATE {p}counters SET value = max(value, ?2) WHERE name = ?1";
        sqlx::query(self.prefix.sql(statement))
            .bind(name)
            .bind(value as i64)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn save_moved(&mut self, held: &Held) -> Result<(), Error> {
        let stays = |job: &&HeldJob| !job.is_gone && job.has_moved;
        let rows: Vec<_> = held
            .jobs
            .iter()
            .filter(stays)
            .map(|job| {
                let state = &job.state;
                let next = micros(state.next_run_time);
                let flags = (state.finished, state.search_limit);
                let absence = outcome::absence_word(state.absence);
                let statistics = job.statistics_text();
                let counts = (state.running, state.queued, state.token, job.entries);
                let schedule = (state.revision, next, flags.0, flags.1, absence);
                (state.birth, counts, statistics, schedule)
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "UPDATE {p}jobs SET running = row ->> '$[1][0]', queued = row ->> '$[1][1]', \
             token = row ->> '$[1][2]', entries = row ->> '$[1][3]', \
             statistics_json = coalesce(row ->> 2, statistics_json), \
             revision = row ->> '$[3][0]', next_run_time = row ->> '$[3][1]', \
             finished = row ->> '$[3][2]', search_limit = row ->> '$[3][3]', \
             absence = row ->> '$[3][4]' FROM rows WHERE {p}jobs.birth = (row ->> 0)"
        );
        self.write(statement, json(rows)?).await.map_err(failed)
    }

    async fn save_counted(&mut self, held: &Held) -> Result<(), Error> {
        let stays = |job: &&HeldJob| !job.is_gone && job.has_counted && !job.has_moved;
        let rows: Vec<_> = held
            .jobs
            .iter()
            .filter(stays)
            .map(|job| {
                let state = &job.state;
                let counts = (state.running, state.queued, state.token, job.entries);
                (state.birth, counts, job.statistics_text())
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "UPDATE {p}jobs SET running = row ->> '$[1][0]', queued = row ->> '$[1][1]', \
             token = row ->> '$[1][2]', entries = row ->> '$[1][3]', \
             statistics_json = coalesce(row ->> 2, statistics_json) FROM rows WHERE {p}jobs.birth = (row ->> 0)"
        );
        self.write(statement, json(rows)?).await.map_err(failed)
    }

    /// Takes jobs out, whose greatest token is given. Their ids may come again: tokens begin above all
    /// that they gave out.
    pub(super) async fn delete(&mut self, births: &[u64], token: u64) -> Result<(), Error> {
        if births.is_empty() {
            return Ok(());
        }
        self.set_counter("token", token).await?;
        let statement = "DELETE FROM {p}jobs WHERE birth IN (SELECT value FROM json_each(?1))";
        self.write(statement, json(births)?).await.map_err(failed)
    }
}
