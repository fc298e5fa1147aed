//! Lists jobs.

use futures::TryStreamExt;
use punctual_store::{Error, JobCursor, JobFilter, JobOrder, JobPage, LastRun, StoredJob};
use sqlx::sqlite::SqliteRow;

use super::Inner;
use super::at::At;
use super::columns::{self, columns_with, job_columns};
use super::error::failed;

/// The conditions that narrow a list in the database. The filter itself decides, so that upper and
/// lower case mean the same in every store.
macro_rules! narrowed {
    () => {
        "(?3 IS NULL OR task = ?3) AND (?4 IS NULL OR paused = ?4) \
         AND (?5 OR declared_json IS NOT NULL) AND (?6 OR tags_json IS NOT NULL)"
    };
}

/// Jobs after an id (`?2`), in the order of the index.
pub(super) const BY_ID: &str = concat!(
    "SELECT ",
    job_columns!(),
    ", 0, statistics_json FROM {p}jobs WHERE id > CAST(?2 AS TEXT) AND ",
    narrowed!(),
    " ORDER BY id LIMIT ?7"
);

/// Jobs after a place (`?1`, `?2`) in another order. Only their places are sorted, and the rows are
/// read one by one afterwards.
const BY_RANK: &str = concat!(
    "WITH placed AS (SELECT birth AS own, id AS name_of, {rank} AS rank FROM {p}jobs WHERE ",
    narrowed!(),
    "), page AS MATERIALIZED (SELECT own, rank FROM placed \
     WHERE (rank, name_of) > (?1, CAST(?2 AS TEXT)) ORDER BY rank, name_of LIMIT ?7) SELECT ",
    job_columns!(),
    ", page.rank, statistics_json FROM page CROSS JOIN {p}jobs WHERE birth = page.own"
);

/// [`JobOrder::rank`] of [`JobOrder::NextRun`].
const NEXT_RUN: &str =
    "iif(paused, 9223372036854775807, coalesce(next_run_time, 9223372036854775807))";

/// [`JobOrder::rank`] of [`JobOrder::LastOutcome`]. Damaged statistics count as empty.
const LAST_OUTCOME: &str = "coalesce(CASE WHEN json_valid(statistics_json) THEN \
     CASE statistics_json ->> '$.last_run.outcome' WHEN 'succeeded' THEN 1 \
     ELSE iif(statistics_json ->> '$.last_run.outcome' IS NULL, 2, 0) END END, 2)";

fn statement(order: JobOrder) -> String {
    match order {
        JobOrder::Id => BY_ID.to_owned(),
        JobOrder::NextRun => BY_RANK.replace("{rank}", NEXT_RUN),
        JobOrder::LastOutcome => BY_RANK.replace("{rank}", LAST_OUTCOME),
    }
}

/// A page that is being read.
struct Listing<'f> {
    filter: &'f JobFilter,
    limit: usize,
    jobs: Vec<StoredJob>,
    ranks: Vec<i64>,
    last_runs: Vec<Option<LastRun>>,
    has_more: bool,
    /// The place of the last row, which may be one that cannot be decoded.
    after: (i64, Vec<u8>),
}

impl Inner {
    pub(super) async fn list(&self, filter: JobFilter) -> Result<JobPage, Error> {
        let mut listing = Listing::new(&filter);
        let mut connection = self.lister().await?;
        let mut at = self.at(&mut connection);
        loop {
            let wanted = listing.wanted();
            let read = at.list(&mut listing, wanted).await?;
            if listing.has_more || read < wanted {
                return Ok(listing.page());
            }
        }
    }
}

impl At<'_> {
    /// Reads on until the page is full, at most `wanted` rows. Returns the number of rows that were
    /// read.
    async fn list(&mut self, listing: &mut Listing<'_>, wanted: i64) -> Result<i64, Error> {
        let filter = listing.filter;
        let (rank, id) = listing.after.clone();
        let mut rows = sqlx::query(self.prefix.sql(&statement(filter.order)))
            .bind(rank)
            .bind(id)
            .bind(filter.task.as_deref())
            .bind(filter.paused)
            .bind(filter.declared_by.is_none())
            .bind(filter.tag.is_none())
            .bind(wanted)
            .fetch(&mut *self.connection);
        let mut read = 0;
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            read += 1;
            listing.take(&row).map_err(failed)?;
            if listing.has_more {
                break;
            }
        }
        Ok(read)
    }
}

impl<'f> Listing<'f> {
    fn new(filter: &'f JobFilter) -> Self {
        let after = filter.after.as_ref();
        let after = after.map_or((i64::MIN, ""), |place| (place.rank, place.id.as_str()));
        Self {
            filter,
            limit: match filter.limit {
                0 => usize::MAX,
                limit => limit,
            },
            jobs: Vec::new(),
            ranks: Vec::new(),
            last_runs: Vec::new(),
            has_more: false,
            after: (after.0, after.1.as_bytes().to_vec()),
        }
    }

    /// Returns the number of rows to read. It is unlimited if the filter, and not the database,
    /// decides.
    fn wanted(&self) -> i64 {
        let filter = self.filter;
        let is_open = filter.search.is_some() || filter.tag.is_some();
        if is_open || filter.declared_by.is_some() {
            return i64::MAX;
        }
        let room = self.limit - self.jobs.len();
        i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1)
    }

    fn take(&mut self, row: &SqliteRow) -> Result<(), sqlx::Error> {
        let rank = columns::rank(row)?;
        self.after = (rank, columns::id_bytes(row).to_vec());
        let Ok(stored) = columns::stored(row) else {
            return Ok(());
        };
        if self.filter.admits(&stored) {
            self.has_more = self.jobs.len() == self.limit;
            if !self.has_more {
                self.ranks.push(rank);
                self.last_runs.push(columns::last_run(row));
                self.jobs.push(stored);
            }
        }
        Ok(())
    }

    fn page(self) -> JobPage {
        let last = self.jobs.last().zip(self.ranks.last());
        let place =
            |(stored, rank): (&StoredJob, &i64)| JobCursor::new(*rank, stored.job.id().clone());
        let next = last.filter(|_| self.has_more).map(place);
        JobPage::new(self.jobs, self.ranks, self.last_runs).next(next)
    }
}
