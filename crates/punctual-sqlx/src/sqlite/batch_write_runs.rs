//! Writes the runs of a transaction after it has decided.

use punctual_store::batch::Owner;
use punctual_store::{Error, Lease, OpenState};

use super::at::{At, json, with_rows};
use super::batch_write::KeyUsed;
use super::error::{failed, is_conflict};
use super::values::{Bound, Statement};
use crate::row::origin_word;
use crate::row::words;
use crate::rows::{Ended, HeldJob, HeldRange, HeldRows, HeldRun};

impl At<'_> {
    /// Writes new runs, and ranges of fire times without runs.
    pub(super) async fn save_opened(
        &mut self,
        held: &HeldRows,
        by: Option<&Lease>,
    ) -> Result<Result<(), KeyUsed>, Error> {
        let runs: Vec<_> = held.opened().collect();
        let node = by.map(|lease| &*lease.node);
        let epoch = by.map(|lease| lease.epoch as i64);
        let written = self.write_rows(&OPENED, &runs, |query, run| {
            let owner = (run.view.owner == Owner::Own).then_some((node, epoch));
            let (node, epoch) = owner.unwrap_or_default();
            bind_opened(query, run).bind(node).bind(epoch)
        });
        let written = match written.await {
            Ok(()) => {
                self.write_rows(&RANGES, &held.ranges, |query, range| {
                    bind_range(query, &held.jobs[range.row], range)
                })
                .await
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => Ok(Ok(())),
            Err(error) if is_conflict(&error) => Ok(Err(KeyUsed)),
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes the data of attempts whose runs go on.
    pub(super) async fn save_attempts(&mut self, held: &HeldRows) -> Result<(), Error> {
        let kept = held.attempts.iter();
        let rows: Vec<_> = kept
            .map(|kept| (kept.id, kept.started, &kept.failure))
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "UPDATE {p}runs SET started = row ->> 1, error = row ->> 2 \
             FROM rows WHERE {p}runs.id = (row ->> 0)"
        );
        self.write(statement, json(rows)?).await.map_err(failed)
    }

    /// Writes runs that stay open and have changed. An owner that has not changed is not written.
    pub(super) async fn save_changed(
        &mut self,
        held: &HeldRows,
        by: Option<&Lease>,
    ) -> Result<(), Error> {
        let rows: Vec<_> = held.changed().map(changed_run).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "UPDATE {p}runs SET token = row ->> 1, state = row ->> 2, due = row ->> 3, \
             reruns = row ->> 4, attempts = row ->> 5, cancel = row ->> 6, \
             node = CASE row ->> 7 WHEN 'own' THEN ?2 WHEN 'free' THEN NULL ELSE node END, \
             epoch = CASE row ->> 7 WHEN 'own' THEN ?3 WHEN 'free' THEN NULL ELSE epoch END \
             FROM rows WHERE {p}runs.id = (row ->> 0)"
        );
        sqlx::query(self.prefix.sql(statement))
            .bind(json(rows)?)
            .bind(by.map(|lease| &*lease.node))
            .bind(by.map(|lease| lease.epoch as i64))
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    pub(super) async fn save_ended(&mut self, held: &HeldRows) -> Result<(), Error> {
        // The ends of runs that were open before are counted on from the last end.
        let mut nth = 0;
        let count = |end| {
            let end: &Ended = end;
            nth += i64::from(!end.is_new);
            (end, (!end.is_new).then_some(nth))
        };
        let rows: Vec<_> = held.ended.iter().map(count).collect();
        self.change_rows(&ENDED, &rows, |query, (end, nth)| {
            query
                .bind(end.id.0 as i64)
                .bind(end.state)
                .bind(end.started)
                .bind(end.finished)
                .bind(end.attempts)
                .bind(end.result.as_deref())
                .bind(end.error.as_deref())
                .bind(end.is_free)
                .bind(*nth)
        })
        .await
    }
}

const OPENED: Statement = Statement {
    columns: "id, opened, job, birth, incarnation, origin, fire_time, token, state, ends_instance, \
         cancel, nth, args_json, node, epoch",
    text: INSERT,
};

const RANGES: Statement = Statement {
    columns: "id, opened, job, birth, incarnation, origin, fire_time, state, nth, finished, \
         range_last, range_count, range_at_least, args_json",
    text: INSERT,
};

const INSERT: &str = "INSERT INTO {p}runs ({columns}) SELECT * FROM rows WHERE id IS NOT NULL";

pub(super) const ENDED: Statement = Statement {
    columns: "id, state, started, finished, attempts, result, error, is_free, nth",
    text: "UPDATE {p}runs SET state = rows.state, started = rows.started, \
         finished = rows.finished, attempts = rows.attempts, result_json = rows.result, \
         error = CASE WHEN rows.result IS NULL THEN coalesce(rows.error, {p}runs.error) END, \
         node = iif(rows.is_free, NULL, node), epoch = iif(rows.is_free, NULL, epoch), \
         ended = (SELECT value FROM {p}counters WHERE name = 'end') + rows.nth \
         FROM rows WHERE {p}runs.id = rows.id",
};

fn bind_opened<'q>(query: Bound<'q>, run: &'q HeldRun) -> Bound<'q> {
    let (key, view) = (&run.key, &run.view);
    query
        .bind(run.id.0 as i64)
        .bind(run.opened.timestamp_micros())
        .bind(&*run.job)
        .bind(view.birth as i64)
        .bind(key.incarnation as i64)
        .bind(origin_word(key.origin))
        .bind(key.fire_time.timestamp_micros())
        .bind(view.token as i64)
        .bind(words::open_word(view.state))
        .bind(view.ends_instance)
        // A later claim of the same request may replace the run.
        .bind(view.cancel.map(words::cancel_word))
        .bind(run.nth as i64)
        .bind(run.args.as_deref())
}

fn bind_range<'q>(query: Bound<'q>, job: &'q HeldJob, held: &'q HeldRange) -> Bound<'q> {
    let range = &held.range;
    let (key, decided) = (&range.key, range.decided.timestamp_micros());
    let (count, at_least) = match range.range.count {
        punctual_core::Count::Exact(count) => (count, false),
        punctual_core::Count::AtLeast(count) => (count, true),
    };
    query
        .bind(range.id.0 as i64)
        .bind(decided)
        .bind(&*job.id)
        .bind(job.state.birth as i64)
        .bind(key.incarnation as i64)
        .bind(origin_word(key.origin))
        .bind(key.fire_time.timestamp_micros())
        .bind(words::word(range.outcome))
        .bind(held.nth as i64)
        .bind(decided)
        .bind(range.range.last.timestamp_micros())
        .bind(count as i64)
        .bind(at_least)
        .bind(range.args.as_deref())
}

fn changed_run(run: &HeldRun) -> impl serde::Serialize + '_ {
    let view = &run.view;
    let due = match view.state {
        OpenState::Retrying { due } => Some(due),
        OpenState::Queued | OpenState::Running => None,
    };
    let owner = match view.owner {
        Owner::Own => "own",
        Owner::Free => "free",
        Owner::Other => "other",
    };
    (
        run.id,
        view.token,
        words::open_word(view.state),
        due,
        view.reruns,
        view.attempts,
        view.cancel.map(words::cancel_word),
        owner,
    )
}
