//! Reports edits, and requests to cancel runs, to the schedulers of the store.

use std::time::Duration;

use punctual_store::{ChangedJobs, Changes, Error, StoredJob};

use super::Inner;
use super::at::{At, get, number};
use super::columns::{self, columns_with, job_bytes, job_columns};
use crate::limits::{BYTES_A_STATEMENT, MAX_CHANGES};

/// The last edit before a transaction (`$1`), and the last edit that can be seen. Edits in a copy of
/// another server may be ahead of all transactions of this one. No look waits for those.
pub(super) const LAST: &str = "SELECT greatest((SELECT coalesce(max(edit), 0) FROM {jobs} WHERE edit < $1), \
     (SELECT coalesce(max(edit), 0) FROM {removals} WHERE edit < $1)), \
     greatest((SELECT coalesce(max(edit), 0) FROM {jobs} WHERE edit < next.number), \
     (SELECT max(edit) FROM {removals} WHERE edit < next.number)) \
     FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS next(number)";

/// The number of the jobs that were edited after one edit (`$1`) and through another (`$2`), and their
/// bytes. `$3` is the greatest number that is counted.
pub(super) const EDITED: &str = concat!(
    "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM (SELECT ",
    job_bytes!(),
    " AS bytes FROM {jobs} WHERE edit > $1 AND edit <= $2 ORDER BY edit LIMIT $3) AS few"
);

/// The time between two looks while edits are held back by a transaction that is under way.
const SOON: Duration = Duration::from_millis(20);

/// The last edits.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// The last edit that can be told.
    edit: i64,
    /// True if there are later ones, after which an earlier one may still be committed.
    is_held_back: bool,
    /// True if the caller has seen edits that are not there, as after a restore from a copy.
    is_set_back: bool,
}

/// A position of the counter of changes. It holds the last edit, and the number of requests to cancel
/// runs that this process has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    edit: i64,
    heard: u64,
}

const BITS_OF_HEARD: u32 = 20;
/// The greatest number of requests in a position, after which they begin anew.
pub(super) const HEARD: u64 = (1 << BITS_OF_HEARD) - 1;

impl Position {
    fn read(counter: u64) -> Self {
        Self {
            edit: number(counter >> BITS_OF_HEARD),
            heard: counter & HEARD,
        }
    }

    fn counter(self) -> u64 {
        self.edit.unsigned_abs() << BITS_OF_HEARD | self.heard & HEARD
    }
}

impl Inner {
    /// Waits for edits. Those that are notified are reported soon, and all others at the next look.
    pub(super) async fn changes(&self, since: u64) -> Result<Changes, Error> {
        self.listen();
        let since = Position::read(since);
        let mut told = self.ear.subscribe();
        loop {
            told.mark_unchanged();
            let (heard, cancels) = self.ear.heard_since(since.heard);
            let look = self.look(since.edit).await?;
            let is_news = look.edit > since.edit || look.is_set_back;
            if is_news || !cancels.is_empty() {
                let edit = if is_news { look.edit } else { since.edit };
                let counter = Position { edit, heard }.counter();
                let jobs = match look.is_set_back {
                    true => ChangedJobs::Many,
                    false => self.edited(since.edit, edit).await?,
                };
                return Ok(Changes::new(counter, jobs).cancels(cancels));
            }
            let wait = if look.is_held_back { SOON } else { self.poll };
            // The next look follows in either case.
            let _ = tokio::time::timeout(wait, told.changed()).await;
        }
    }

    async fn look(&self, since: i64) -> Result<Look, Error> {
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let under_way = at.under_way().await?;
        let row = at.one(at.query(LAST).bind(under_way.oldest)).await?;
        let (edit, last): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        Ok(Look {
            edit,
            is_held_back: last > edit,
            is_set_back: since > under_way.next,
        })
    }

    /// Returns the jobs that were edited after one edit and through another. Each job holds its
    /// last edit, so there is no separate list of edits.
    async fn edited(&self, since: i64, through: i64) -> Result<ChangedJobs, Error> {
        if through <= since {
            return Ok(ChangedJobs::These(Vec::new()));
        }
        let mut line = self.line().await?;
        let mut at = self.at(&mut line);
        let query = at.query(EDITED).bind(since).bind(through);
        let row = at.one(query.bind(MAX_CHANGES as i64 + 1)).await?;
        let (count, bytes): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        if count > MAX_CHANGES as i64 || bytes > BYTES_A_STATEMENT as i64 {
            return Ok(ChangedJobs::Many);
        }
        at.stored(since, through).await.map(ChangedJobs::These)
    }
}

impl At<'_> {
    /// Returns the edited jobs in the order of their edits. Those that cannot be decoded are left
    /// out.
    async fn stored(&mut self, since: i64, through: i64) -> Result<Vec<StoredJob>, Error> {
        let statement = concat!(
            "SELECT ",
            job_columns!(),
            " FROM {jobs} WHERE edit > $1 AND edit <= $2 ORDER BY edit, birth LIMIT $3"
        );
        let query = self.query(statement).bind(since).bind(through);
        let rows = self.all(query.bind(MAX_CHANGES as i64)).await?;
        Ok(rows.iter().flat_map(columns::stored).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_holds_both() {
        let position = Position {
            edit: 7_000_000_000,
            heard: 12,
        };
        assert_eq!(Position::read(position.counter()), position);
        assert_eq!(Position::read(0), Position { edit: 0, heard: 0 });
    }
}
