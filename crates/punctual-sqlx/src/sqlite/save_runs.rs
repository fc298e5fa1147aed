//! Runs that a transaction writes once it has decided.

use punctual_store::batch::Owner;
use punctual_store::{Error, Lease, OpenState};

use super::fault::{failed, is_conflict};
use super::load::{At, json, with_rows};
use super::save::KeyUsed;
use crate::outcome;
use crate::row::origin_word;
use crate::rows::{Held, HeldJob, HeldRun, Stretch};

impl At<'_> {
    /// Runs that begin here, and stretches of fire times without one.
    pub(super) async fn save_opened(
        &mut self,
        held: &Held,
        by: Option<&Lease>,
    ) -> Result<Result<(), KeyUsed>, Error> {
        let runs = held.opened().map(new_run);
        let ranges = held.ranges.iter();
        let ranges = ranges.map(|stretch| new_range(&held.jobs[stretch.row], stretch));
        let rows: Vec<_> = runs.chain(ranges).collect();
        if rows.is_empty() {
            return Ok(Ok(()));
        }
        let statement = with_rows!(
            "INSERT INTO {p}runs (id, opened, job, birth, incarnation, origin, fire_time, token, \
             state, ends_instance, finished, range_last, range_count, range_at_least, node, \
             epoch, nth) SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4, row ->> 5, \
             row ->> 6, row ->> 7, row ->> 8, row ->> 9, row ->> '$[10][0]', row ->> '$[10][1]', \
             row ->> '$[10][2]', coalesce(row ->> '$[10][3]', 0), iif(row ->> 11, ?2, NULL), \
             iif(row ->> 11, ?3, NULL), row ->> 12 FROM rows"
        );
        let written = sqlx::query(self.prefix.sql(statement))
            .bind(json(rows)?)
            .bind(by.map(|lease| &*lease.node))
            .bind(by.map(|lease| lease.epoch as i64))
            .execute(&mut *self.connection)
            .await;
        match written {
            Ok(_) => Ok(Ok(())),
            Err(error) if is_conflict(&error) => Ok(Err(KeyUsed)),
            Err(error) => Err(failed(error)),
        }
    }

    /// What attempts have left whose runs go on.
    pub(super) async fn save_attempts(&mut self, held: &Held) -> Result<(), Error> {
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

    /// Runs that stay open and stand otherwise. An owner that did not change is left alone.
    pub(super) async fn save_changed(
        &mut self,
        held: &Held,
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

    pub(super) async fn save_ended(&mut self, held: &Held) -> Result<(), Error> {
        // Ends of runs that were open before, counted from the last one that was counted.
        let mut nth = 0;
        let ended = held.ended.iter();
        let rows: Vec<_> = ended
            .map(|end| {
                nth += usize::from(!end.is_new);
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
                    end.is_free,
                    (!end.is_new).then_some(nth),
                )
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let statement = with_rows!(
            "UPDATE {p}runs SET state = row ->> 1, started = row ->> 2, finished = row ->> 3, \
             attempts = row ->> 4, result_json = row ->> 5, \
             error = CASE WHEN row ->> 5 IS NULL THEN coalesce(row ->> 6, error) END, \
             node = iif(row ->> 7, NULL, node), epoch = iif(row ->> 7, NULL, epoch), \
             ended = (SELECT value FROM {p}counters WHERE name = 'end') + (row ->> 8) \
             FROM rows WHERE {p}runs.id = (row ->> 0)"
        );
        self.write(statement, json(rows)?).await.map_err(failed)
    }
}

/// A new row: its key and where it stands, what it holds of an end, whether it has an owner, which
/// entry of its job it is.
type New<'a> = (
    u64,
    i64,
    &'a str,
    u64,
    u64,
    &'static str,
    i64,
    u64,
    &'static str,
    bool,
    Option<Ended>,
    bool,
    u64,
);

/// When it was decided, its last fire time, how many there are, at least.
type Ended = (i64, i64, u64, bool);

fn new_run(run: &HeldRun) -> New<'_> {
    let (key, view) = (&run.key, &run.view);
    (
        run.id.0,
        run.opened.timestamp_micros(),
        &run.job,
        view.birth,
        key.incarnation,
        origin_word(key.origin),
        key.fire_time.timestamp_micros(),
        view.token,
        outcome::open_word(view.state),
        view.ends_instance,
        None,
        view.owner == Owner::Own,
        run.nth,
    )
}

fn new_range<'a>(job: &'a HeldJob, stretch: &Stretch) -> New<'a> {
    let range = &stretch.range;
    let (key, decided) = (&range.key, range.decided.timestamp_micros());
    let (count, at_least) = match range.range.count {
        punctual_core::Count::Exact(count) => (count, false),
        punctual_core::Count::AtLeast(count) => (count, true),
    };
    let last = range.range.last.timestamp_micros();
    (
        range.id.0,
        decided,
        &job.id,
        job.state.birth,
        key.incarnation,
        origin_word(key.origin),
        key.fire_time.timestamp_micros(),
        0,
        outcome::word(range.outcome),
        false,
        Some((decided, last, count, at_least)),
        false,
        stretch.nth,
    )
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
        outcome::open_word(view.state),
        due,
        view.reruns,
        view.attempts,
        view.cancel.map(outcome::cancel_word),
        owner,
    )
}
