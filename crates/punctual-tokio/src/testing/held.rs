//! What the scheduler task holds. For tests of this package; no promise is made about it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::Scheduler;
use crate::command::Command;
use crate::error::Error;

/// What a scheduler task holds.
#[derive(Debug)]
pub struct Held {
    /// What is wrong for sure, unless something is on its way.
    pub wrong: Vec<String>,
    /// What only the rows of a store can judge.
    pub stores: Vec<HeldOfStore>,
}

/// What it holds of one store. Jobs go by their incarnations.
#[derive(Debug)]
pub struct HeldOfStore {
    /// The alias of the store.
    pub alias: String,
    /// Jobs that are due soon, or just claimed.
    pub sees_to: BTreeSet<u64>,
    /// All jobs that are known.
    pub known: BTreeSet<u64>,
    /// Jobs that this node cannot run.
    pub parked: BTreeSet<u64>,
    /// Births of jobs with waiting runs, and when those are asked for, in microseconds.
    pub waits: BTreeMap<u64, Option<i64>>,
    /// The earliest next fire time that is not known, in microseconds.
    pub beyond: Option<i64>,
    /// The store was asked what is due.
    pub is_reading: bool,
    /// No other node shares the store.
    pub is_alone: bool,
}

/// Asks a scheduler what its task holds. `latest` is the latest time that its clock has shown.
///
/// # Errors
///
/// If the scheduler does not run.
///
/// # Cancel safety
///
/// Nothing is changed.
pub async fn held(scheduler: &Scheduler, latest: DateTime<Utc>) -> Result<Held, Error> {
    let latest = latest.timestamp_micros();
    let held = scheduler.ask(|answer| Command::Held { latest, answer });
    held.await
}
