//! The rules by which a request changes rows. Every store shares them.
//!
//! A store locks the rows that a request names, lets a [`Batch`] decide about them, and writes the
//! changed rows, all in one transaction. Each store finds and writes its [`Rows`] in its own way.
//! The decisions are made here, and nothing here waits.
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

/// Decides the changes that one request makes to rows.
#[derive(Debug)]
pub struct Batch<'r, R: Rows> {
    rows: &'r mut R,
    now: i64,
    /// The same time as a `DateTime`.
    time: DateTime<Utc>,
    /// The births of jobs whose waiting runs may start now, in their order. A birth may repeat.
    stirred: Vec<u64>,
    /// The waiting instances that the node has got.
    handed: Vec<(R::Row, Vec<RunId>)>,
    /// The runs of the node that are to be cancelled.
    cancels: Vec<(RunId, CancelReason)>,
}

/// The answer to a request besides the answers to its claims.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a store has to hand on every part"
)]
pub struct Answers<Row> {
    /// The waiting instances that belong to the node from now on.
    pub handed: Vec<(Row, Vec<RunId>)>,
    /// The runs of the node that are to be cancelled.
    pub cancels: Vec<(RunId, CancelReason)>,
}

impl<'r, R: Rows> Batch<'r, R> {
    /// Returns a batch over these rows, for a node whose clock shows `now`.
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

    /// Returns the waiting instances that were handed out and the runs that are to be cancelled.
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

    /// Removes a job that has no more runs to come.
    fn leave_if_over(&mut self, row: R::Row) {
        if self.rows.state(row).is_over() {
            self.rows.leave(row);
        }
    }
}

/// Returns the keys that a claim would use, for stores that look them up before they decide.
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

/// Returns the maximum number of run numbers that these claims need.
#[must_use]
pub fn numbers(claims: &[Claim]) -> u64 {
    let of = |claim: &Claim| {
        let plan = claim.kind.plan();
        plan.map_or(0, |plan| plan.start.len() + plan.queue.len() + RANGES)
    };
    claims.iter().map(of).sum::<usize>() as u64
}

/// One range each for missed, coalesced and skipped fire times.
const RANGES: usize = 3;

#[cfg(test)]
mod tests;
