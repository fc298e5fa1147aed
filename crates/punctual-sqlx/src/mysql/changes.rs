//! Reports edits to the schedulers of the store, which look for them now and then.

use punctual_store::{ChangedJobs, Changes, Error, StoredJob};

use super::Inner;
use super::at::{At, get, number};
use super::columns::{self, columns_with, job_bytes, job_columns};
use super::turns::Kind;
use crate::limits::{BYTES_A_STATEMENT, MAX_CHANGES};

/// The number of the jobs that were edited after one place and through another, at most one more than a
/// list may hold, and their bytes.
const EDITED: &str = concat!(
    "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS SIGNED) FROM (SELECT ",
    job_bytes!(),
    " AS bytes FROM {turns} AS t STRAIGHT_JOIN {jobs} AS j ON j.edit = t.id WHERE t.kind = 'edits' \
     AND t.place > ? AND t.place <= ? ORDER BY t.place LIMIT ?) AS few"
);

const JOBS: &str = concat!(
    "SELECT ",
    job_columns!(),
    " FROM {jobs} WHERE birth IN (SELECT own FROM (SELECT j.birth AS own FROM {turns} AS t \
     STRAIGHT_JOIN {jobs} AS j ON j.edit = t.id WHERE t.kind = 'edits' AND t.place > ? AND t.place <= ? \
     ORDER BY t.place, j.birth LIMIT ?) AS few) ORDER BY edit, birth"
);

impl Inner {
    /// Waits for edits. Those of this process are looked for soon, and all others at the next look.
    pub(super) async fn changes(&self, since: u64) -> Result<Changes, Error> {
        let mut edited = self.edited.subscribe();
        loop {
            edited.mark_unchanged();
            let last = self.last_place(Kind::Edits).await?;
            if last != number(since) {
                let jobs = self.edited_jobs(number(since), last).await?;
                return Ok(Changes::new(last.unsigned_abs(), jobs));
            }
            // The next look follows in either case.
            let _ = tokio::time::timeout(self.poll, edited.changed()).await;
        }
    }

    /// Wakes the callers of this process that wait for edits.
    pub(super) fn tell(&self) {
        self.edited.send_replace(());
    }

    /// Returns the jobs that were edited after one place and through another. Each job holds its last
    /// edit, so there is no separate list of edits.
    async fn edited_jobs(&self, since: i64, through: i64) -> Result<ChangedJobs, Error> {
        if since > through {
            // The caller has seen edits that are not there, as after a restore from a copy.
            return Ok(ChangedJobs::Many);
        }
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let values = [since.into(), through.into(), (MAX_CHANGES + 1).into()];
        let row = at.one(EDITED, &values).await?;
        let (count, bytes): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        if count > MAX_CHANGES as i64 || bytes > BYTES_A_STATEMENT as i64 {
            return Ok(ChangedJobs::Many);
        }
        let jobs = at.stored(since, through).await?;
        drop(line);
        // Turns may have been deleted before they were read.
        if self.trimmed(Kind::Edits).await? > since {
            return Ok(ChangedJobs::Many);
        }
        Ok(ChangedJobs::These(jobs))
    }
}

impl At<'_> {
    /// Returns the edited jobs. Those that cannot be decoded are left out.
    async fn stored(&mut self, since: i64, through: i64) -> Result<Vec<StoredJob>, Error> {
        let values = [since.into(), through.into(), MAX_CHANGES.into()];
        let rows = self.all(JOBS, &values).await?;
        Ok(rows.iter().flat_map(columns::stored).collect())
    }
}
