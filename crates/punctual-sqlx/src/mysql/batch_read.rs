//! Reads the rows that a request needs before it decides.

use std::collections::{BTreeSet, HashSet};

use punctual_core::{RunId, RunKey};
use punctual_store::{Error, Lease, StoredJob};

use super::at::{At, get, number};
use super::columns::{self, columns_with, held_job_columns, job_columns, open_columns};
use super::nodes::LEASE;
use super::turns::Kind;
use super::values::Value;
use crate::limits::WHOLE_JOBS;
use crate::row::{key, origin_word};
use crate::rows::{Definitions, HeldRows, HeldRun};

/// What a request is about.
#[derive(Debug, Default)]
pub(super) struct Asked<'r> {
    /// The node that asks, whose lease has to hold.
    pub(super) by: Option<&'r Lease>,
    /// The runs that end.
    pub(super) ending: Vec<RunId>,
    /// The births of the jobs that are claimed or have these runs, the smallest first.
    pub(super) births: Vec<u64>,
    /// The most numbers that are needed for runs and ranges.
    pub(super) numbers: usize,
}

/// The rows that a request is about, which are locked.
pub(super) struct Found {
    pub(super) held: HeldRows,
    pub(super) ending: Vec<HeldRun>,
    /// False if the lease has ended.
    pub(super) is_leased: bool,
}

/// Locks jobs in the order of births. The index is named, because a server that reads the whole table
/// waits for rows that the request does not name.
const JOBS: &str = concat!(
    "SELECT ",
    held_job_columns!(),
    " FROM {jobs} FORCE INDEX (PRIMARY) WHERE birth IN (?) ORDER BY birth FOR UPDATE"
);

/// Locks open runs in the order of their numbers, after their jobs. A run whose job is gone has no other
/// row that could be locked.
const RUNS: &str = concat!(
    "SELECT ",
    open_columns!(),
    " FROM {runs} FORCE INDEX (PRIMARY) WHERE id IN (?) AND finished IS NULL ORDER BY id FOR UPDATE"
);

