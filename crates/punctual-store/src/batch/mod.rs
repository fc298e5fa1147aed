//! What a request makes of rows: the rules that every store shares.
//!
//! A store locks the rows that a request names, lets a [`Batch`] decide over them, and keeps what
//! they have become, all in one transaction. How it finds and writes [`Rows`] is its own affair;
//! what becomes of them is decided here. Nothing here waits for anything.
//!
//! ```text
//!   ends ──▶ Batch::end ──┐
//!   claims ─▶ Batch::claim ┼─▶ rows, as they are then ─▶ Batch::hand_out ─▶ waiting runs start
//!   a dead node ─▶ Batch::settle ┘
//! ```

mod cancel;
mod claim;
mod end;
mod hand;
mod pass_over;
mod replace;
mod rows;
mod settle;

pub use cancel::Cancelled;
pub use claim::Verdict;
pub use rows::{NewRange, NewRun, OpenView, Owner, Rows};
pub use settle::Fate;

use chrono::{DateTime, SubsecRound, Utc};
use punctual_core::{CancelReason, RunId, RunKey};

use crate::Claim;

/// Decides what one request makes of rows.
#[derive(Debug)]
pub struct Batch<'r, R: Rows> {
    rows: &'r mut R,
    now: i64,
    /// The same, for those who need it so.
    time: DateTime<Utc>,
    /// The births of jobs whose waiting runs may start now, in their order, some repeatedly.
    stirred: Vec<u64>,
    /// Waiting instances that the node has got.
    handed: Vec<(R::Row, Vec<RunId>)>,
    /// Runs of the node that are to be cancelled.
    cancels: Vec<(RunId, CancelReason)>,
}

/// What a request gives its node besides the answers to its claims.
#[derive(Debug)]
pub struct Answers<Row> {
    /// Waiting instances that are the node's from now on.
    pub handed: Vec<(Row, Vec<RunId>)>,
    /// Runs of the node that are to be cancelled.
    pub cancels: Vec<(RunId, CancelReason)>,
}

impl<'r, R: Rows> Batch<'r, R> {
    /// A batch over these rows, by a node whose clock shows `now`.
    pub fn new(rows: &'r mut R, now: DateTime<Utc>) -> Self {
        Self {
            rows,
            now: now.timestamp_micros(),
            time: now.trunc_subsecs(6),
            stirred: Vec::new(),
            handed: Vec::new(),
            cancels: Vec::new(),
        }
    }

    /// The waiting instances that were handed to the node, and the runs of the node that are to be
    /// cancelled.
    #[must_use]
    pub fn into_answers(self) -> Answers<R::Row> {
        Answers {
            handed: self.handed,
            cancels: self.cancels,
        }
    }

    fn stir(&mut self, birth: u64) {
        self.stirred.push(birth);
    }

    /// Lets a job go that has nothing left to do.
    fn leave_if_over(&mut self, row: R::Row) {
        if self.rows.state(row).is_over() {
            self.rows.leave(row);
        }
    }
}

/// The keys that a claim would use, for stores that look them up before they decide.
#[must_use]
pub fn keys(claim: &Claim, incarnation: u64) -> Vec<RunKey> {
    let Some(plan) = claim.kind.plan() else {
        return Vec::new();
    };
    let ranges = plan.ranges().map(|(range, _)| range.first);
    plan.fire_times()
        .chain(ranges)
        .map(|fire_time| RunKey {
            incarnation,
            origin: claim.kind.origin(),
            fire_time,
        })
        .collect()
}

/// How many numbers these claims may need at most.
#[must_use]
pub fn numbers(claims: &[Claim]) -> u64 {
    let of = |claim: &Claim| {
        let plan = claim.kind.plan();
        plan.map_or(0, |plan| plan.start.len() + plan.queue.len() + RANGES)
    };
    claims.iter().map(of).sum::<usize>() as u64
}

/// Missed, coalesced, skipped.
const RANGES: usize = 3;

#[cfg(test)]
mod tests;
