//! Reads the feed of runs.
//!
//! Each run holds the transaction that opened or ended it. Transactions overlap, so one with a
//! smaller number may end later. The feed tells no further than the oldest transaction of the store
//! that is under way.

use punctual_store::{Error, RunFeed, RunsSince};

use super::Inner;
use super::at::{At, get, number};
use super::columns::{self, run_columns};
use crate::limits::PAGE;

/// The oldest transaction of the store that is under way, or the next one, and the next one.
///
/// Each transaction that writes shares an advisory lock before it gets its number. `pg_locks` shows the
/// processes that share it, and the numbers that they have locked. The statement reads the next number
/// before it reads the locks, so a transaction that begins in between has a greater number.
///
/// The server counts a transaction as under way just before it locks the number (`AssignTransactionId`
/// in `xact.c`). So a number that is under way without a lock counts as one of the store.
///
/// Such a number may also be that of another transaction, which ended before its lock was read. The
/// oldest one may therefore be older than it was in an earlier answer.
pub(super) const UNDER_WAY: &str = "WITH next AS MATERIALIZED \
     (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS number), \
     held AS MATERIALIZED (SELECT pid, locktype, database, classid, objid, objsubid, granted, \
     transactionid FROM pg_locks WHERE (SELECT number FROM next) > 0), \
     writing AS (SELECT (next.number - own.transactionid::text::bigint) & 4294967295 AS behind \
     FROM next CROSS JOIN held AS writer JOIN held AS own ON own.pid = writer.pid \
     WHERE writer.locktype = 'advisory' AND writer.database = \
     (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND writer.classid::bigint = ($1::bigint >> 32) & 4294967295 \
     AND writer.objid::bigint = $1::bigint & 4294967295 AND writer.objsubid = 1 \
     AND own.locktype = 'transactionid' AND own.granted \
     UNION ALL SELECT next.number - active.number::text::bigint \
     FROM next CROSS JOIN pg_snapshot_xip(pg_current_snapshot()) AS active(number) \
     WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.locktype = 'transactionid' \
     AND held.transactionid = active.number::xid)) \
     SELECT next.number - coalesce((SELECT max(behind) FROM writing WHERE behind < 2147483648), 0), \
     next.number FROM next";

/// The transactions of a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnderWay {
    /// The oldest one of the store that is under way, or the next one. All before it have ended, and a
    /// statement that begins from now on sees what they have written.
    pub(super) oldest: i64,
    /// The next one, which has not begun.
    pub(super) next: i64,
}

impl UnderWay {
    /// Returns the end of what can be told, from the place through which a caller was told and the last
    /// change that can be told now.
    ///
    /// A caller is never told anew of what it was told. It may only come from a copy of this database
    /// that is ahead, or ask for the end.
    fn last(self, told: i64, last: i64) -> i64 {
        if told < place(self.next) {
            last.max(told)
        } else {
            last
        }
    }
}

/// Returns the place in the feed of the first change of a transaction.
fn place(transaction: i64) -> i64 {
    transaction.saturating_mul(1 << 20)
}

/// The changes after a position (`$1`) and before an end (`$2`).
pub(super) const NEWS: &str = concat!(
    "SELECT ",
    run_columns!(),
    ", change FROM {runs} WHERE change > $1 AND change < $2 ORDER BY change LIMIT $3"
);

pub(super) const LAST: &str = "SELECT coalesce(max(change), 0) FROM {runs} WHERE change < $1";

/// The place of the change in the columns of [`NEWS`].
const CHANGE: usize = 17;

impl Inner {
    pub(super) async fn runs_since(
        &self,
        since: RunFeed,
        limit: usize,
    ) -> Result<RunsSince, Error> {
        let limit = limit.clamp(1, PAGE);
        let mut line = self.lister().await?;
        let mut at = self.at(&mut line);
        let under_way = at.under_way().await?;
        let query = at.query(LAST).bind(place(under_way.oldest));
        let last = get(&at.one(query).await?, 0)?;
        let told = number(since.opened());
        let last = under_way.last(told, last);
        let mut through = told.min(last);
        let query = at.query(NEWS).bind(through).bind(last.saturating_add(1));
        let rows = at.all(query.bind(limit as i64 + 1)).await?;
        let mut runs = Vec::new();
        for row in rows.iter().take(limit) {
            through = get(row, CHANGE)?;
            runs.extend(columns::run(row).ok());
        }
        let more = rows.len() > limit;
        if !more {
            through = last;
        }
        runs.sort_by_key(|run| run.id);
        let next = RunFeed::new(through.unsigned_abs(), 0);
        Ok(RunsSince::new(runs, next).more(more))
    }
}

impl At<'_> {
    pub(super) async fn under_way(&mut self) -> Result<UnderWay, Error> {
        let lock = self.tables.lock_key("feed");
        let row = self.one(self.query(UNDER_WAY).bind(lock)).await?;
        Ok(UnderWay {
            oldest: get(&row, 0)?,
            next: get(&row, 1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A transaction of another program ended while it was looked for, and was taken for one of the
    /// store that is under way.
    #[test]
    fn what_was_told_is_not_told_again() {
        let under_way = UnderWay { oldest: 7, next: 9 };
        let told = place(8) + 3;
        assert_eq!(under_way.last(told, place(6) + 1), told);
        assert_eq!(under_way.last(place(5), place(6) + 1), place(6) + 1);
    }

    #[test]
    fn a_place_that_is_ahead_of_the_database_is_its_end() {
        let under_way = UnderWay { oldest: 7, next: 9 };
        let last = place(6) + 1;
        assert_eq!(under_way.last(place(12), last), last);
        assert_eq!(under_way.last(number(RunFeed::END.opened()), last), last);
    }
}