impl At<'_> {
    /// Locks and returns the rows that a request is about, in one round trip.
    ///
    /// The locks of a transaction are always taken in one order, which is the lease, the jobs, and the
    /// runs. A turn is taken after them.
    pub(super) async fn found(&mut self, asked: &Asked<'_>) -> Result<Found, Error> {
        let mut statements = Vec::new();
        if let Some(lease) = asked.by {
            statements.push(self.text(LEASE, &[(&*lease.node).into(), lease.epoch.into()]));
        }
        let births: BTreeSet<_> = asked.births.iter().copied().collect();
        let births: Vec<_> = births.into_iter().map(Value::from).collect();
        let jobs = self.texts_in(JOBS, &births);
        let ending: BTreeSet<_> = asked.ending.iter().map(|run| run.0).collect();
        let ending: Vec<_> = ending.into_iter().map(Value::from).collect();
        let runs = self.texts_in(RUNS, &ending);
        let counts = (statements.len(), jobs.len(), runs.len());
        statements.extend(jobs.into_iter().chain(runs));
        let takes_turn = self.taken.turn.is_none();
        if takes_turn {
            statements.push(self.take(Kind::Runs));
        }
        let mut answers = self.run(statements).await?.into_iter();
        let is_leased = counts.0 == 0 || answers.next().is_some_and(|lease| !lease.rows.is_empty());
        let mut found = Found {
            held: HeldRows::new(0),
            ending: Vec::new(),
            is_leased,
        };
        found.held.reserve(births.len(), ending.len());
        for row in answers.by_ref().take(counts.1).flat_map(|jobs| jobs.rows) {
            if let Some(job) = columns::held_job(&row)? {
                found.held.with_job(job);
            }
        }
        for row in answers.by_ref().take(counts.2).flat_map(|runs| runs.rows) {
            found.ending.extend(columns::open_run(&row, asked.by)?.0);
        }
        if takes_turn {
            self.taken.turn = answers.next().map(|taken| taken.last_id);
        }
        let before = self.number_before(asked.numbers).await?;
        found.held.number_from(before);
        Ok(found)
    }

    /// Returns the births of the jobs of these runs, which never change, and those in `births`.
    pub(super) async fn births_with(
        &mut self,
        births: impl Iterator<Item = u64>,
        runs: &[RunId],
    ) -> Result<Vec<u64>, Error> {
        let mut births: BTreeSet<_> = births.collect();
        let statement = "SELECT birth FROM {runs} FORCE INDEX (PRIMARY) WHERE id IN (?)";
        let runs: Vec<_> = runs.iter().map(|run| run.0.into()).collect();
        for row in self.all_in(statement, &runs).await? {
            births.insert(get::<i64>(&row, 0)?.unsigned_abs());
        }
        Ok(births.into_iter().collect())
    }

    /// Adds the jobs that have these ids. They are shown and not changed.
    pub(super) async fn hold_ids(&mut self, ids: &[&str], found: &mut Found) -> Result<(), Error> {
        let statement = concat!(
            "SELECT ",
            held_job_columns!(),
            " FROM {jobs} WHERE id IN (?)"
        );
        let ids: Vec<_> = ids.iter().map(|id| (*id).into()).collect();
        for row in self.all_in(statement, &ids).await? {
            if let Some(job) = columns::held_job(&row)? {
                found.held.with_job(job);
            }
        }
        Ok(())
    }

    /// Locks the jobs of these births, in their order, so that nothing of them changes until the
    /// transaction ends.
    pub(super) async fn lock_jobs(&mut self, births: &[u64]) -> Result<(), Error> {
        let statement = "SELECT 1 FROM {jobs} FORCE INDEX (PRIMARY) WHERE birth IN (?) \
             ORDER BY birth FOR UPDATE";
        let births: BTreeSet<_> = births.iter().copied().collect();
        let births: Vec<_> = births.into_iter().map(Value::from).collect();
        self.all_in(statement, &births).await.map(drop)
    }

    /// Returns those of these keys that runs have.
    pub(super) async fn used(&mut self, keys: &[RunKey]) -> Result<Vec<RunKey>, Error> {
        let is_key = |key: &RunKey| {
            let values = [
                key.incarnation.into(),
                key.fire_time.timestamp_micros().into(),
                origin_word(key.origin).into(),
            ];
            self.text(
                "(incarnation = ? AND fire_time = ? AND origin = ?)",
                &values,
            )
        };
        let statements = keys.chunks(KEYS).map(|some| {
            let some: Vec<_> = some.iter().map(is_key).collect();
            let select =
                "SELECT incarnation, origin, fire_time FROM {runs} FORCE INDEX (runs_key) WHERE ";
            self.text(select, &[]) + &some.join(" OR ")
        });
        let statements: Vec<_> = statements.collect();
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.run(statements).await?;
        let mut used = Vec::new();
        for row in answers.iter().flat_map(|answer| &answer.rows) {
            used.extend(key(get(row, 0)?, get(row, 1)?, get(row, 2)?));
        }
        Ok(used)
    }

    /// Returns a job by its id, or the reason why it cannot be decoded. A locked one stays as it is
    /// until the transaction ends.
    pub(super) async fn job(
        &mut self,
        id: &str,
        locks: bool,
    ) -> Result<Option<Result<StoredJob, String>>, Error> {
        let statement = concat!("SELECT ", job_columns!(), " FROM {jobs} WHERE id = ?");
        let row = match locks {
            true => {
                self.first(&format!("{statement} FOR UPDATE"), &[id.into()])
                    .await?
            }
            false => self.first(statement, &[id.into()]).await?,
        };
        Ok(row.as_ref().map(columns::stored))
    }

    /// Adds the definitions of these jobs. Those that cannot be decoded are left out.
    pub(super) async fn define(
        &mut self,
        births: impl Iterator<Item = u64>,
        known: &mut Definitions,
    ) -> Result<(), Error> {
        let births = births.filter(|birth| !known.contains_key(birth));
        let births: Vec<Value<'_>> = births.map(Value::from).collect();
        let statement = concat!("SELECT ", job_columns!(), " FROM {jobs} WHERE birth IN (?)");
        let rows = self.all_in(statement, &births).await?;
        let jobs = rows.iter().filter_map(|row| columns::stored(row).ok());
        known.extend(jobs.map(|stored| (stored.state.birth, stored.job)));
        Ok(())
    }

    /// Returns those of these jobs that can be decoded. A few definitions are held in memory at a
    /// time.
    pub(super) async fn readable(&mut self, births: &[u64]) -> Result<HashSet<u64>, Error> {
        let mut readable = HashSet::new();
        for some in births.chunks(WHOLE_JOBS) {
            let mut definitions = Definitions::new();
            self.define(some.iter().copied(), &mut definitions).await?;
            readable.extend(definitions.into_keys());
        }
        Ok(readable)
    }
}

/// The most keys in one statement.
const KEYS: usize = 100;

/// Returns numbers as values.
pub(super) fn numbers(numbers: impl IntoIterator<Item = u64>) -> Vec<Value<'static>> {
    let numbers = numbers.into_iter();
    numbers.map(|of| Value::Number(number(of))).collect()
}
