//! Writes the changes of a request after it has decided, in one statement.
//!
//! The statement locks the rows of the jobs that it changes, in the order of their births, and
//! compares their versions with those that were read. It writes all or nothing.

use std::collections::BTreeSet;

use punctual_store::{Error, Lease};

use super::at::{At, get, number, numbers};
use super::batch_read::Versions;
use super::batch_write_runs::write_runs;
use super::error::{failed, is_key_used};
use super::values::{Columns, Draft};
use crate::row::micros;
use crate::row::words;
use crate::rows::{HeldJob, HeldRows};

/// The result of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saved {
    Done,
    /// The lease has ended. Nothing was written.
    Fenced,
    /// A job has changed since it was read. Nothing was written.
    Stale,
    /// A run has the key of a new one already. Nothing was written, and the transaction is over.
    KeyUsed,
}

/// The rows that must not have changed since they were read.
#[derive(Clone, Copy)]
pub(super) struct Guard<'g> {
    pub(super) by: &'g Lease,
    pub(super) versions: &'g Versions,
}

/// The number by which the counter of tokens is ahead of the greatest token of the jobs that are
/// gone. Jobs that begin at the counter and leave after a few runs do not change it again.
const AHEAD: i64 = 1_024;

/// Without a guard, the rows are locked by the transaction already.
const TURN: &str = "MATERIALIZED \
     (SELECT (pg_current_xact_id()::text::bigint << 20) + {before} AS change, true AS goes)";

/// The transaction shares the lock of the feed before it has a number. It gets one as soon as it locks a
/// row.
const FEED: &str = "MATERIALIZED (SELECT 1 WHERE pg_advisory_xact_lock_shared({lock})::text = '')";

/// A lock that a renewal does not wait for, and a recovery does.
const LEASE: &str = "MATERIALIZED (SELECT 1 FROM {nodes} WHERE name = ${name} AND epoch = ${epoch} \
     AND state = 'alive' AND (SELECT count(*) FROM feed) = 1 FOR KEY SHARE)";

const LOCKED: &str = "MATERIALIZED (SELECT birth, xmin::text::bigint AS version FROM {jobs} \
     WHERE birth = ANY (${births}) AND (SELECT count(*) FROM lease) = 1 ORDER BY birth FOR UPDATE)";

const GOOD: &str = "MATERIALIZED (SELECT (SELECT count(*) FROM lease) = 1 AS leased, \
     (SELECT count(*) FROM locked JOIN unnest(${births}::bigint[], ${versions}::bigint[]) \
     AS seen(birth, version) USING (birth, version)) = cardinality(${births}) AS fresh)";

const TURN_IF_GOOD: &str = "MATERIALIZED \
     (SELECT (pg_current_xact_id()::text::bigint << 20) + {before} AS change, true AS goes \
     FROM good WHERE leased AND fresh)";

impl At<'_> {
    /// Writes the changed rows of a request.
    pub(super) async fn save(
        &mut self,
        held: &HeldRows,
        by: Option<&Lease>,
        guard: Option<Guard<'_>>,
    ) -> Result<Saved, Error> {
        let mut draft = Draft::default();
        match guard {
            Some(guard) => self.guard(&mut draft, held, guard)?,
            None => self.turn(&mut draft),
        }
        write_runs(&mut draft, held, by)?;
        write_jobs(&mut draft, held)?;
        let last = match guard {
            Some(_) => "SELECT leased, fresh FROM good",
            None => "SELECT true, goes FROM turn",
        };
        let query = draft.query(self.tables, last);
        let row = match query.fetch_one(&mut *self.connection).await {
            Ok(row) => row,
            Err(error) if is_key_used(&error, &self.tables.plain("runs_key")) => {
                return Ok(Saved::KeyUsed);
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(match (get(&row, 0)?, get(&row, 1)?) {
            (false, _) => Saved::Fenced,
            (true, false) => Saved::Stale,
            (true, true) => {
                self.written += held.opened().count() + held.ranges.len() + held.ended.len();
                Saved::Done
            }
        })
    }

    fn turn(&self, draft: &mut Draft) {
        draft.part("turn", &TURN.replace("{before}", &self.written.to_string()));
    }

    fn guard(
        &self,
        draft: &mut Draft,
        held: &HeldRows,
        Guard { by, versions }: Guard<'_>,
    ) -> Result<(), Error> {
        let changing = births_of_changed(held);
        let seen = versions
            .iter()
            .filter(|(birth, _)| changing.contains(birth));
        let (births, seen): (Vec<_>, Vec<_>) = seen.map(|(birth, seen)| (*birth, *seen)).unzip();
        let name = draft.bind(&*by.node)?;
        let epoch = draft.bind(number(by.epoch))?;
        let births = draft.bind(numbers(births))?;
        let versions = draft.bind(seen)?;
        let lock = self.tables.lock_key("feed");
        let filled = |text: &str| {
            text.replace("{before}", &self.written.to_string())
                .replace("{lock}", &lock.to_string())
                .replace("{name}", &name.to_string())
                .replace("{epoch}", &epoch.to_string())
                .replace("{births}", &births.to_string())
                .replace("{versions}", &versions.to_string())
        };
        for (part, text) in [
            ("feed", FEED),
            ("lease", LEASE),
            ("locked", LOCKED),
            ("good", GOOD),
            ("turn", TURN_IF_GOOD),
        ] {
            draft.part(part, &filled(text));
        }
        Ok(())
    }

    /// Writes the changed rows when no key can have been used before, and all rows are locked.
    pub(super) async fn saved(&mut self, held: &HeldRows) -> Result<(), Error> {
        match self.save(held, None, None).await? {
            Saved::Done => Ok(()),
            Saved::KeyUsed => Err(Error::refused("a fire time was decided twice")),
            Saved::Fenced | Saved::Stale => Err(Error::unavailable("nothing was written")),
        }
    }
}

/// Returns the births of the jobs with changes, those among them whose runs alone have changed.
fn births_of_changed(held: &HeldRows) -> BTreeSet<u64> {
    let jobs = held.jobs.iter();
    let jobs = jobs.filter(|job| job.has_moved || job.has_counted || job.is_gone);
    let runs = held.changed().map(|run| run.view.birth);
    let runs = runs.chain(ended_births(held));
    jobs.map(|job| job.state.birth).chain(runs).collect()
}

fn ended_births(held: &HeldRows) -> impl Iterator<Item = u64> {
    let ended = held.ended.iter();
    ended.filter_map(|ended| Some(held.held(ended.id)?.view.birth))
}

/// A job that has changed, and its statistics as text if they have changed.
struct Changed<'h> {
    job: &'h HeldJob,
    statistics: Option<String>,
}

