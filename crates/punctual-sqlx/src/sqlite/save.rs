//! What a transaction writes once it has decided.

use punctual_store::Error;

use super::fault::{failed, is_conflict};
use super::load::{At, json, with_rows};
use crate::batch::{Batch, Counted, NewRun};
use crate::outcome;
use crate::row::{micros, origin_word};

/// Who opens runs.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) node: &'a str,
    pub(super) epoch: u64,
}

/// Some run had the key of a new one already; nothing was written of the new ones.
pub(super) struct KeyUsed;

impl At<'_> {
    /// Writes what became of a batch.
    pub(super) async fn save(
        &mut self,
        batch: &Batch,
        owner: Option<Owner<'_>>,
    ) -> Result<Result<(), KeyUsed>, Error> {
        self.save_ends(batch).await?;
        self.save_promoted(batch).await?;
        if self.save_opened(&batch.opened, owner).await?.is_err() {
            return Ok(Err(KeyUsed));
        }
        let stays = |job: &&Counted| !job.is_gone;
        let moved = batch.jobs.iter().filter(stays).filter(|job| job.has_moved);
        self.save_moved(moved).await?;
        let counted = |job: &&Counted| job.has_counted && !job.has_moved;
        self.save_counted(batch.jobs.iter().filter(stays).filter(counted))
            .await?;
        let gone = batch.jobs.iter().filter(|job| job.is_gone);
        let gone: Vec<i64> = gone.map(|job| job.birth).collect();
        self.delete(&gone).await?;
        Ok(Ok(()))
    }

    async fn write(&mut self, statement: &str, rows: String) -> Result<(), sqlx::Error> {
        sqlx::query(self.prefix.sql(statement))
            .bind(rows)
            .execute(&mut *self.connection)
            .await
            .map(drop)
    }

    async fn save_ends(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.ended.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = batch
            .ended
            .iter()
            .map(|end| {
                let (result, error) = (&end.result, &end.error);
                let times = (end.started, end.finished);
                (
                    end.id,
                    end.state,
                    times.0,
                    times.1,
                    end.attempts,
                    result,
                    error,
                )
            })
            .collect();
        let statement = with_rows!(
            "UPDATE {p}runs SET state = row ->> 1, started = row ->> 2, finished = row ->> 3, \
             attempts = row ->> 4, result_json = row ->> 5, error = row ->> 6 \
             FROM rows WHERE {p}runs.id = (row ->> 0)"
        );
        self.write(statement, json(rows)?).await.map_err(failed)
    }

    async fn save_promoted(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.promoted.is_empty() {
            return Ok(());
        }
        let statement = "UPDATE {p}runs SET state = 'running' WHERE state = 'queued' \
             AND id IN (SELECT value FROM json_each(?1))";
        let rows = json(&batch.promoted)?;
        self.write(statement, rows).await.map_err(failed)
    }

    async fn save_opened(
        &mut self,
        opened: &[NewRun],
        owner: Option<Owner<'_>>,
    ) -> Result<Result<(), KeyUsed>, Error> {
        if opened.is_empty() {
            return Ok(Ok(()));
        }
        let statement = with_rows!(
            "INSERT INTO {p}runs (id, job, birth, incarnation, origin, fire_time, state, \
             ends_instance, finished, range_last, range_count, range_at_least, node, epoch) \
             SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4, row ->> 5, row ->> 6, \
             row ->> 7, row ->> 8, row ->> 9, row ->> 10, row ->> 11, \
             iif(row ->> 8 IS NULL, ?2, NULL), iif(row ->> 8 IS NULL, ?3, NULL) FROM rows"
        );
        let rows: Vec<_> = opened.iter().map(new_run).collect();
        let written = sqlx::query(self.prefix.sql(statement))
            .bind(json(rows)?)
            .bind(owner.map(|owner| owner.node))
            .bind(owner.map(|owner| owner.epoch as i64))
            .execute(&mut *self.connection)
            .await;
        match written {
            Ok(_) => Ok(Ok(())),
            Err(error) if is_conflict(&error) => Ok(Err(KeyUsed)),
            Err(error) => Err(failed(error)),
        }
    }

    async fn save_moved(&mut self, jobs: impl Iterator<Item = &Counted>) -> Result<(), Error> {
        let rows: Vec<_> = jobs
            .map(|job| {
                let state = &job.state;
                let next = micros(state.next_run_time);
                let counts = (state.revision, state.running, state.queued);
                let flags = (state.finished, state.search_limit);
                let absence = outcome::absence_word(state.absence);
                let statistics = job.statistics_text();
                (job.birth, next, counts, flags, absence, statistics)
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "UPDATE {p}jobs SET next_run_time = row ->> 1, revision = row ->> '$[2][0]', \
             running = row ->> '$[2][1]', queued = row ->> '$[2][2]', \
             finished = row ->> '$[3][0]', search_limit = row ->> '$[3][1]', \
             absence = row ->> 4, statistics_json = coalesce(row ->> 5, statistics_json) \
             FROM rows WHERE {p}jobs.birth = (row ->> 0)"
        );
        self.write(statement, json(rows)?).await.map_err(failed)
    }

    async fn save_counted(&mut self, jobs: impl Iterator<Item = &Counted>) -> Result<(), Error> {
        let rows: Vec<_> = jobs
            .map(|job| {
                let (running, queued) = (job.state.running, job.state.queued);
                (job.birth, running, queued, job.statistics_text())
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "UPDATE {p}jobs SET running = row ->> 1, queued = row ->> 2, \
             statistics_json = coalesce(row ->> 3, statistics_json) \
             FROM rows WHERE {p}jobs.birth = (row ->> 0)"
        );
        self.write(statement, json(rows)?).await.map_err(failed)
    }

    /// Takes jobs out.
    pub(super) async fn delete(&mut self, births: &[i64]) -> Result<(), Error> {
        if births.is_empty() {
            return Ok(());
        }
        let statement = "DELETE FROM {p}jobs WHERE birth IN (SELECT value FROM json_each(?1))";
        self.write(statement, json(births)?).await.map_err(failed)
    }
}

fn new_run(run: &NewRun) -> impl serde::Serialize + '_ {
    let range = run.range.as_ref().map(|(range, _)| range);
    let (count, at_least) = match range.map(|range| range.count) {
        None => (None, false),
        Some(punctual_core::Count::Exact(count)) => (Some(count), false),
        Some(punctual_core::Count::AtLeast(count)) => (Some(count), true),
    };
    (
        run.id,
        &run.job,
        run.birth,
        run.key.incarnation,
        origin_word(run.key.origin),
        run.key.fire_time.timestamp_micros(),
        run.state,
        run.ends_instance,
        run.range.as_ref().map(|(_, now)| now),
        range.map(|range| range.last.timestamp_micros()),
        count,
        at_least,
    )
}
