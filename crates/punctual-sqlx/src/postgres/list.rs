//! Lists jobs.

use punctual_store::{Error, JobCursor, JobFilter, JobOrder, JobPage, LastRun, StoredJob};
use sqlx::postgres::PgRow;

use super::Inner;
use super::at::{At, is_text};
use super::columns::{self, columns_with, job_columns};
use crate::limits::PAGE;

/// The conditions that narrow a list in the database. The filter itself decides, so that upper and
/// lower case mean the same in every store.
macro_rules! narrowed {
    () => {
        "($3::text IS NULL OR task = $3) AND ($4::boolean IS NULL OR paused = $4) \
         AND ($5::boolean OR declared_json IS NOT NULL) AND ($6::boolean OR tags_json IS NOT NULL)"
    };
}

/// Jobs after an id (`$2`), in the order of the index.
pub(super) const BY_ID: &str = concat!(
    "SELECT ",
    job_columns!(),
    ", 0::bigint, statistics_json FROM {jobs} WHERE $1::bigint IS NOT NULL AND id > $2 AND ",
    narrowed!(),
    " ORDER BY id LIMIT $7"
);

/// Jobs after a place (`$1`, `$2`) in another order. Only their places are sorted, and the rows are
/// read one by one afterwards.
const BY_RANK: &str = concat!(
    "WITH placed AS (SELECT birth AS own, id AS name_of, {rank} AS rank FROM {jobs} WHERE ",
    narrowed!(),
    "), page AS MATERIALIZED (SELECT own, rank, name_of FROM placed \
     WHERE (rank, name_of) > ($1, $2) ORDER BY rank, name_of LIMIT $7) SELECT ",
    job_columns!(),
    ", page.rank, statistics_json FROM page JOIN {jobs} ON birth = page.own \
     ORDER BY page.rank, page.name_of"
);

/// [`JobOrder::rank`] of [`JobOrder::NextRun`].
const NEXT_RUN: &str = "CASE WHEN paused THEN 9223372036854775807 \
     ELSE coalesce(next_run_time, 9223372036854775807) END";

/// [`JobOrder::rank`] of [`JobOrder::LastOutcome`]. The outcome is looked for in the text as it is
/// written, because a text that is damaged must not spoil the list.
const LAST_OUTCOME: &str = "CASE WHEN statistics_json ~ '\"last_run\":[^n]' THEN \
     CASE WHEN substring(statistics_json FROM '\"last_run\":.*') ~ '^[^}]*\"outcome\":\"succeeded\"' \
     THEN 1::bigint ELSE 0 END ELSE 2 END";

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
    after: (i64, String),
}

impl Inner {
    pub(super) async fn list(&self, filter: JobFilter) -> Result<JobPage, Error> {
        let mut listing = Listing::new(&filter);
        if filter.task.as_deref().is_some_and(|task| !is_text(task)) {
            // The server has no such text.
            return Ok(listing.page());
        }
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
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
    async fn list(&mut self, listing: &mut Listing<'_>, wanted: usize) -> Result<usize, Error> {
        let filter = listing.filter;
        let (rank, id) = listing.after.clone();
        let query = self
            .query(&statement(filter.order))
            .bind(rank)
            .bind(id)
            .bind(filter.task.as_deref())
            .bind(filter.paused)
            .bind(filter.declared_by.is_none())
            .bind(filter.tag.is_none())
            .bind(wanted as i64);
        let rows = self.all(query).await?;
        for row in &rows {
            listing.take(row)?;
            if listing.has_more {
                break;
            }
        }
        Ok(rows.len())
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
            after: (after.0, after.1.to_owned()),
        }
    }

    /// Returns the number of rows to read in one statement. A statement sends all of its rows.
    fn wanted(&self) -> usize {
        let filter = self.filter;
        let is_open = filter.search.is_some() || filter.tag.is_some();
        if is_open || filter.declared_by.is_some() {
            return PAGE;
        }
        let room = self.limit - self.jobs.len();
        room.saturating_add(1).min(PAGE)
    }

    fn take(&mut self, row: &PgRow) -> Result<(), Error> {
        let rank = columns::rank(row)?;
        self.after = (rank, columns::id(row)?.to_owned());
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