const COUNTED: &str = "running = r.running, queued = r.queued, token = r.token, entries = r.entries, \
     statistics_json = coalesce(r.statistics, j.statistics_json)";

const MOVED: &str = "revision = r.revision, next_run_time = r.next, finished = r.finished, \
     search_limit = r.search_limit, absence = r.absence";

fn write_jobs(draft: &mut Draft, held: &HeldRows) -> Result<(), Error> {
    let touched: BTreeSet<_> = held.changed().map(|run| run.view.birth).collect();
    let stays = held.jobs.iter().filter(|job| !job.is_gone);
    let (moved, others): (Vec<_>, Vec<_>) = stays.partition(|job| job.has_moved);
    // A row gets another version if anything about its runs changes.
    let is_changed = |job: &&HeldJob| job.has_counted || touched.contains(&job.state.birth);
    let counted: Vec<_> = others.into_iter().filter(is_changed).collect();
    write_some(draft, "moved", moved)?;
    write_some(draft, "counted", counted)?;
    let gone: Vec<_> = held.gone().map(|job| job.state.birth).collect();
    let token = held.gone().map(|job| job.state.token).max();
    delete(draft, gone, token.unwrap_or(0))
}

fn write_some(draft: &mut Draft, part: &str, jobs: Vec<&HeldJob>) -> Result<(), Error> {
    if jobs.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = jobs
        .into_iter()
        .map(|job| Changed {
            job,
            statistics: job.statistics_text(),
        })
        .collect();
    let count = |of: fn(&HeldJob) -> u64| rows.iter().map(|row| number(of(row.job))).collect();
    let mut columns = Columns::default();
    let c = &mut columns;
    c.add::<i64>(draft, ("birth", "bigint"), count(|job| job.state.birth))?;
    c.add::<i64>(
        draft,
        ("running", "bigint"),
        count(|job| job.state.running.into()),
    )?;
    c.add::<i64>(
        draft,
        ("queued", "bigint"),
        count(|job| job.state.queued.into()),
    )?;
    c.add::<i64>(draft, ("token", "bigint"), count(|job| job.state.token))?;
    c.add::<i64>(draft, ("entries", "bigint"), count(|job| job.entries))?;
    let statistics = rows.iter().map(|row| row.statistics.as_deref()).collect();
    c.add::<Option<&str>>(draft, ("statistics", "text"), statistics)?;
    let mut set = COUNTED.to_owned();
    if part == "moved" {
        set = format!("{COUNTED}, {MOVED}");
        let states = || rows.iter().map(|row| &row.job.state);
        c.add::<i64>(
            draft,
            ("revision", "bigint"),
            count(|job| job.state.revision),
        )?;
        let next = states().map(|state| micros(state.next_run_time)).collect();
        c.add::<Option<i64>>(draft, ("next", "bigint"), next)?;
        let finished = states().map(|state| state.finished).collect();
        c.add::<bool>(draft, ("finished", "boolean"), finished)?;
        let limit = states().map(|state| state.search_limit).collect();
        c.add::<bool>(draft, ("search_limit", "boolean"), limit)?;
        let absence = states().map(|state| words::absence_word(state.absence));
        c.add::<&str>(draft, ("absence", "text"), absence.collect())?;
    }
    let table = columns.table("r");
    draft.part(
        part,
        &format!("(UPDATE {{jobs}} AS j SET {set} FROM turn, {table} WHERE j.birth = r.birth)"),
    );
    Ok(())
}

/// Deletes jobs whose greatest token is `token`. Their ids may be used again, and tokens then begin
/// above all that these jobs gave out.
fn delete(draft: &mut Draft, births: Vec<u64>, token: u64) -> Result<(), Error> {
    if births.is_empty() {
        return Ok(());
    }
    let births = draft.bind(numbers(births))?;
    draft.part(
        "gone",
        &format!("(DELETE FROM {{jobs}} AS j USING turn WHERE j.birth = ANY (${births}))"),
    );
    let token = draft.bind(number(token))?;
    draft.part(
        "tokens",
        &format!(
            "(UPDATE {{counters}} AS c SET value = ${token} + {AHEAD} FROM turn \
             WHERE c.name = 'token' AND c.value < ${token})"
        ),
    );
    Ok(())
}

impl At<'_> {
    /// Deletes jobs, as a write does.
    pub(super) async fn delete(&mut self, births: Vec<u64>, token: u64) -> Result<(), Error> {
        if births.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::default();
        self.turn(&mut draft);
        delete(&mut draft, births, token)?;
        let query = draft.query(self.tables, "SELECT 1");
        self.execute(query).await.map(drop)
    }
}
