//! Lists jobs.

use punctual_store::{Error, JobCursor, JobFilter, JobOrder, JobPage, LastRun, StoredJob};
use sqlx::mysql::MySqlRow;

use super::Inner;
use super::at::At;
use super::columns::{self, columns_with, job_columns};
use super::values::Value;
use crate::limits::PAGE;

/// Jobs after an id, in the order of the index. `{narrowed}` stands for conditions of the filter. The
/// filter itself decides, so that upper and lower case mean the same in every store.
const BY_ID: &str = concat!(
    "SELECT ",
    job_columns!(),
    ", 0, statistics_json FROM {jobs} FORCE INDEX (jobs_id) WHERE id > ?{narrowed} ORDER BY id LIMIT ?"
);

/// Jobs after a place in another order. Only their places are sorted, and the rows are read one by one
/// afterwards.
const BY_RANK: &str = concat!(
    "SELECT ",
    job_columns!(),
    ", page.rank_of, statistics_json FROM (SELECT own, rank_of, name_of FROM (SELECT birth AS own, \
     id AS name_of, {rank} AS rank_of FROM {jobs} WHERE TRUE{narrowed}) AS placed WHERE rank_of > ? \
     OR (rank_of = ? AND name_of > ?) ORDER BY rank_of, name_of LIMIT ?) AS page \
     STRAIGHT_JOIN {jobs} ON birth = page.own ORDER BY page.rank_of, page.name_of"
);

/// [`JobOrder::rank`] of [`JobOrder::NextRun`].
const NEXT_RUN: &str = "CASE WHEN paused = 1 THEN 9223372036854775807 \
     ELSE COALESCE(next_run_time, 9223372036854775807) END";

/// [`JobOrder::rank`] of [`JobOrder::LastOutcome`]. The outcome is looked for in the text as it is
/// written, because a text that is damaged must not spoil the list.
const LAST_OUTCOME: &str = "CASE WHEN statistics_json REGEXP '\"last_run\":[^n]' THEN \
     CASE WHEN SUBSTRING(statistics_json, LOCATE('\"last_run\":', statistics_json)) \
     REGEXP '^[^}]*\"outcome\":\"succeeded\"' THEN 1 ELSE 0 END ELSE 2 END";

/// Returns the conditions of a filter, with their values.
fn narrowed(filter: &JobFilter) -> (String, Vec<Value<'_>>) {
    let mut text = String::new();
    let mut values = Vec::new();
    if let Some(task) = &filter.task {
        text.push_str(" AND task = ?");
        values.push(task.as_str().into());
    }
    if let Some(paused) = filter.paused {
        text.push_str(" AND paused = ?");
        values.push(paused.into());
    }
    if filter.declared_by.is_some() {
        text.push_str(" AND declared_json IS NOT NULL");
    }
    if filter.tag.is_some() {
        text.push_str(" AND tags_json IS NOT NULL");
    }
    (text, values)
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
        let (narrowed, own) = narrowed(filter);
        let rank_of = match filter.order {
            JobOrder::Id => None,
            JobOrder::NextRun => Some(NEXT_RUN),
            JobOrder::LastOutcome => Some(LAST_OUTCOME),
        };
        let (statement, values) = match rank_of {
            None => {
                let mut values = vec![id.as_str().into()];
                values.extend(own);
                (BY_ID.to_owned(), values)
            }
            Some(of) => {
                let mut values = own;
                values.extend([rank.into(), rank.into(), id.as_str().into()]);
                (BY_RANK.replace("{rank}", of), values)
            }
        };
        let mut values = values;
        values.push(wanted.into());
        let statement = statement.replace("{narrowed}", &narrowed);
        let rows = self.all(&statement, &values).await?;
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

    fn take(&mut self, row: &MySqlRow) -> Result<(), Error> {
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
