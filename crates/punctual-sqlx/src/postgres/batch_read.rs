//! Reads the rows that a request needs before it decides.

use std::collections::{BTreeMap, HashSet};

use punctual_core::{RunId, RunKey};
use punctual_store::{Error, Lease, StoredJob};
use sqlx::postgres::PgRow;

use super::at::{At, get, number, numbers};
use super::columns::{self, columns_with, held_job_columns, job_columns, open_columns};
use crate::limits::WHOLE_JOBS;
use crate::row::origin_word;
use crate::rows::{Definitions, HeldJob, HeldRows, HeldRun};

/// The versions of the rows of jobs as they were read, by birth. The server gives a row another one
/// with each change.
pub(super) type Versions = BTreeMap<u64, i64>;

/// What a request is about.
#[derive(Debug, Default)]
pub(super) struct Asked<'r> {
    /// The node that asks, whose lease has to hold.
    pub(super) by: Option<&'r Lease>,
    /// The runs that end.
    pub(super) ending: Vec<RunId>,
    /// The births of the jobs that are claimed. The jobs of the runs that end are read as well.
    pub(super) births: Vec<u64>,
    /// The most numbers that are needed for runs and ranges.
    pub(super) numbers: usize,
}

/// The rows that a request is about.
pub(super) struct Found {
    pub(super) held: HeldRows,
    pub(super) versions: Versions,
    pub(super) ending: Vec<HeldRun>,
    /// False if the lease has ended.
    pub(super) is_leased: bool,
}

/// The lease, the jobs and the runs that a request names, and numbers for new runs, as of one
/// moment. The numbers are taken after that moment, so they are greater than those of all runs that
/// are seen.
const FOUND: &str = concat!(
    "SELECT 0::bigint, (SELECT count(*) FROM {nodes} WHERE name = $1 AND epoch = $2 AND state = 'alive'), \
     min(taken), max(taken), 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, \
     0::bigint, 0::bigint, 0::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, \
     NULL::text, 0::bigint FROM (SELECT nextval('{numbers}') AS taken FROM generate_series(1, $5::bigint)) AS own \
     UNION ALL SELECT ",
    held_job_columns!(),
    " FROM {jobs} WHERE birth = ANY ($3::bigint[] || ARRAY(SELECT birth FROM {runs} WHERE id = ANY ($4))) \
     UNION ALL SELECT ",
    open_columns!(),
    " FROM {runs} WHERE id = ANY ($4) AND num_nulls(finished) = 1"
);

/// The number of times that a call asks for numbers that follow each other. Two calls that ask in the
/// same microseconds get some in turns.
const TRIES: usize = 16;

