//! What a scheduler and its workers say to each other: one line of JSON each.

use punctual_core::{Job, Outcome};
use serde::{Deserialize, Serialize};

/// The first argument of a worker; the second is the mark of its lines.
pub(super) const WORKER: &str = "--punctual-worker";

/// No line is longer: 16 MiB.
pub(super) const LONGEST_LINE: usize = 16 << 20;

/// To a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    Run(Box<Run>),
    /// The attempt that is under way should end.
    Cancel,
}

/// One attempt.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) run: u64,
    pub(super) token: u64,
    pub(super) attempt: u32,
    /// Microseconds since 1970.
    pub(super) fire_time: i64,
    pub(super) job: Job,
}

/// From a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum News {
    /// It has begun, and waits for orders.
    Ready,
    /// The attempt is about to begin. A worker that dies before it says so has not begun.
    Begins {
        run: u64,
    },
    Ended(Ended),
}

/// How an attempt ended.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) run: u64,
    pub(super) outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Box<str>>,
}
