//! Concurrent calls of two threads on two instances of one store.
//!
//! Each race prepares the store, makes two calls from two threads, and checks what is in the store
//! afterwards. One of the two has won, the counts are those of the open runs, and every fire time
//! has one outcome.

mod arena;
mod scenes;

use self::arena::Arena;
use super::{Checked, Failure};
use crate::JobStore;

pub use self::arena::RaceCall;

type Race = (&'static str, fn(Arena<'_>) -> Checked<'_>);

const RACES: &[Race] = &[
    ("a claim and the recovery of its node", |arena| {
        Box::pin(scenes::claim_and_recover(arena))
    }),
    ("an end and the recovery of its node", |arena| {
        Box::pin(scenes::end_and_recover(arena))
    }),
    ("an update and a claim", |arena| {
        Box::pin(scenes::update_and_claim(arena))
    }),
    ("an end and a node that asks for what waits", |arena| {
        Box::pin(scenes::end_and_promote(arena))
    }),
    ("two recoveries of one node", |arena| {
        Box::pin(scenes::two_recoveries(arena))
    }),
    (
        "a run by hand and the schedule, with room for one",
        |arena| Box::pin(scenes::manual_and_advance(arena)),
    ),
    ("two adds of one id", |arena| {
        Box::pin(scenes::two_adds(arena))
    }),
    ("a feed and runs that open and end", |arena| {
        Box::pin(scenes::feed_and_runs(arena))
    }),
];

/// Returns the names of the races.
pub fn races() -> impl Iterator<Item = &'static str> {
    RACES.iter().map(|(race, _)| *race)
}

/// Runs every race on a fresh store of its own, and returns the failures, each with its first
/// round.
///
/// `rounds` is the number of rounds of all races together. `fresh` opens two instances of one empty
/// store, for a database two sets of connections. A store without instances returns two handles to
/// itself. `drive` drives a call to its end on the thread that calls it.
///
/// ```
/// use futures::executor::block_on;
/// use punctual_store::{MemoryStore, conformance};
///
/// let fresh = async || {
///     let store = MemoryStore::new();
///     (store.clone(), store)
/// };
/// let lost = block_on(conformance::race(fresh, |call| block_on(call), 70));
/// assert!(lost.is_empty(), "{lost:?}");
/// ```
pub async fn race<S: JobStore>(
    fresh: impl AsyncFn() -> (S, S),
    drive: impl Fn(RaceCall<'_>) + Sync,
    rounds: u32,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (rule, try_race) in RACES {
        let (one, two) = fresh().await;
        for round in 0..rounds.div_ceil(RACES.len() as u32) {
            let arena = Arena {
                one: &one,
                two: &two,
                drive: &drive,
                round,
            };
            if let Err(seen) = try_race(arena).await {
                let seen = format!("round {round}: {seen}");
                failures.push(Failure { rule, seen });
                break;
            }
        }
    }
    failures
}