impl At<'_> {
    /// Returns the rows that a request is about.
    pub(super) async fn found(&mut self, asked: &Asked<'_>) -> Result<Found, Error> {
        for _ in 0..TRIES {
            if let Some(found) = self.try_found(asked).await? {
                return Ok(found);
            }
        }
        Err(Error::unavailable(
            "the numbers of new runs did not follow each other; many nodes ask for numbers",
        ))
    }

    async fn try_found(&mut self, asked: &Asked<'_>) -> Result<Option<Found>, Error> {
        let ending: Vec<_> = asked.ending.iter().map(|run| number(run.0)).collect();
        let query = self
            .query(FOUND)
            .bind(asked.by.map(|lease| &*lease.node))
            .bind(asked.by.map(|lease| number(lease.epoch)))
            .bind(numbers(asked.births.iter().copied()))
            .bind(ending)
            .bind(asked.numbers as i64);
        let rows = self.all(query).await?;
        let mut found = Found {
            held: HeldRows::new(0),
            versions: Versions::new(),
            ending: Vec::new(),
            is_leased: false,
        };
        found.held.reserve(rows.len(), rows.len());
        for row in &rows {
            match get::<i64>(row, 0)? {
                0 => {
                    found.is_leased = get::<i64>(row, 1)? > 0;
                    let Some(before) = numbers_before(row, asked.numbers)? else {
                        return Ok(None);
                    };
                    found.held.number_from(before);
                }
                1 => found.hold(columns::held_job(row)?),
                _ => found.ending.extend(columns::open_run(row, asked.by)?.0),
            }
        }
        Ok(Some(found))
    }

    /// Adds the jobs that have these ids.
    pub(super) async fn hold_ids(&mut self, ids: &[&str], found: &mut Found) -> Result<(), Error> {
        let statement = concat!(
            "SELECT ",
            held_job_columns!(),
            " FROM {jobs} WHERE id = ANY ($1)"
        );
        let query = self.query(statement).bind(ids);
        for row in self.all(query).await? {
            found.hold(columns::held_job(&row)?);
        }
        Ok(())
    }

    /// Locks the jobs of these births and of these runs, in the order of births, so that nothing of
    /// them changes until the transaction ends.
    pub(super) async fn lock_jobs(&mut self, births: &[u64], runs: &[RunId]) -> Result<(), Error> {
        let statement = "SELECT 1 FROM {jobs} WHERE birth = ANY ($1::bigint[] || \
             ARRAY(SELECT birth FROM {runs} WHERE id = ANY ($2))) ORDER BY birth FOR UPDATE";
        let query = self.query(statement);
        let query = query.bind(numbers(births.iter().copied()));
        let query = query.bind(numbers(runs.iter().map(|run| run.0)));
        self.all(query).await.map(drop)
    }

    /// Returns those of these keys that runs have.
    pub(super) async fn used(&mut self, keys: &[RunKey]) -> Result<Vec<RunKey>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let statement = "SELECT k.place FROM unnest($1::bigint[], $2::bigint[], $3::text[]) \
             WITH ORDINALITY AS k(incarnation, fire_time, origin, place) JOIN {runs} AS r \
             ON r.incarnation = k.incarnation AND r.fire_time = k.fire_time AND r.origin = k.origin";
        let incarnations = numbers(keys.iter().map(|key| key.incarnation));
        let times: Vec<_> = keys
            .iter()
            .map(|key| key.fire_time.timestamp_micros())
            .collect();
        let origins: Vec<_> = keys.iter().map(|key| origin_word(key.origin)).collect();
        let query = self.query(statement);
        let query = query.bind(incarnations).bind(times).bind(origins);
        let rows = self.all(query).await?;
        let places = rows.iter().map(|row| get::<i64>(row, 0));
        let places: Vec<_> = places.collect::<Result<_, _>>()?;
        let index = |place: &i64| usize::try_from(place - 1).ok();
        let used = places.iter().filter_map(index);
        Ok(used.filter_map(|index| keys.get(index).copied()).collect())
    }

    /// Returns a job by its id, or the reason why it cannot be decoded. A locked one stays as it is
    /// until the transaction ends.
    pub(super) async fn job(
        &mut self,
        id: &str,
        locks: bool,
    ) -> Result<Option<Result<StoredJob, String>>, Error> {
        let statement = concat!("SELECT ", job_columns!(), " FROM {jobs} WHERE id = $1");
        let query = match locks {
            true => self.query(&format!("{statement} FOR UPDATE")),
            false => self.query(statement),
        };
        let row = self.first(query.bind(id)).await?;
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
            " FROM {jobs} WHERE birth = ANY ($1)"
        );
        let query = self.query(statement).bind(numbers(births));
        let rows = self.all(query).await?;
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

impl Found {
    fn hold(&mut self, job: Option<(HeldJob, i64)>) {
        if let Some((job, version)) = job {
            self.versions.insert(job.state.birth, version);
            self.held.with_job(job);
        }
    }
}

/// Returns the number before those that were taken, unless another call took numbers between them.
fn numbers_before(row: &PgRow, wanted: usize) -> Result<Option<u64>, Error> {
    let (Some(first), Some(last)) = (get::<Option<i64>>(row, 2)?, get::<Option<i64>>(row, 3)?)
    else {
        return Ok(Some(0));
    };
    let is_whole = last - first + 1 == wanted as i64;
    Ok(is_whole.then_some(first.unsigned_abs().saturating_sub(1)))
}
